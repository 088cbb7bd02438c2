"""The people of a job: looking through them, one of them, and their list as CSV."""

import json
from collections.abc import AsyncIterator
from urllib.parse import urlencode

from starlette.responses import Response

from api import csv_answers, present, query
from console.frame import page
from console.job import RETRIABLE
from console.jobs import find
from console.reasons import of_person
from console.routing import Page
from console.visit import Visit
from core.problems import NOT_FOUND, Problem
from core.states import RecipientState
from jobs import people
from jobs.people import SCAN, Place
from runtime.ports import Row
from store import certificates, job_lists, people_lists
from store.people_lists import Filter

LIMIT = 50
_UNSENT = (RecipientState.FAILED, RecipientState.UNCERTAIN)

_LIST = """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
{% set here = "/console/jobs/" ~ job.id %}
{{ parts.head("People of " ~ (job.name or "the job"), job.total | people) }}
<p><a href="{{ here }}">Back to the job</a></p>
<form class="filter" method="get" action="{{ here }}/people">
{{ parts.select("state", "State", states, asked.state) }}
{{ parts.search("reason", "Reason's code", asked.reason, type="text") }}
{{ parts.search("ref", "Reference, or how it begins", asked.ref) }}
{{ parts.search("email", "Whole address", asked.email) }}
<button>Filter</button>{% if filtered %}<a class="button" href="{{ here }}/people">Show all</a>{% endif %}</form>
{% if asked.email %}<p class="quiet">Addresses are in no index, which would cost every mail something: a page looks at
{{ scan | number }} people at most.</p>{% endif %}
<section class="card" aria-label="People">
{% if people %}
{% if choose %}<form method="post" action="{{ here }}/people/choose">{{ parts.csrf() }}{% endif %}
<table><thead><tr>{% if choose %}<th scope="col">Choose</th>{% endif %}<th scope="col" class="wide">Person</th>
<th scope="col">State</th><th scope="col" class="number">Attempts</th><th scope="col">Delivery</th>
<th scope="col">Changed</th></tr></thead><tbody>
{% for person in people %}
<tr>{% if choose %}<td data-label="Choose"><span class="choice">
{%- if person.state in unsent -%}
<input type="checkbox" name="position" value="{{ person.position }}" id="choose-{{ loop.index }}"
 aria-label="Choose {{ person.ref }}">{% else %}{{ nothing }}{% endif %}</span></td>{% endif %}
<td data-label="Person"><div><a href="{{ here }}/people/{{ person.position }}">{{ person.ref }}</a> {{ person.name }}
<div class="quiet">{{ person.email or "erased" }}</div></div></td>
<td data-label="State"><div>{{ parts.badge(person.state) }}
{% if person.reason %}<div class="quiet">{{ told(person.reason) }}</div>{% endif %}</div></td>
<td data-label="Attempts" class="number">{{ person.attempts }}</td>
<td data-label="Delivery">{% if person.delivery %}{{ parts.badge(person.delivery) }}
{%- else %}{{ nothing }}{% endif %}</td>
<td data-label="Changed">{{ parts.when(person.updated_at) }}</td></tr>
{% endfor %}
</tbody></table>
{% if choose %}<div class="actions">
{% if retriable and asked.state != "uncertain" %}
<button class="first" name="act" value="retry-failed">Retry the chosen</button>{% endif %}
{% if asked.state != "failed" %}
<button name="act" value="resolve-uncertain">Say that the chosen were mailed</button>
{% if retriable %}<button class="danger" name="act" value="retry-uncertain">Retry the chosen uncertain</button>
{% endif %}{% endif %}</div></form>{% endif %}
{% elif following %}<p>Nobody of those looked at here fits.</p>
{% elif filtered %}<p>Nobody{% if further %} further{% endif %} fits. <a href="{{ here }}/people">Show all</a></p>
{% else %}<p>Nobody is in this job yet.</p>{% endif %}
{{ parts.pager(following, "Next page" if full else "Search further") }}
</section>
<p><a href="{{ here }}/people.csv{{ table }}">{{ "These" if table else "All" }} people as CSV</a></p>
{% endblock %}"""

