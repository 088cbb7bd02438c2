"""Routes of a job's people: append them, look through them, group what went wrong."""

from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import Response

from api import csv_answers, people, present, query
from api.bodies import JSON, NDJSON, media_type, read_json
from api.calls import Call, Operation, answer
from api.validation import check
from core import problems
from core.states import RecipientState
from jobs import actions as jobs
from runtime.ports import Row
from store import job_lists

HANDED_BACK = "handed_back"


async def append(call: Call) -> Response:
    row = await jobs.find(call.services, call.scope, call.path("job"))
    if media_type(call.request, JSON, NDJSON) == NDJSON:
        incoming = people.of_lines(call)
    else:
        incoming = people.of_iterable(_list(await read_json(call.request)))
    result = await people.append(call, row["id"], row["total"], incoming)
    return answer({"added": result.added, "duplicates": result.duplicates, "total": result.total})


def _list(body: Any) -> list[people.Person]:
    """A bare list, or an object that holds one."""
    if isinstance(body, list):
        check("PersonList", body)
        return people.of_list(body, "")
    check("People", body)
    return people.of_list(body["recipients"], "/recipients")


async def list_recipients(call: Call) -> Response:
    job = await jobs.find(call.services, call.scope, call.path("job"))
    state, reason = query.choice(call, "state", RecipientState), query.text(call, "reason")
    after, limit = query.number_cursor(call, "cursor", -1), query.limit(call, query.MAX_RECIPIENTS)
    if csv_answers.is_wanted(call):
        return csv_answers.answer(job["id"], csv_answers.PEOPLE, _pages(call, job["id"], state, reason))
    rows, following = await _page(call, job["id"], state, reason, after, limit)
    return answer({"recipients": [present.recipient(row) for row in rows], "next": following})


async def handed_back_people(call: Call, job_id: str) -> tuple[list[dict[str, str]], str | None]:
    """The first of them, and the address of the next page."""
    most = query.MAX_RECIPIENTS
    rows, following = await _page(call, job_id, RecipientState.CANCELLED, HANDED_BACK, -1, most)
    shown = [{"ref": row["ref"], "email": row["email"], "name": row["name"]} for row in rows]
    search = f"state=cancelled&reason={HANDED_BACK}&limit={most}&cursor={following}"
    return shown, f"/v1/jobs/{job_id}/recipients?{search}" if following else None


async def reasons(call: Call) -> Response:
    job = await jobs.find(call.services, call.scope, call.path("job"))
    rows = await call.services.database.all(job_lists.reasons(call.scope, job["id"]))
    return answer({"reasons": rows})


async def _page(
    call: Call, job_id: str, state: RecipientState | None, reason: str | None, after: int, limit: int
) -> tuple[list[Row], str | None]:
    """People after the position `after`, and the cursor of the next page."""
    rows = await call.services.database.all(job_lists.recipients(call.scope, job_id, state, reason, after, limit + 1))
    return rows[:limit], query.cursor(rows[limit - 1]["position"]) if len(rows) > limit else None


async def _pages(
    call: Call, job_id: str, state: RecipientState | None, reason: str | None
) -> AsyncIterator[list[dict[str, Any]]]:
    after = -1
    while True:
        statement = job_lists.recipients(call.scope, job_id, state, reason, after, query.MAX_LIMIT)
        rows = await call.services.database.all(statement)
        yield [present.recipient(row) for row in rows]
        if len(rows) < query.MAX_LIMIT:
            return
        after = rows[-1]["position"]


_PATH = "/v1/jobs/{job}/recipients"

OPERATIONS = (
    Operation(
        "POST",
        _PATH,
        "site",
        append,
        "Append people to a draft; a ref that is there already is not added again",
        {200: "Appended"},
        bodies={JSON: "PeopleOrList", NDJSON: "Person"},
        problems=(problems.UNKNOWN_JOB, problems.WRONG_STATE, problems.TOO_MANY_PEOPLE, problems.LIMIT_REACHED),
    ),
    Operation(
        "GET",
        _PATH,
        "site",
        list_recipients,
        "List a job's people, in the order they were sent; as CSV all of them",
        {200: "Recipients"},
        query=("recipient_state", "reason", "cursor", "recipients_limit", "format"),
        problems=(problems.UNKNOWN_JOB,),
        csv=True,
    ),
    Operation(
        "GET",
        "/v1/jobs/{job}/reasons",
        "site",
        reasons,
        "Count what failed or is uncertain, by reason",
        {200: "Reasons"},
        problems=(problems.UNKNOWN_JOB,),
    ),
)
