"""The same events as the callbacks, to be pulled: enough for a Moodle that cannot be reached from outside."""

from starlette.responses import Response

from api import query
from api.calls import Call, Operation, answer
from callback import event_json
from store import callbacks


async def list_events(call: Call) -> Response:
    after = query.number_cursor(call, "after", 0)
    rows = await call.services.database.all(callbacks.events_after(call.scope, after, query.limit(call)))
    # Where nothing has happened since, the caller goes on from where they are.
    last = rows[-1]["cursor"] if rows else after
    events = [{"id": row["id"], **event_json(row)} for row in rows]
    return answer({"events": events, "next": query.cursor(last) if last else None})


OPERATIONS = (
    Operation(
        "GET",
        "/v1/events",
        "site",
        list_events,
        "Pull events, oldest first; `next` is the `after` of the next call",
        {200: "Events"},
        query=("after", "limit"),
    ),
)