_ONE = """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
{% set job_at = "/console/jobs/" ~ job.id %}
{% set here = job_at ~ "/people/" ~ person.position %}
{% call parts.head(person.name or person.ref, person.email or "Their data was erased") %}
{% if may_change and person.state in unsent and person.email %}
{% if retriable %}<a class="button{{ " first" if person.state == "failed" }}"
 href="{{ job_at }}/retry?state={{ person.state }}&amp;position={{ person.position }}">Retry</a>{% endif %}
{% if person.state == "uncertain" %}
<a class="button first" href="{{ job_at }}/resolve?position={{ person.position }}">Resolve</a>{% endif %}
{% endif %}
{% endcall %}
<p>In <a href="{{ job_at }}">{{ job.name or job.id }}</a>, <a href="{{ job_at }}/people">all its people</a></p>
<section class="card" aria-labelledby="became"><h2 id="became">What became of them</h2>
<dl><dt>State</dt><dd>{{ parts.badge(person.state) }}</dd>
{% if person.reason %}<dt>Reason</dt><dd>{{ told(person.reason) | sentence }}
<code class="quiet">{{ person.reason }}</code></dd>{% endif %}
{% if person.detail %}<dt>Detail</dt><dd>{{ person.detail }}</dd>{% endif %}
<dt>Attempts</dt><dd>{{ person.attempts }}</dd>
<dt>Changed</dt><dd>{{ parts.when(person.updated_at) }}</dd>
{% if person.unsure_since %}<dt>In doubt since</dt><dd>{{ parts.when(person.unsure_since) }}</dd>{% endif %}
<dt>Delivery</dt><dd>{% if person.delivery %}{{ parts.badge(person.delivery) }} {{ parts.when(person.delivery_at) }}
{%- else %}<span class="quiet">The provider has told nothing</span>{% endif %}</dd>
<dt>Provider's id</dt><dd><code>{{ person.message_id or nothing }}</code></dd>
{% if person.attachment %}<dt>Attachment</dt><dd>{{ person.attachment | spaced }}</dd>{% endif %}
{% if certificate %}<dt>Certificate</dt><dd><a href="/console/certificates/{{ certificate.code }}">
{{- certificate.code }}</a> {{ parts.badge(certificate.state) }}</dd>{% endif %}</dl>
<p><a href="/console/callbacks?job={{ job.id }}">Callbacks of the job</a></p></section>
<section class="card" aria-labelledby="given"><h2 id="given">What was given of them</h2>
<dl><dt>Reference</dt><dd>{{ person.ref }}</dd>
<dt>Place in the job</dt>
<dd>{{ (person.position + 1) | number }} of {{ job.total | number }}, batch {{ batch | number }}</dd>
{% for name, value in variables %}<dt><code>{{ name }}</code></dt><dd>{{ value }}</dd>{% endfor %}</dl>
{% if person.email %}<p><a class="button" href="{{ here }}/preview">Preview the mail</a></p>{% endif %}</section>
{% endblock %}"""


async def show_list(visit: Visit) -> Response:
    visit, job = await find(visit)
    asked = {name: visit.query(name) for name in ("state", "reason", "ref", "email")}
    after, chosen = query.time_cursor(visit), _chosen(visit)
    place = after and Place(*after)
    rows, following = await people.page(visit.services, visit.scope, job, chosen, place, LIMIT)
    return page(
        visit,
        _LIST,
        "People",
        job=job,
        people=rows,
        asked=asked,
        states=[("", "All"), *((state.value, state.value) for state in RecipientState)],
        filtered=any(asked.values()),
        further=after is not None,
        following=following and visit.here(cursor=query.cursor(following)),
        full=len(rows) == LIMIT,
        scan=SCAN,
        unsent=_UNSENT,
        choose=visit.caller.may_change and any(row["state"] in _UNSENT for row in rows),
        retriable=job["state"] in RETRIABLE,
        told=of_person,
        table=_query(asked),
    )


async def show(visit: Visit) -> Response:
    visit, job = await find(visit)
    person = await find_person(visit, job)
    return page(
        visit,
        _ONE,
        "Person",
        job=job,
        person=person,
        batch=person["position"] // job["batch_size"],
        variables=json.loads(person["variables"]).items(),
        certificate=await certificate_of(visit, job, person),
        unsent=_UNSENT,
        retriable=job["state"] in RETRIABLE,
        told=of_person,
    )


async def table(visit: Visit) -> Response:
    visit, job = await find(visit)
    return csv_answers.answer(job["id"], csv_answers.PEOPLE, _pages(visit, job, _chosen(visit)))


async def _pages(visit: Visit, job: Row, chosen: Filter) -> AsyncIterator[list[Row]]:
    place: Place | None = None
    while True:
        rows, place = await people.page(visit.services, visit.scope, job, chosen, place, query.MAX_LIMIT)
        yield [present.recipient(row) for row in rows]
        if place is None:
            return


async def find_person(visit: Visit, job: Row) -> Row:
    """Whom the address names. Raises a `Problem`."""
    at = visit.path("position")
    rows: list[Row] = []
    if at.isascii() and at.isdigit() and len(at) < 10:
        rows = await visit.services.database.all(people_lists.one(visit.scope, job["id"], int(at)))
    if not rows:
        raise Problem(NOT_FOUND, "The job has nobody at this place.")
    return rows[0]


async def certificate_of(visit: Visit, job: Row, person: Row) -> Row | None:
    """The latest that this person has of what the job certifies, be it from an earlier job."""
    if job["kind"] != "certificate":
        return None
    content = await visit.services.database.all(job_lists.content(visit.scope, job["id"]))
    if not content:
        return None
    award, refs = json.loads(content[0]["content"])["certificate"]["award"], json.dumps([person["ref"]])
    statement = certificates.of_people(job["site_id"], job["company"], award, refs)
    rows = await visit.services.database.all(statement)
    return rows[0] if rows else None


def _chosen(visit: Visit) -> Filter:
    state = query.choice(visit, "state", RecipientState)
    return Filter(state, *(visit.query(name) or None for name in ("reason", "ref", "email")))


def _query(given: dict[str, str]) -> str:
    kept = {name: value for name, value in given.items() if value}
    return f"?{urlencode(kept)}" if kept else ""


_PEOPLE = "/console/jobs/{job}/people"

PAGES = (
    Page("GET", _PEOPLE, "any", show_list, "A job's people: by state, reason, reference and address"),
    Page("GET", f"{_PEOPLE}.csv", "any", table, "A job's people, or those looked for, as CSV"),
    Page("GET", f"{_PEOPLE}/{{position}}", "any", show, "A person of a job"),
)
