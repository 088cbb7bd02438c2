"""The sweeper, once a minute: what was committed but not carried on is carried on.

The promise: whatever a crash or a lost message left behind, the next sweep finds by its due time and puts on its queue.
It is idempotent, bounded a run, and says in the log what it repaired.
"""

from collections.abc import Sequence

from core.log import log
from core.scope import Scope
from jobs import actions as jobs
from privacy import retention
from runtime.ports import Statement
from runtime.services import Services
from sending import dispatch
from store import audit, batches, callbacks, console_sessions, heartbeats
from store import jobs as job_rows

LOST_AFTER = 3_600_000  # milliseconds past its time until a batch's message counts as lost
SESSIONS = 1000  # that are over, deleted in one run
CALLBACK_GRACE = 60_000  # milliseconds past its time until a callback counts as forgotten


async def sweep(services: Services) -> None:
    """One run."""
    now = services.clock.now()
    _, scheduled, _ = await services.database.batch(
        [batches.release_scheduled(now), job_rows.release_scheduled(now), heartbeats.beat("sweep", now)]
    )
    await services.database.batch(
        [console_sessions.delete_expired(now, SESSIONS), console_sessions.delete_expired_keys(now, SESSIONS)]
    )
    resuming = await services.database.all(job_rows.resuming(now))
    for row in resuming:
        await jobs.resume(services, Scope(row["site_id"]), row["id"], _noted(row["site_id"], now))
    reclaimed, lost = await services.database.batch([batches.reclaim(now), batches.requeue(now - LOST_AFTER, now)])
    queued = 0
    for row in await services.database.all(batches.sites_due(now)):
        queued += await dispatch.queue_site(services, row["site_id"])
    forgotten = await services.database.all(callbacks.sites_due(now - CALLBACK_GRACE))
    for row in forgotten:
        await dispatch.kick_callbacks(services, row["site_id"])
    erased = await retention.sweep(services)
    repairs = {
        "scheduled jobs started": len(scheduled),
        "paused jobs resumed": len(resuming),
        "dead leases reclaimed": len(reclaimed),
        "lost messages replaced": len(lost),
        "batches queued": queued,
        "sites with forgotten callbacks": len(forgotten),
        "rows of people erased": erased.people,
        "certificates erased": erased.certificates,
        "soft bounces forgotten": erased.soft_bounces,
    }
    for what, count in repairs.items():
        if count:
            log("info", what, count=count)


def _noted(site_id: str, now: int) -> jobs.Note:
    """The audit trail tells of a pause that ended by itself, as of one that somebody ended."""

    def statement(job_id: str, states: Sequence[str]) -> Statement:
        entry = audit.Entry(now, "system", "system", "job.resume", job_id, site_id=site_id)
        return audit.insert_for_job(entry, states)

    return statement
