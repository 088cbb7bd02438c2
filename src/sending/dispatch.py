"""Puts on the queues what a transaction left to be done there, a few batches of a site at a time.

The promise: a message is sent after the commit and marked after it is sent, so a crash between the two means one
message more, never one less. Where the queue does not take it, the row stays as it is and the sweeper comes back to it.
And a site has at most `WINDOW` batches on the queue or under way, so that its 50,000 do not starve another's five.
"""

import json
from collections.abc import Sequence
from typing import Any

from core.errors import QueueUnavailable
from core.log import log
from runtime.ports import Row
from runtime.services import Services
from store import batches

WINDOW = 5  # half of the consumers that the deployment allows


async def queue_site(services: Services, site_id: str) -> int:
    """Send the messages of a site's next due batches, as far as its window goes; how many."""
    due = await services.database.all(batches.next_of_site(site_id, services.clock.now(), WINDOW))
    return await queue_batches(services, due)


async def queue_batches(services: Services, rows: Sequence[Row], delay_seconds: int = 0) -> int:
    """Send a message for each of these (job_id, number); how many were sent. A queue that refuses is logged."""
    if not rows:
        return 0
    references: list[dict[str, Any]] = [{"job": row["job_id"], "batch": row["number"]} for row in rows]
    try:
        await services.batches.send(references, delay_seconds)
    except QueueUnavailable as error:
        log("warning", "batches not queued", job=rows[0]["job_id"], reason=type(error).__name__, count=len(rows))
        return 0
    due_at = services.clock.now() + delay_seconds * 1000
    await services.database.all(batches.queued(json.dumps(references), due_at))
    return len(rows)


async def kick_callbacks(services: Services, site_id: str) -> None:
    """Tell the callbacks' consumer that a site has events to deliver."""
    try:
        await services.callbacks.send([{"site": site_id}])
    except QueueUnavailable as error:
        log("warning", "callbacks not queued", site=site_id, reason=type(error).__name__)
