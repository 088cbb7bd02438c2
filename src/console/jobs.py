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
        "jobs.html",
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
