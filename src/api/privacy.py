"""Routes of privacy: what is kept of a person, to be shown or erased, and what retention is about to erase.

The promise: nobody is named in an address, a log line or the audit trail, which hold hashes and counts only.
"""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from api import query
from api.bodies import JSON, read_body
from api.calls import Call, Operation, answer
from core import problems
from core.problems import invalid
from privacy import actions as privacy
from privacy import retention
from privacy.person import START, Person, Place
from store import audit


async def export(call: Call) -> Response:
    person = _person(await read_body(call.request, "PersonChosen"))
    page = await privacy.export(call.services, call.scope, person, note_of(call, "privacy.export"), place_of(call))
    return answer({**page.document, "next": cursor_of(page.next)})


async def erase(call: Call) -> Response:
    body = await read_body(call.request, "Erasure")
    person, dry_run = _person(body), body.get("dry_run", False)
    note = note_of(call, "privacy.erase")
    erased = await privacy.erase(call.services, call.scope, person, note, place_of(call), dry_run=dry_run)
    return answer({"dry_run": dry_run, "counts": dict(erased.counts), "next": cursor_of(erased.next)})


async def due(call: Call) -> Response:
    limit = query.limit(call)
    rows = await retention.due(call.services, call.caller.scope, query.time_cursor(call) or (-1, ""), limit + 1)
    rows, following = query.page(rows, limit, "created_at", "id")
    return answer({"sites": [_standing(row) for row in rows], "next": following})


def _person(body: Mapping[str, Any]) -> Person:
    if "ref" not in body and "email" not in body:
        raise invalid("", "name the person, by `ref`, `email` or both")
    return Person.named(body.get("ref"), body.get("email"))


def note_of(call: Call, action: str) -> privacy.Note:
    """The audit trail's row of it, within the call's scope."""

    def entry(target: str, detail: Mapping[str, Any]) -> audit.Entry:
        return call.entry(action, target, site_id=call.scope.site_id, company=call.scope.company, detail=detail)

    return entry


def cursor_of(place: Place | None) -> str | None:
    return place and query.cursor((str(place.created_at), place.job, str(place.position), str(place.sequence)))


def place_of(call: Call) -> Place:
    """Where the cursor of its address says to go on."""
    found = query.texts_cursor(call, 4)
    if found is None:
        return START
    created_at, job, position, sequence = found
    numbers = (created_at, position, sequence)
    if not all(number.isascii() and number.isdigit() and len(number) <= 16 for number in numbers):
        raise query.foreign("cursor")
    place = Place(int(created_at), job, int(position), int(sequence))
    if max(place.created_at, place.position, place.sequence) >= query.TOO_LARGE:
        raise query.foreign("cursor")
    return place


def _standing(row: Mapping[str, Any]) -> dict[str, Any]:
    kinds = ("jobs", "people", "events", "drafts", "certificates", "soft_bounces")
    return {
        "site": row["id"],
        "keep_people_days": row["keep_people_days"],
        "keep_certificate_years": row["keep_certificate_years"],
        "due": {kind: row[kind] for kind in kinds},
    }


OPERATIONS = (
    Operation(
        "POST",
        "/v1/privacy/export",
        "site",
        export,
        "Show all that is kept of a person, by their ref, their address or both",
        {200: "PersonExport"},
        bodies={JSON: "PersonChosen"},
        query=("cursor",),
    ),
    Operation(
        "POST",
        "/v1/privacy/erase",
        "site",
        erase,
        "Erase a person, keeping the counts; with dry_run, count what is kept of them",
        {200: "Erased"},
        bodies={JSON: "Erasure"},
        query=("cursor",),
        problems=(problems.PERSON_IN_FLIGHT,),
    ),
    Operation(
        "GET",
        "/v1/privacy/retention",
        "either",
        due,
        "How long people's data is kept, and what the next sweeps will erase",
        {200: "Retention"},
        query=("cursor", "limit"),
    ),
)
