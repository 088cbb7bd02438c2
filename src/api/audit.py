"""The route of the audit trail: who changed what, when and from where.

The promise: a site's tokens see what concerns their site, a company's what concerns the company, and nobody the network
address that the operator works from. As CSV it is the same rows, all of them.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import Response

from api import csv_answers, present, query, scopes
from api.calls import Call, Operation, answer
from core import problems
from core.scope import Scope
from monitoring import audit
from runtime.ports import Row
from store.audit import Filter, Place


async def list_entries(call: Call) -> Response:
    limit, chosen, scope = query.limit(call), _filter(call), await scopes.of_company(call)
    if csv_answers.is_wanted(call):
        return csv_answers.answer("audit", csv_answers.AUDIT, pages(call, scope, chosen))
    before = query.numbers_cursor(call, 2)
    rows, following = await audit.page(call.services, scope, chosen, Place(*before) if before else None, limit)
    return answer({"entries": [shown(call, row) for row in rows], "next": following and query.cursor(following)})


def _filter(call: Call) -> Filter:
    action, actor, target = (query.text(call, name) for name in ("action", "actor", "target"))
    return Filter(action, actor, target, query.time(call, "from"), query.time(call, "to"))


async def pages(call: Call, scope: Scope | None, chosen: Filter) -> AsyncIterator[list[dict[str, Any]]]:
    before: Place | None = None
    while True:
        rows, before = await audit.page(call.services, scope, chosen, before, query.MAX_LIMIT)
        yield [_as_cells(shown(call, row)) for row in rows]
        if before is None:
            return


def shown(call: Call, row: Row) -> dict[str, Any]:
    entry = present.audit_entry(row)
    foreign = call.caller.scope is not None and row["role"] == "operator"
    return entry | {"address": None} if foreign else entry


def _as_cells(shown: dict[str, Any]) -> dict[str, Any]:
    return shown | {name: _as_text(shown[name]) for name in ("before", "after", "detail")}


def _as_text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


OPERATIONS = (
    Operation(
        "GET",
        "/v1/audit",
        "either",
        list_entries,
        "Look through the audit trail, newest first; as CSV all of it",
        {200: "AuditEntries"},
        query=("action", "actor", "target", "site", "of_company", "from", "to", "cursor", "limit", "format"),
        problems=(problems.UNKNOWN_SITE,),
        csv=True,
    ),
)
