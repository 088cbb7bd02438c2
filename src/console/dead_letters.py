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
_OF = """{% macro of(letter) %}{% if letter.job_id %}
<a href="/console/jobs/{{ letter.job_id }}">{{ letter.job_name or letter.job_id }}</a>
{%- if letter.batch is not none %}, batch {{ letter.batch }}{% endif %}{% else %}{{ letter.queue }}{% endif %}
{% endmacro %}"""
_LIST = (
    """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
"""
    + _OF
    + """
{{ parts.head("Dead letters", "Messages that no consumer could handle. Once the cause is mended, redrive them.") }}
<form class="filter" method="get" action="/console/dead-letters">
{{ parts.select("state", "State", states, state) }}
{{ parts.search("job", "Job's id", job) }}
<button>Filter</button></form>
<section class="card" aria-label="Dead letters">
{% if letters %}
<form method="post" action="/console/dead-letters/choose">{{ parts.csrf() }}
<table><thead><tr>{% if may_change %}<th scope="col">Choose</th>{% endif %}<th scope="col">Message</th>
<th scope="col">Reason</th><th scope="col">Of</th><th scope="col">State</th><th scope="col">Since</th></tr></thead>
<tbody>
{% for letter in letters %}
<tr>{% if may_change %}<td data-label="Choose"><span class="choice">
{%- if letter.state == "open" -%}
<input type="checkbox" name="letter" value="{{ letter.id }}" id="choose-{{ loop.index }}">
<label for="choose-{{ loop.index }}">choose</label>{% else %}{{ nothing }}{% endif %}</span></td>{% endif %}
<td data-label="Message">
<a href="/console/dead-letters/{{ letter.id | urlencode }}"><code>{{ letter.id }}</code></a></td>
<td data-label="Reason">{{ letter.reason | spaced }}</td>
<td data-label="Of"><span>{{ of(letter) }}</span></td>
<td data-label="State">{{ parts.badge(letter.state) }}</td>
<td data-label="Since">{{ parts.when(letter.created_at) }}</td></tr>
{% endfor %}
</tbody></table>
{% if may_change %}<div class="actions"><button class="first" name="move" value="redrive">Redrive the chosen</button>
<button class="danger" name="move" value="discard">Discard the chosen</button></div>{% endif %}
</form>
{{ parts.pager(following) }}
{% else %}<p>There is none{% if state %} that is {{ state }}{% endif %}. That is how it should be.</p>{% endif %}
</section>{% endblock %}"""
)

_ONE = (
    """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
"""
    + _OF
    + """
{{ parts.head("Dead letter") }}
<section class="card" aria-labelledby="facts"><h2 id="facts">{{ letter.reason | spaced }}</h2>
<dl><dt>State</dt><dd>{{ parts.badge(letter.state) }}</dd>
<dt>Id</dt><dd><code>{{ letter.id }}</code></dd>
<dt>Queue</dt><dd><code>{{ letter.queue }}</code></dd>
<dt>Of</dt><dd>{{ of(letter) }}</dd>
<dt>Buried</dt><dd>{{ parts.when(letter.created_at) }}</dd>
{% if letter.ended_at %}<dt>Closed</dt><dd>{{ parts.when(letter.ended_at) }}</dd>{% endif %}
{% if letter.redeliveries is not none %}<dt>Crashes before</dt><dd>{{ letter.redeliveries }} without progress</dd>
<dt>Throttled before</dt><dd>{{ letter.throttles }} times in a row</dd>{% endif %}
<dt>Left failed</dt><dd>{{ letter.failed | people }}, whom a redrive sends to</dd>
<dt>Left uncertain</dt><dd>{{ letter.uncertain | people }}, who may have been mailed: resolve them in the job</dd></dl>
<h3>Message</h3><pre>{{ message }}</pre>
{% if letter.refusal and letter.state == "open" %}<p class="problem">{{ refusals[letter.refusal] }}</p>{% endif %}
{% if may_change and letter.state == "open" %}<div class="actions">
{% if not letter.refusal %}<a class="button first" href="{{ here }}/redrive">Redrive</a>{% endif %}
<a class="button danger" href="{{ here }}/discard">Discard</a></div>{% endif %}
</section>{% endblock %}"""
)


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
        visit, _LIST, "Dead letters", letters=shown, following=following, states=states, state=state or "", job=job
    )


async def show(visit: Visit) -> Response:
    letter = await _letter(visit)
    message = json.dumps(json.loads(letter["body"]), indent=2)
    here = f"{_HOME}/{letter['id']}"
    return page(visit, _ONE, "Dead letter", letter=letter, message=message, refusals=REFUSALS, here=here)


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
