"""The sweeper, once a minute: what was committed but not carried on is carried on.

The promise: whatever a crash or a lost message left behind, the next sweep finds by its due time and puts on its queue.
It is idempotent, bounded a run, and says in the log what it repaired.
"""

import dispatch
from log import log
from services import Services
from store import batches, callbacks, jobs

BATCHES_A_RUN = 1000
LOST_AFTER = 3_600_000  # milliseconds past its time until a batch's message counts as lost
CALLBACK_GRACE = 60_000  # milliseconds past its time until a callback counts as forgotten


async def sweep(services: Services) -> None:
    """One run."""
    now = services.clock.now()
    _, scheduled = await services.database.batch([batches.release_scheduled(now), jobs.release_scheduled(now)])
    reclaimed, lost = await services.database.batch([batches.reclaim(now), batches.requeue(now - LOST_AFTER, now)])
    due = await services.database.all(batches.due(now, BATCHES_A_RUN))
    queued = await dispatch.queue_batches(services, due)
    sites = await services.database.all(callbacks.sites_due(now - CALLBACK_GRACE))
    for row in sites:
        await dispatch.kick_callbacks(services, row["site_id"])
    repairs = {
        "scheduled jobs started": len(scheduled),
        "dead leases reclaimed": len(reclaimed),
        "lost messages replaced": len(lost),
        "batches queued": queued,
        "sites with forgotten callbacks": len(sites),
    }
    for what, count in repairs.items():
        if count:
            log("info", what, count=count)
