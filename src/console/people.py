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


async def show_list(visit: Visit) -> Response:
    visit, job = await find(visit)
    asked = {name: visit.query(name) for name in ("state", "reason", "ref", "email")}
    after, chosen = query.time_cursor(visit), _chosen(visit)
    place = after and Place(*after)
    rows, following = await people.page(visit.services, visit.scope, job, chosen, place, LIMIT)
    return page(
        visit,
        "people.html",
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
        "person.html",
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
