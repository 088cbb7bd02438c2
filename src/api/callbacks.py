"""Routes of callbacks: how the delivery of each event stands, and posting events again.

The promise: what is replayed has the id and the body that it had, so that a receiver which remembers ids takes it in
once; and what nobody wants any more (superseded) is never replayed.
"""

import json

from starlette.responses import Response

import dispatch
import jobs
import problems
from api import present, query
from api.bodies import JSON, read_json
from api.calls import Call, Operation, answer
from api.validation import check, time
from callback import EventType
from problems import Problem, invalid
from states import CallbackState
from store import callbacks
from store.callbacks import Replay

MOST = 10_000  # events one call replays


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
    body = await read_json(call.request)
    check("Replay", body)
    dry_run = body.pop("dry_run", False)
    if not body:
        raise invalid("", "say what to replay, by `ids`, `since` or `state`")
    if body == {"state": "delivered"}:
        raise invalid("/state", "name `ids` or `since` as well: this would post every event there ever was")
    _check_open(call)
    ids = json.dumps(body["ids"]) if "ids" in body else None
    if ids and (missing := await call.services.database.all(callbacks.missing(call.scope, ids))):
        words = f"There is no callback '{missing[0]['id'][:100]}' that this token may see. Nothing was changed."
        raise Problem(problems.UNKNOWN_CALLBACK, words)
    # whoever names events wants just these; else delivered ones have to be asked for
    states = [body["state"]] if "state" in body else ["dead", "delivered"] if ids else ["dead"]
    since = time(body["since"], "/since") if "since" in body else None
    chosen = Replay(call.scope, json.dumps(states), ids, since)
    if dry_run:
        [counted] = await call.services.database.all(callbacks.count_replay(chosen))
        count = min(counted["count"], MOST)
    else:
        entry = call.entry("callbacks.replay", call.scope.site_id, detail=body)
        [counted], _, replayed = await call.services.database.batch(
            [
                callbacks.count_replay(chosen),
                callbacks.note_replay(chosen, entry, MOST),
                callbacks.replay(chosen, call.now, MOST),
            ]
        )
        count = len(replayed)
        await dispatch.kick_callbacks(call.services, call.scope.site_id)
    return answer({"count": count, "dry_run": dry_run, "remaining": counted["count"] - count})


def _check_open(call: Call) -> None:
    if call.site["callback_url"] is None:
        raise Problem(problems.CALLBACKS_OFF, "The site has no callback_url; the operator can set one.")
    if call.site["callback_off_at"] is not None:
        words = "The receiver answered 410, which switched the callbacks off. "
        raise Problem(problems.CALLBACKS_OFF, words + "The operator switches them on by setting callback_url again.")


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
