"""Routes of callbacks: how the delivery of each event stands, and posting events again."""

from starlette.responses import Response

from api import present, query
from api.bodies import JSON, read_body
from api.calls import Call, Operation, answer
from api.validation import time
from callback import EventType
from callbacks import replays
from core import problems
from core.problems import invalid
from core.states import CallbackState
from jobs import actions as jobs
from store import callbacks


async def list_callbacks(call: Call) -> Response:
    limit, before = query.limit(call), query.number_cursor(call, "cursor", 0) or query.TOO_LARGE - 1
    state, type_ = query.choice(call, "state", CallbackState), query.choice(call, "type", EventType)
    job_id = query.text(call, "job")
    if job_id:
        await jobs.find(call.services, call.scope, job_id)
    statement = callbacks.page(call.scope, state and state.value, job_id, type_ and type_.value, before, limit + 1)
    rows = await call.services.database.all(statement)
    following = query.cursor(rows[limit - 1]["cursor"]) if len(rows) > limit else None
    return answer({"callbacks": [present.callback(row) for row in rows[:limit]], "next": following})


async def replay(call: Call) -> Response:
    body = await read_body(call.request, "Replay")
    dry_run = body.pop("dry_run", False)
    if not body:
        raise invalid("", "say what to replay, by `ids`, `since` or `state`")
    if body == {"state": "delivered"}:
        raise invalid("/state", "name `ids` or `since` as well: this would post every event there ever was")
    chosen = await replays.choose(
        call.services,
        call.scope,
        call.site,
        state=CallbackState(body["state"]) if "state" in body else None,
        ids=body.get("ids"),
        since=time(body["since"], "/since") if "since" in body else None,
    )
    if dry_run:
        done = await replays.count(call.services, chosen)
    else:
        entry = call.entry("callbacks.replay", call.scope.site_id, detail=body)
        done = await replays.replay(call.services, chosen, entry)
    return answer({"count": done.count, "dry_run": dry_run, "remaining": done.remaining})


_PATH = "/v1/callbacks"

OPERATIONS = (
    Operation(
        "GET",
        _PATH,
        "site",
        list_callbacks,
        "List callbacks, newest first: how the delivery of each event stands",
        {200: "Callbacks"},
        query=("callback_state", "job", "event_type", "cursor", "limit"),
        problems=(problems.UNKNOWN_JOB,),
    ),
    Operation(
        "POST",
        f"{_PATH}/replay",
        "site",
        replay,
        "Post dead or delivered events again, with the same ids; with dry_run, count them",
        {200: "Replayed"},
        bodies={JSON: "Replay"},
        problems=(problems.UNKNOWN_CALLBACK, problems.CALLBACKS_OFF),
    ),
)
