"""Routes about the API itself."""

from functools import cache
from typing import Any

from starlette.responses import Response

from api.calls import Call, Operation, answer


async def health(call: Call) -> Response:  # noqa: ARG001 - the shape of every route
    return answer({"status": "ok"})


async def document(call: Call) -> Response:  # noqa: ARG001
    return answer(_document())


@cache
def _document() -> dict[str, Any]:
    from api.openapi import build
    from api.routes import OPERATIONS as ALL

    return build(ALL)


OPERATIONS = (
    Operation("GET", "/healthz", "public", health, "Whether the Worker runs", {200: "Health"}),
    Operation("GET", "/openapi.json", "public", document, "This document", {200: "Document"}),
)
