"""Looking through the audit trail.

The promise: a page costs a bounded number of rows read, whatever is looked for; where the rows that were looked at hold
nothing more of it, the page is short or empty, and still says where to go on.
"""

from core.scope import Scope
from runtime.ports import Row
from runtime.services import Services
from store import audit
from store.audit import Filter, Place

SCAN = 5_000  # rows a page looks at, at most


async def page(
    services: Services, scope: Scope | None, chosen: Filter, before: Place | None, limit: int
) -> tuple[list[Row], Place | None]:
    """The newest rows before a place, and the place that the next page begins at; None after the last."""
    if chosen.action is None and chosen.actor is None:
        rows = await services.database.all(audit.page(scope, chosen, before, limit + 1, limit + 1))
        return rows[:limit], _place(rows[limit - 1]) if len(rows) > limit else None
    rows, end = await services.database.batch(
        [audit.page(scope, chosen, before, SCAN, limit + 1), audit.end_of_scan(scope, chosen, before, SCAN)]
    )
    if len(rows) > limit:
        return rows[:limit], _place(rows[limit - 1])
    return rows, _place(end[0]) if end else None


def _place(row: Row) -> Place:
    return Place(row["at"], row["id"])
