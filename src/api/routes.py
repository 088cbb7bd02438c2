"""Every route of the API: the one table that the router and the OpenAPI document are built from."""

from functools import cache
from typing import Any

from starlette.responses import Response

from api import (
    assets,
    audit,
    callbacks,
    certificates,
    companies,
    credentials,
    dead_letters,
    delivery_events,
    designs,
    events,
    health,
    jobs,
    me,
    metrics,
    preview,
    privacy,
    recipients,
    sites,
    suppressions,
    tokens,
    unsubscribe,
    verification,
)
from api.calls import Call, Operation, answer


async def document(call: Call) -> Response:  # noqa: ARG001 - the shape of every route
    """Here, since it describes this whole table."""
    return answer(_document())


@cache
def _document() -> dict[str, Any]:
    from api.openapi import build

    return build(OPERATIONS)


OPERATIONS: tuple[Operation, ...] = (
    *jobs.OPERATIONS,
    *recipients.OPERATIONS,
    *preview.OPERATIONS,
    *events.OPERATIONS,
    *delivery_events.OPERATIONS,
    *callbacks.OPERATIONS,
    *certificates.OPERATIONS,
    *assets.OPERATIONS,
    *audit.OPERATIONS,
    *dead_letters.OPERATIONS,
    *suppressions.OPERATIONS,
    *privacy.OPERATIONS,
    *me.OPERATIONS,
    *companies.OPERATIONS,
    *sites.OPERATIONS,
    *tokens.OPERATIONS,
    *unsubscribe.OPERATIONS,
    *verification.OPERATIONS,
    *credentials.OPERATIONS,
    *health.OPERATIONS,
    Operation("GET", "/openapi.json", "public", document, "This document", {200: "Document"}),
    *designs.OPERATIONS,
    *metrics.OPERATIONS,
)
