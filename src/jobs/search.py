"""Looking through jobs.

The promise: a page costs a bounded number of rows read, whatever is looked for and however many jobs there are; where
those that were looked at hold nothing more of it, the page is short or empty, and still says where to go on.
"""

from core.scope import Scope
from runtime.ports import Row
from runtime.services import Services
from store import job_lists
from store.job_lists import Filter, Place

SCAN = 1_000  # jobs a page looks at, at most


async def page(
    services: Services, scope: Scope | None, chosen: Filter, before: Place | None, limit: int
) -> tuple[list[Row], Place | None]:
    """The newest jobs before a place, and the place that the next page begins at; None after the last."""
    if chosen.company and scope and scope.company is None:
        scope, chosen = Scope(scope.site_id, chosen.company), chosen._replace(company=None)  # which has an index
    if chosen == Filter(since=chosen.since, until=chosen.until):  # and so has this
        rows = await services.database.all(job_lists.page(scope, chosen, before, limit + 1, limit + 1))
        return rows[:limit], _place(rows[limit - 1]) if len(rows) > limit else None
    rows, end = await services.database.batch(
        [
            job_lists.page(scope, chosen, before, SCAN, limit + 1),
            job_lists.end_of_scan(scope, chosen, before, SCAN),
        ]
    )
    if len(rows) > limit:
        return rows[:limit], _place(rows[limit - 1])
    return rows, _place(end[0]) if end else None


def _place(row: Row) -> Place:
    return Place(row["created_at"], row["id"])
