"""Routes of jobs: create, look at, and what can be done with one."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

from api import people, present, query, scopes
from api.bodies import JSON, read_body, read_optional_body
from api.calls import Call, Operation, answer
from api.messages import content_of
from api.recipients import handed_back_people
from api.validation import time
from core import problems
from core.errors import WrongState
from core.problems import invalid
from core.scope import Scope
from core.states import JobKind, JobState
from jobs import actions as jobs
from jobs import search
from runtime.ports import Row
from runtime.services import Services
from store.job_lists import Filter, Place

Move = Callable[[Services, Scope, str, jobs.Note], Awaitable[Row]]


async def create(call: Call) -> Response:
    body = await read_body(call.request, "NewJob")
    if (body["kind"] == JobKind.CERTIFICATE) != ("certificate" in body):
        raise invalid("/certificate", "belongs to a job of kind certificate, and only there")
    first = people.of_list(body.get("recipients", []), "/recipients")
    company = scopes.named_company(call, body.get("company"))
    content = await content_of(call, body, company)
    new_job = jobs.NewJob(
        kind=body["kind"],
        name=body.get("name", ""),
        company=company,
        content=content,
        send_at=time(body["send_at"], "/send_at") if body.get("send_at") else None,
        rate=body.get("rate"),
        on_uncertain=body.get("on_uncertain", "hold"),
        idempotency_key=_idempotency_key(call),
        request_hash=_hash_of(body),
        category=body.get("category") or "",
    )
    started = body.get("start", False)
    row, replayed = await jobs.create(call.services, call.scope, new_job, call.note("job.create"))
    # A replay does what was left undone when the first request was cut off.
    if row["state"] == JobState.DRAFT and (first or started):
        row = await _fill(call, row, first, started)
    return _answer(call, row, 201, {"Idempotent-Replayed": "true"} if replayed else {})


async def _fill(call: Call, row: Row, first: list[people.Person], started: bool) -> Row:
    try:
        await people.append(call, row["id"], row["total"], people.of_iterable(first))
        if started:
            return await jobs.start(call.services, call.scope, row["id"], call.note("job.start"))
    except WrongState:
        # The same request, sent twice at once: the other one was quicker, and started the job once it was filled.
        if not row["idempotency_key"]:
            raise
    return await jobs.find(call.services, call.scope, row["id"])


async def list_jobs(call: Call) -> Response:
    limit = query.limit(call)
    state = query.choice(call, "state", JobState)
    chosen, before = Filter(state=state, company=query.text(call, "company")), query.time_cursor(call)
    rows, following = await search.page(call.services, call.scope, chosen, before and Place(*before), limit)
    shown = [present.job(row, call.site, call.now) for row in rows]
    return answer({"jobs": shown, "next": following and query.cursor(following)})


async def show(call: Call) -> Response:
    return _answer(call, await jobs.find(call.services, call.scope, call.path("job")))


async def start(call: Call) -> Response:
    return await _moved(call, jobs.start, "job.start")


async def pause(call: Call) -> Response:
    return await _moved(call, jobs.pause, "job.pause")


async def resume(call: Call) -> Response:
    return await _moved(call, jobs.resume, "job.resume")


async def cancel(call: Call) -> Response:
    return await _moved(call, jobs.cancel, "job.cancel")


async def _moved(call: Call, move: Move, action: str) -> Response:
    return _answer(call, await move(call.services, call.scope, call.path("job"), call.note(action)))


async def retry(call: Call) -> Response:
    return await _selected(call, "Retry", jobs.retry, "job.retry")


async def resolve(call: Call) -> Response:
    return await _selected(call, "Resolve", jobs.resolve, "job.resolve")


async def _selected(call: Call, schema: str, act: jobs.SelectedAction, action: str) -> Response:
    body = await read_optional_body(call.request, schema)
    chosen = body.get("filter", {})
    refs = chosen.get("refs")
    selection = jobs.Selection(
        state=chosen.get("state", "failed"), reason=chosen.get("reason"), refs=None if refs is None else tuple(refs)
    )
    dry_run = body.get("dry_run", False)
    note = call.note(action, **chosen)
    count, row = await act(call.services, call.scope, call.path("job"), selection, note, dry_run=dry_run)
    return answer({"count": count, "dry_run": dry_run, "job": present.job(row, call.site, call.now)})


async def hand_back(call: Call) -> Response:
    row, count = await jobs.hand_back(call.services, call.scope, call.path("job"), call.note("job.handback"))
    recipients, following = await handed_back_people(call, row["id"])
    return answer(
        {
            "job": present.job(row, call.site, call.now),
            "handed_back": count,
            "sending": row["sending"],
            "recipients": recipients,
            "next": following,
        }
    )


def _answer(call: Call, row: Row, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return answer(present.job(row, call.site, call.now), status, headers)


def _idempotency_key(call: Call) -> str | None:
    key = call.request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        raise invalid("Idempotency-Key", "must have 1 to 255 printable ASCII characters")
    return key


def _hash_of(body: Any) -> str:
    """The same for the same JSON, however it is written."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


_ID = "/v1/jobs/{job}"
_CHANGE = (problems.UNKNOWN_JOB, problems.WRONG_STATE)
_START = (
    problems.EMPTY_JOB,
    problems.TEMPLATE_REFUSED,
    problems.MISSING_VARIABLES,
    problems.NOT_CONFIGURED,
    problems.CREDENTIALS_REJECTED,
)

OPERATIONS = (
    Operation(
        "POST",
        "/v1/jobs",
        "site",
        create,
        "Create a job, with its first people and started if asked",
        {201: "Job"},
        bodies={JSON: "NewJob"},
        headers=("Idempotency-Key",),
        problems=(problems.IDEMPOTENCY_CONFLICT, problems.TOO_MANY_PEOPLE, problems.LIMIT_REACHED, *_START),
    ),
    Operation(
        "GET",
        "/v1/jobs",
        "site",
        list_jobs,
        "List jobs, newest first",
        {200: "Jobs"},
        query=("job_state", "company", "cursor", "limit"),
    ),
    Operation("GET", _ID, "site", show, "Show a job", {200: "Job"}, problems=(problems.UNKNOWN_JOB,)),
    Operation("POST", f"{_ID}/start", "site", start, "Start a draft", {200: "Job"}, problems=(*_CHANGE, *_START)),
    Operation("POST", f"{_ID}/pause", "site", pause, "Pause", {200: "Job"}, problems=_CHANGE),
    Operation("POST", f"{_ID}/resume", "site", resume, "Go on after a pause", {200: "Job"}, problems=_CHANGE),
    Operation("POST", f"{_ID}/cancel", "site", cancel, "Cancel what is pending", {200: "Job"}, problems=_CHANGE),
    Operation(
        "POST",
        f"{_ID}/retry",
        "site",
        retry,
        "Try failed or uncertain people again; with dry_run, count them",
        {200: "Retried"},
        bodies={JSON: "Retry"},
        body_required=False,
        problems=_CHANGE,
    ),
    Operation(
        "POST",
        f"{_ID}/resolve",
        "site",
        resolve,
        "Say that uncertain people were mailed; with dry_run, count them",
        {200: "Retried"},
        bodies={JSON: "Resolve"},
        body_required=False,
        problems=_CHANGE,
    ),
    Operation(
        "POST",
        f"{_ID}/handback",
        "site",
        hand_back,
        "Cancel what is pending and give those people back, for Moodle to mail them itself",
        {200: "HandedBack"},
        problems=_CHANGE,
    ),
)
