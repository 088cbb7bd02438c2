"""Dead letters: what no consumer could handle, with its reason; do it again, or close it."""

import json

from starlette.responses import Response

from api import query
from console.frame import confirm, page
from console.routing import Page
from console.visit import Visit
from console.words import counted, people
from core import problems
from core.problems import Problem
from core.states import DeadLetterState
from jobs import dead_letters
from jobs.dead_letters import REFUSALS
from runtime.ports import Row
from store import dead_letters as letters
from store.dead_letters import Move

LIMIT = 50
_HOME = "/console/dead-letters"


async def show_list(visit: Visit) -> Response:
    state = query.choice(visit, "state", DeadLetterState)
    job, before = visit.query("job"), query.time_cursor(visit)
    statement = letters.page(visit.caller.scope, state, job or None, before, LIMIT + 1)
    rows = await visit.services.database.all(statement)
    last = rows[LIMIT - 1] if len(rows) > LIMIT else None
    following = last and visit.here(cursor=query.cursor((last["created_at"], last["id"])))
    states = [("", "All"), *((each.value, each.value) for each in DeadLetterState)]
    shown = rows[:LIMIT]
    return page(
        visit,
        "dead_letters.html",
        "Dead letters",
        letters=shown,
        following=following,
        states=states,
        state=state or "",
        job=job,
    )


async def show(visit: Visit) -> Response:
    letter = await _letter(visit)
    message = json.dumps(json.loads(letter["body"]), indent=2)
    here = f"{_HOME}/{letter['id']}"
    return page(visit, "dead_letter.html", "Dead letter", letter=letter, message=message, refusals=REFUSALS, here=here)


async def choose(visit: Visit) -> Response:
    """The chosen ones of the list: asks before it moves them."""
    ids = list(visit.fields.get("letter", ()))
    if not ids:
        raise problems.invalid("Choose", "choose at least one letter")
    return await _ask(visit, "redrive" if visit.field("move") == "redrive" else "discard", ids)


async def ask_redrive(visit: Visit) -> Response:
    return await _ask(visit, "redrive", [(await _letter(visit))["id"]])


async def ask_discard(visit: Visit) -> Response:
    return await _ask(visit, "discard", [(await _letter(visit))["id"]])


async def redrive(visit: Visit) -> Response:
    choice = await _chosen(visit, "redrive", list(visit.fields.get("letter", ())))
    entry = visit.entry("dead_letter.redrive", "")
    count, revived = await dead_letters.redrive(visit.services, visit.caller.scope, choice, entry)
    return visit.done(f"{_letters(count)} redriven: {people(revived)} will be sent to again.", _HOME)


async def discard(visit: Visit) -> Response:
    choice = await _chosen(visit, "discard", list(visit.fields.get("letter", ())))
    entry = visit.entry("dead_letter.discard", "")
    count = await dead_letters.discard(visit.services, visit.caller.scope, choice, entry)
    return visit.done(f"{_letters(count)} discarded. Nothing else was changed.", _HOME)


async def _ask(visit: Visit, move: Move, ids: list[str]) -> Response:
    choice = await _chosen(visit, move, ids)
    lines = [f"{refused.id} stays as it is: {REFUSALS[refused.reason]}" for refused in choice.refused]
    count = len(choice.letters)
    if move == "redrive":
        revived = await dead_letters.count_people(visit.services, visit.caller.scope, choice)
        lines.insert(0, f"{people(revived)} will be sent to again. Whoever was in flight stays uncertain.")
        title, button = f"Redrive {_letters(count)}?", "Redrive"
    else:
        lines.insert(0, "It stays listed as discarded, and its people stay as they are. This cannot be undone.")
        title, button = f"Discard {_letters(count)}?", "Discard"
    fields = [("letter", id) for id in choice.ids]
    path, danger = f"{_HOME}/{move}", move == "discard"
    return confirm(visit, title, lines, button, _HOME, fields, danger=danger, path=path)


async def _chosen(visit: Visit, move: Move, ids: list[str]) -> dead_letters.Choice:
    choice = await dead_letters.choose(visit.services, visit.caller.scope, move, ids[: dead_letters.MOST])
    if choice.missing:
        raise _unknown()
    return choice


async def _letter(visit: Visit) -> Row:
    rows = await visit.services.database.all(letters.find(visit.caller.scope, visit.path("letter")))
    if not rows:
        raise _unknown()
    return rows[0]


def _unknown() -> Problem:
    return Problem(problems.UNKNOWN_DEAD_LETTER, "There is no such dead letter. Nothing was changed.")


def _letters(count: int) -> str:
    return counted(count, "letter", "letters")


PAGES = (
    Page("GET", _HOME, "any", show_list, "Dead letters"),
    Page("POST", f"{_HOME}/choose", "change", choose, "Ask before the chosen letters are moved"),
    Page("POST", f"{_HOME}/redrive", "change", redrive, "Redrive letters"),
    Page("POST", f"{_HOME}/discard", "change", discard, "Discard letters"),
    Page("GET", f"{_HOME}/{{letter}}", "any", show, "A dead letter with its message"),
    Page("GET", f"{_HOME}/{{letter}}/redrive", "change", ask_redrive, "Ask before a letter is redriven"),
    Page("GET", f"{_HOME}/{{letter}}/discard", "change", ask_discard, "Ask before a letter is discarded"),
)
