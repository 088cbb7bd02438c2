"""The sweeper, once a minute: what was committed but not carried on is carried on.

The promise: whatever a crash or a lost message left behind, the next sweep finds by its due time and puts on its queue.
It is idempotent, bounded a run, and says in the log what it repaired.
"""

from collections.abc import Sequence
from contextlib import suppress

from core.apart import alone
from core.errors import WrongState
from core.log import log
from core.scope import Scope
from jobs import actions as jobs
from privacy import retention
from runtime.ports import Statement
from runtime.services import Services
from sending import dispatch
from store import audit, batches, console_sessions, heartbeats, receivers
from store import jobs as job_rows

LOST_AFTER = 3_600_000  # milliseconds past its time until a batch's message counts as lost
SESSIONS = 1000  # that are over, deleted in one run
CALLBACK_GRACE = 60_000  # milliseconds past its time until a callback counts as forgotten

Repairs = dict[str, int]  # what a step did, as the log tells it


async def sweep(services: Services) -> None:
    """One run. What cannot be repaired holds nothing else up: neither a step the next, nor one job or site another."""
    now = services.clock.now()
    for step in (_scheduled, _sessions, _paused, _dead, _due, _forgotten, _erased):
        with alone():
            for what, count in (await step(services, now)).items():
                if count:
                    log("info", what, count=count)


async def _scheduled(services: Services, now: int) -> Repairs:
    _, scheduled, _ = await services.database.batch(
        [batches.release_scheduled(now), job_rows.release_scheduled(now), heartbeats.beat("sweep", now)]
    )
    return {"scheduled jobs started": len(scheduled)}


async def _sessions(services: Services, now: int) -> Repairs:
    await services.database.batch(
        [console_sessions.delete_expired(now, SESSIONS), console_sessions.delete_expired_keys(now, SESSIONS)]
    )
    return {}


async def _paused(services: Services, now: int) -> Repairs:
    resumed = 0
    for row in await services.database.all(job_rows.resuming(now)):
        # somebody may have cancelled it at this moment
        with alone(site=row["site_id"], job=row["id"]), suppress(WrongState):
            await jobs.resume(services, Scope(row["site_id"]), row["id"], _noted(row["site_id"], now))
            resumed += 1
    return {"paused jobs resumed": resumed}


async def _dead(services: Services, now: int) -> Repairs:
    reclaimed, lost = await services.database.batch([batches.reclaim(now), batches.requeue(now - LOST_AFTER, now)])
    return {"dead leases reclaimed": len(reclaimed), "lost messages replaced": len(lost)}


async def _due(services: Services, now: int) -> Repairs:
    queued = 0
    for row in await services.database.all(batches.sites_due(now)):
        with alone(site=row["site_id"]):
            queued += await dispatch.queue_site(services, row["site_id"])
    return {"batches queued": queued}


async def _forgotten(services: Services, now: int) -> Repairs:
    forgotten = await services.database.all(receivers.forgotten(now - CALLBACK_GRACE))
    for row in forgotten:
        with alone(site=row["site_id"]):
            await dispatch.kick_callbacks(services, row["site_id"])
    return {"sites with forgotten callbacks": len(forgotten)}


async def _erased(services: Services, now: int) -> Repairs:  # noqa: ARG001 - the shape of a step
    erased = await retention.sweep(services)
    return {
        "rows of people erased": erased.people,
        "certificates erased": erased.certificates,
        "soft bounces forgotten": erased.soft_bounces,
    }


def _noted(site_id: str, now: int) -> jobs.Note:
    """The audit trail tells of a pause that ended by itself, as of one that somebody ended."""

    def statement(job_id: str, states: Sequence[str]) -> Statement:
        entry = audit.Entry(now, "system", "system", "job.resume", job_id, site_id=site_id)
        return audit.insert_for_job(entry, states)

    return statement
