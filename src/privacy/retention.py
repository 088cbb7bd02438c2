"""Nobody's data is kept longer than their site wants: the sweeper's part of privacy.

The promise: a sweep erases a bounded number of rows and goes on with the next one; what it erases is anonymised or
deleted, counts and the audit trail stay; a sweep that is cut off anywhere is carried on by the next.
"""

import contextlib
import json
from collections import defaultdict
from typing import Any, NamedTuple

from core.apart import alone
from core.errors import BucketUnavailable, WrongState
from core.log import log, place_of
from core.scope import Scope
from jobs import actions as jobs
from providers import sandbox
from runtime.ports import Row, Statement
from runtime.services import Services
from sending.persistence import persist
from store import audit, batches, privacy, retention

BUDGET = 5_000  # rows a sweep
PEOPLE = 1_000  # in a transaction
EVENTS = 500
MAILS = 1_000
CERTIFICATES = 100
JOBS = 20  # looked at in a sweep
SOFT_BOUNCES = 500


class Erased(NamedTuple):
    """How many rows a sweep erased."""

    people: int
    certificates: int
    soft_bounces: int


async def sweep(services: Services) -> Erased:
    """One sweep's part."""
    people = certificates = soft_bounces = 0
    with alone():
        people = BUDGET - await _people(services, BUDGET)
    with alone():
        certificates = await _certificates(services)
    with alone():
        statement = retention.delete_soft_bounces(services.clock.now(), SOFT_BOUNCES)
        soft_bounces = len(await services.database.all(statement))
    return Erased(people, certificates, soft_bounces)


async def due(services: Services, scope: Scope | None, after: tuple[int, str], limit: int) -> list[Row]:
    """What the next sweeps would erase, a row a site."""
    return await services.database.all(retention.standing(scope, after, services.clock.now(), limit))


async def would_be_due(services: Services, site_id: str, days: int | None, years: int | None) -> Row:
    """What the next sweeps would erase of a site that kept people for so many days, certificates for so many years."""
    statement = retention.standing(Scope(site_id), (-1, ""), services.clock.now(), 1, (days, years))
    [row] = await services.database.all(statement)
    return row


async def _people(services: Services, budget: int) -> int:
    """Jobs and what belongs to them; what is left of the budget."""
    for row in await services.database.all(retention.stale_drafts(services.clock.now(), JOBS)):
        # somebody may have cancelled it at this moment
        with alone(site=row["site_id"], job=row["id"]), contextlib.suppress(WrongState):
            await _cancel(services, row)
    for job in await services.database.all(retention.due_jobs(services.clock.now(), JOBS)):
        with alone(site=job["site_id"], job=job["id"]):
            budget = await _job(services, job, budget)
        if budget <= 0:
            return 0
    return budget


async def _cancel(services: Services, row: Row) -> None:
    def note(job_id: str, states: Any) -> Statement:
        return audit.insert_for_job(_entry(services, "job.cancel", job_id, row["site_id"]), states)

    await jobs.cancel(services, Scope(row["site_id"]), row["id"], note, reason="retention")


async def _job(services: Services, job: Row, budget: int) -> int:
    """A job's people, then its events, then the rest; what is left of the budget."""
    try:
        left = await _mails(services, job, budget)
    except BucketUnavailable:
        log("warning", "mails of the sandbox not erased", job=job["id"])
        return budget
    return await _rows(services, job, left) if left > 0 else 0


async def _mails(services: Services, job: Row, budget: int) -> int:
    """Those that the sandbox keeps as files; before the people whom they are of."""
    while budget > 0:
        files = await services.files.keys(sandbox.job_folder(job["site_id"], job["id"]), MAILS)
        if not files:
            break
        await services.files.delete(files)
        budget -= len(files)
    return budget


async def _rows(services: Services, job: Row, budget: int) -> int:
    first = job["erased_to"]
    while first < job["total"]:
        if budget <= 0:
            return 0
        end = min(first + PEOPLE, job["total"])
        size = job["batch_size"]
        touched = [{"job": job["id"], "batch": number} for number in range(first // size, (end - 1) // size + 1)]
        _, _, advanced = await services.database.batch(
            [
                retention.erase_people(job["id"], first, end),
                batches.recount_kept(json.dumps(touched)),
                retention.people_erased(job["id"], first, end),
            ]
        )
        if not advanced:  # opened again
            return budget
        budget -= end - first
        first = end
    while True:
        if budget <= 0:
            return 0
        deleted = await services.database.all(retention.delete_events(job["id"], EVENTS))
        budget -= len(deleted)
        if len(deleted) < EVENTS:
            break
    entry = _entry(services, "privacy.retention", job["id"], job["site_id"], job["company"], people=job["total"])
    statements = [
        retention.note_job(entry),
        retention.delete_content(job["id"]),
        retention.finish_job(job["id"], services.clock.now()),
    ]
    await services.database.batch(statements)
    return budget - 1


async def _certificates(services: Services) -> int:
    """The file before the row that it is found by."""
    rows = await services.database.all(retention.due_certificates(services.clock.now(), CERTIFICATES))
    if not rows:
        return 0
    rows = await _without_file(services, rows)
    by_site: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_site[row["site_id"]].append({"code": row["code"], "as": f"erased-{services.random.token(8).hex()}"})
    count = 0
    for site_id, certificates in by_site.items():
        with alone(site=site_id):
            text = json.dumps(certificates)
            entry = _entry(services, "privacy.retention", site_id, site_id, certificates=len(certificates))
            erased = privacy.erase_certificates(text, services.clock.now())
            await persist(services, [privacy.note_certificates(entry, text), erased])
            count += len(certificates)
    return count


async def _without_file(services: Services, rows: list[Row]) -> list[Row]:
    """Those whose file is gone: all at once, or where that breaks one by one."""
    try:
        await services.files.delete([row["file"] for row in rows])
    except BucketUnavailable:
        log("warning", "certificates not erased", count=len(rows))
        return []
    except Exception as error:
        place = place_of(error)
        log("error", "certificates not erased", reason=place, count=len(rows))
    else:
        return rows
    gone: list[Row] = []
    for row in rows:
        with alone(site=row["site_id"]):
            await services.files.delete([row["file"]])
            gone.append(row)
    return gone


def _entry(
    services: Services, action: str, target: str, site_id: str, company: str | None = None, **detail: int
) -> audit.Entry:
    return audit.Entry(services.clock.now(), "system", "system", action, target, None, site_id, company, detail or None)
