"""Routes about the API itself."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from starlette.responses import Response

from api.calls import Call, Operation, answer


async def health(call: Call) -> Response:  # noqa: ARG001 - the shape of every route
    return answer({"status": "ok"})


async def design_schema(call: Call) -> Response:
    from certificates.schema import SCHEMA

    address = str(call.request.url.replace(query="", fragment=""))
    return answer({**SCHEMA, "$id": address}, headers={"Cache-Control": "public, max-age=3600"})


def operations(table: Callable[[], Iterable[Operation]]) -> tuple[Operation, ...]:
    """`table` gives every operation there is, these among them: /openapi.json describes them all."""

    @cache
    def described() -> dict[str, Any]:
        from api.openapi import build

        return build(table())

    async def document(call: Call) -> Response:  # noqa: ARG001
        return answer(described())

    return (
        Operation("GET", "/healthz", "public", health, "Whether the Worker runs", {200: "Health"}),
        Operation("GET", "/openapi.json", "public", document, "This document", {200: "Document"}),
        Operation(
            "GET",
            "/schemas/certificate-1.json",
            "public",
            design_schema,
            "The JSON Schema of a certificate's design",
            {200: "Document"},
        ),
    )
