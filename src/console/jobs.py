"""The list of jobs: what runs, what stands still, and finding an old one again."""

import re

from starlette.responses import Response

from api import query
from console.forms import day
from console.frame import page
from console.routing import Page
from console.visit import Visit
from core.errors import UnknownJob
from core.problems import UNKNOWN_SITE, Problem
from core.scope import Scope
from core.states import JobKind, JobState
from jobs import actions as jobs
from jobs import search
from runtime.ports import Row
from store import sites
from store.job_lists import Filter, Place

LIMIT = 50
MOST_SITES = 200  # that can be chosen from
_ID = re.compile(r"job_[0-9a-f]{32}")

_LIST = """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
{{ parts.head("Jobs", "Each is one message, or one certificate, for many people.") }}
<form class="filter" method="get" action="/console/jobs">
{{ parts.search("q", "Words of the name, or the id", asked.q) }}
{{ parts.select("state", "State", states, asked.state) }}
{{ parts.select("kind", "Kind", kinds, asked.kind) }}
{% if sites %}{{ parts.select("site", "Site", sites, asked.site) }}{% endif %}
{{ parts.search("company", "Company", asked.company, type="text") }}
{{ parts.search("from", "Created from", asked["from"], type="date") }}
{{ parts.search("to", "up to", asked.to, type="date") }}
<button>Filter</button>{% if filtered %}<a class="button" href="/console/jobs">Show all</a>{% endif %}</form>
<section class="card" aria-label="Jobs"><div id="jobs"{% if open %} data-live{% endif %}>
{% if jobs %}
<table class="jobs"><thead><tr><th scope="col">Job</th><th scope="col">State</th><th scope="col">People</th>
<th scope="col">Created</th></tr></thead><tbody>
{% for job in jobs %}
<tr><td data-label="Job"><div><a href="/console/jobs/{{ job.id }}">{{ job.name or job.id }}</a>
{% if job.kind == "certificate" %} <span class="badge">certificate</span>{% endif %}
<div class="quiet">{% if names %}{{ names[job.site_id] or job.site_id }}{% if job.company %}, {% endif %}{% endif %}
{{- job.company or "" }}</div></div></td>
<td data-label="State"><div>{{ parts.badge(job.state) }}
{% if job.state == "paused" and job.reason %}<div class="quiet">{{ job.reason | spaced }}</div>{% endif %}</div></td>
<td data-label="People"><div class="fill">{{ parts.bar(job) }}</div></td>
<td data-label="Created">{{ parts.when(job.created_at) }}</td></tr>
{% endfor %}
</tbody></table>
{% elif filtered %}
<p>{% if following %}None of the jobs looked at here fits.{% else %}No job fits.
<a href="/console/jobs">Show all jobs</a>{% endif %}</p>
{% else %}
<p>There is no job yet. Moodle's plugin creates them, or <code>offload send</code> on the command line.</p>
{% endif %}
</div>
{{ parts.pager(following, "Next page" if full else "Search further back") }}
</section>{% endblock %}"""


async def find(visit: Visit) -> tuple[Visit, Row]:
    """The job that the address names, and the visit within its site. Raises `UnknownJob`."""
    row = await jobs.find(visit.services, visit.caller.scope, visit.path("job"))
    return visit.at_site(row["site_id"]), row


async def show(visit: Visit) -> Response:
    """In a query, the site is the operator's to choose."""
    known = await visit.services.database.all(sites.page((0, ""), MOST_SITES)) if visit.sees_all else []
    names = {site["id"]: site["name"] for site in known}
    rows, following = await _found(visit, await _scope(visit))
    unnamed = {row["site_id"] for row in rows} - names.keys() if visit.sees_all else set()
    for site_id in unnamed:
        names[site_id] = (await visit.site_row(site_id))["name"]
    chosen = visit.query("site")
    asked = {name: visit.query(name) for name in ("q", "state", "kind", "site", "company", "from", "to")}
    return page(
        visit,
        _LIST,
        "Jobs",
        jobs=rows,
        names=names,
        sites=[("", "All"), *names.items()] if len(names) > 1 or chosen else [],
        states=[("", "All"), *((state.value, state.value) for state in JobState)],
        kinds=[("", "All"), *((kind.value, kind.value) for kind in JobKind)],
        asked=asked,
        filtered=any(asked.values()),
        following=following and visit.here(cursor=query.cursor(following)),
        full=len(rows) == LIMIT,
        open=any(row["state"] not in (JobState.COMPLETED, JobState.CANCELLED) for row in rows),
    )


async def _found(visit: Visit, scope: Scope | None) -> tuple[list[Row], Place | None]:
    words = visit.query("q")
    if _ID.fullmatch(words):
        try:
            return [await jobs.find(visit.services, scope, words)], None
        except UnknownJob:
            return [], None
    chosen = Filter(
        state=query.choice(visit, "state", JobState),
        kind=query.choice(visit, "kind", JobKind),
        company=visit.query("company") or None,
        words=words or None,
        since=day(visit, "from"),
        until=day(visit, "to", after=1),
    )
    before = query.time_cursor(visit)
    return await search.page(visit.services, scope, chosen, before and Place(*before), LIMIT)


async def _scope(visit: Visit) -> Scope | None:
    """The caller's, narrowed to the site that was chosen."""
    site_id = visit.query("site")
    if not site_id:
        return visit.caller.scope
    if visit.caller.scope is None:
        await visit.site_row(site_id)
        return Scope(site_id)
    if visit.caller.scope.site_id != site_id:
        raise Problem(UNKNOWN_SITE, "There is no such site.")
    return visit.caller.scope


PAGES = (Page("GET", "/console/jobs", "any", show, "Jobs: by state, kind, site, company, day and words"),)
