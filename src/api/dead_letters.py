"""Routes of dead letters: look at what no consumer could handle, do it again, or close it.

A site's tokens see what is theirs; the operator's sees everything, the letters without a site as well.
"""

import json
from typing import Any

from starlette.responses import Response

from api import present, query
from api.bodies import JSON, read_body
from api.calls import Call, Operation, answer
from core import problems
from core.errors import UnknownJob
from core.problems import Problem, invalid
from core.states import DeadLetterState
from jobs import dead_letters
from jobs.dead_letters import REFUSALS, Choice
from store import dead_letters as letters
from store.dead_letters import Move


async def list_letters(call: Call) -> Response:
    scope, limit = call.caller.scope, query.limit(call)
    state, job_id = query.choice(call, "state", DeadLetterState), query.text(call, "job")
    before = query.time_cursor(call)
    if job_id and not await call.services.database.all(letters.job(scope, job_id)):
        raise UnknownJob(job_id)
    rows = await call.services.database.all(letters.page(scope, state, job_id, before, limit + 1))
    rows, following = query.page(rows, limit, "created_at", "id")
    return answer({"dead_letters": [present.dead_letter(row) for row in rows], "next": following})


async def show(call: Call) -> Response:
    rows = await call.services.database.all(letters.find(call.caller.scope, call.path("letter")))
    if not rows:
        raise _unknown(call.path("letter"))
    row = rows[0]
    more = {"message": json.loads(row["body"]), "failed": row["failed"], "uncertain": row["uncertain"]}
    return answer(present.dead_letter(row) | more)


async def redrive(call: Call) -> Response:
    choice, dry_run = await _chosen(call, "redrive")
    scope = call.caller.scope
    if dry_run:
        count, people = len(choice.letters), await dead_letters.count_people(call.services, scope, choice)
    else:
        entry = call.entry("dead_letter.redrive", "")
        count, people = await dead_letters.redrive(call.services, scope, choice, entry)
    return answer({"count": count, "people": people} | _rest(choice, dry_run))


async def discard(call: Call) -> Response:
    choice, dry_run = await _chosen(call, "discard")
    count = len(choice.letters)
    if not dry_run:
        entry = call.entry("dead_letter.discard", "")
        count = await dead_letters.discard(call.services, call.caller.scope, choice, entry)
    return answer({"count": count} | _rest(choice, dry_run))


async def _chosen(call: Call, move: Move) -> tuple[Choice, bool]:
    """The letters that the body names, and whether they are only counted."""
    body = await read_body(call.request, "LetterChoice")
    if ("ids" in body) == ("job" in body):
        raise invalid("", "name the letters, either by `ids` or by their `job`")
    if "job" in body:
        choice = await dead_letters.choose_of_job(call.services, call.caller.scope, move, body["job"])
    else:
        choice = await dead_letters.choose(call.services, call.caller.scope, move, body["ids"])
    if choice.missing:
        raise _unknown(choice.missing[0])
    return choice, body.get("dry_run", False)


def _rest(choice: Choice, dry_run: bool) -> dict[str, Any]:
    refused = [{"id": id, "reason": reason, "detail": REFUSALS[reason]} for id, reason in choice.refused]
    return {"dry_run": dry_run, "refused": refused, "remaining": choice.remaining}


def _unknown(letter_id: str) -> Problem:
    words = f"There is no dead letter '{letter_id[:100]}' that this token may see. Nothing was changed."
    return Problem(problems.UNKNOWN_DEAD_LETTER, words)


_PATH = "/v1/dead-letters"
_UNKNOWN = (problems.UNKNOWN_DEAD_LETTER, problems.UNKNOWN_JOB)

OPERATIONS = (
    Operation(
        "GET",
        _PATH,
        "either",
        list_letters,
        "List dead letters, newest first",
        {200: "DeadLetters"},
        query=("dead_letter_state", "job", "cursor", "limit"),
        problems=(problems.UNKNOWN_JOB,),
    ),
    Operation(
        "POST",
        f"{_PATH}/redrive",
        "either",
        redrive,
        "Do again what dead letters asked for; with dry_run, count them",
        {200: "Redriven"},
        bodies={JSON: "LetterChoice"},
        problems=_UNKNOWN,
    ),
    Operation(
        "POST",
        f"{_PATH}/discard",
        "either",
        discard,
        "Close dead letters, changing nothing else; with dry_run, count them",
        {200: "Discarded"},
        bodies={JSON: "LetterChoice"},
        problems=_UNKNOWN,
    ),
    # after the others: its address fits theirs as well
    Operation(
        "GET",
        f"{_PATH}/{{letter}}",
        "either",
        show,
        "Show a dead letter with its message",
        {200: "DeadLetterShown"},
        problems=(problems.UNKNOWN_DEAD_LETTER,),
    ),
)
