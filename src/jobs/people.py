"""Looking through the people of a job.

The promise: a page costs a bounded number of rows read, at 50,000 people as at 50; where those that were looked at hold
nothing more of what is looked for, the page is short or empty, and still says where to go on.
"""

from collections.abc import Sequence
from typing import NamedTuple

from core.scope import Scope
from core.states import RecipientState
from runtime.ports import Row
from runtime.services import Services
from store import people_lists
from store.people_lists import Filter

SCAN = 5_000  # people a page looks at, at most
COUNTED = 1_000  # of a group of people, at most
_UNSENT = (RecipientState.FAILED, RecipientState.UNCERTAIN)


class Group(NamedTuple):
    """Those who are in one state for one reason; `more`: there are this many and perhaps more."""

    state: str
    reason: str
    people: int
    more: bool


class Place(NamedTuple):
    """Of a person: in the order of the list that is looked through, `text` is their reason, their reference, or ''."""

    position: int
    text: str


async def page(
    services: Services, scope: Scope | None, job: Row, chosen: Filter, after: Place | None, limit: int
) -> tuple[list[Row], Place | None]:
    """The people after a place, and the place that the next page begins at; None after the last."""
    if chosen.ref is not None:
        return await _by_ref(services, scope, job, chosen, after, limit)
    if chosen.state in _UNSENT and chosen.email is None:
        return await _unsent(services, scope, job, chosen, after, limit)
    return await _by_position(services, scope, job, chosen, after, limit)


async def _unsent(
    services: Services, scope: Scope | None, job: Row, chosen: Filter, after: Place | None, limit: int
) -> tuple[list[Row], Place | None]:
    place = (after.text, after.position) if after else ("", -1)
    rows = await services.database.all(people_lists.unsent(scope, job["id"], chosen, place, limit + 1))
    if len(rows) > limit:
        return rows[:limit], Place(rows[limit - 1]["position"], rows[limit - 1]["reason"])
    return rows, None


async def _by_ref(
    services: Services, scope: Scope | None, job: Row, chosen: Filter, after: Place | None, limit: int
) -> tuple[list[Row], Place | None]:
    ref = after.text if after else ""
    rows, end = await services.database.batch(
        [
            people_lists.by_ref(scope, job["id"], chosen, ref, SCAN, limit + 1),
            people_lists.end_of_refs(scope, job["id"], chosen, ref, SCAN),
        ]
    )
    if len(rows) > limit:
        return rows[:limit], Place(0, rows[limit - 1]["ref"])
    return rows, Place(0, end[0]["ref"]) if end else None


async def _by_position(
    services: Services, scope: Scope | None, job: Row, chosen: Filter, after: Place | None, limit: int
) -> tuple[list[Row], Place | None]:
    start = await _next(services, scope, job, chosen, min(after.position, job["total"]) if after else -1)
    if start is None:
        return [], None
    until = start + SCAN
    rows = await services.database.all(people_lists.between(scope, job["id"], chosen, start, until, limit + 1))
    if len(rows) > limit:
        return rows[:limit], Place(rows[limit - 1]["position"], "")
    following = await _next(services, scope, job, chosen, until)
    return rows, None if following is None else Place(following, "")


async def _next(services: Services, scope: Scope | None, job: Row, chosen: Filter, after: int) -> int | None:
    """The position after which to look on: batches that have nobody in the state need not be read."""
    if after >= job["total"] - 1:
        return None
    if chosen.state is None:
        return after
    found = await services.database.all(people_lists.next_batch(scope, job["id"], chosen.state, after))
    return max(after, int(found[0]["position"]) - 1) if found else None


def groups(job: Row, counted: Sequence[Row]) -> list[Group]:
    """The groups of `people_lists.groups` with `COUNTED`, the largest first. Where one group of a state was too large
    to be counted, the job's own counter tells how large it is."""
    found: list[Group] = []
    for state in _UNSENT:
        of_state = [row for row in counted if row["state"] == state]
        large = [row for row in of_state if row["count"] >= COUNTED]
        rest = job[state] - sum(row["count"] for row in of_state if row not in large)
        for row in of_state:
            count = max(rest, COUNTED) if [row] == large else row["count"]
            found.append(Group(state, row["reason"], count, row in large and len(large) > 1))
    return sorted(found, key=lambda group: (-group.people, group.state, group.reason))
