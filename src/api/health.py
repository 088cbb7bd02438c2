"""Whether the Worker runs."""

from starlette.responses import Response

from api.calls import Call, Operation, answer


async def health(call: Call) -> Response:  # noqa: ARG001 - the shape of every route
    return answer({"status": "ok"})


OPERATIONS = (Operation("GET", "/healthz", "public", health, "Whether the Worker runs", {200: "Health"}),)
