"""Breakers: what goes wrong for everybody pauses the job, instead of burning through its people.

The promise: a paused job says why, in the job and in a callback; one press resumes it, and what was wrong until then is
forgiven. A used-up daily quota resumes by itself when the day changes, an outage after a while that grows.
"""

import contextlib
from typing import NamedTuple

from core.errors import CredentialsRejected, ProviderBroken, ProviderDown, QuotaExhausted, WrongState
from core.log import log
from core.scope import Scope
from jobs import actions as jobs
from runtime.ports import Random, Row
from runtime.services import Services
from sending import backoff
from sending.group import IN_FLIGHT, GroupResult
from store import jobs as job_rows

DAY = 86_400_000  # milliseconds

# SES reviews a sender at 5 % hard bounces and stops it at 10 %; a pause at 2 % comes in time for a person to look.
BOUNCE_LIMIT = 0.02
BOUNCE_SENDS = 200
FAILURE_ATTEMPTS = 50  # ended people before a share of failures says anything
FREE_OUTAGES = 50  # in a row, about a day, that cost nobody an attempt; then it may be the mail's own fault after all


class Trip(NamedTuple):
    """Why a job is to pause; `resume_at` in milliseconds where the pause ends by itself."""

    reason: str
    detail: str
    resume_at: int | None = None


def on_site(standing: Row) -> Trip | None:
    return Trip("site_disabled", "the operator disabled the site") if standing["disabled_at"] else None


def on_failures(standing: Row) -> Trip | None:
    """`standing` as `batches.standing` returns it."""
    failed = standing["failed"] - standing["forgiven_failed"]
    attempts = failed + standing["sent"] - standing["forgiven_sent"]
    if attempts < FAILURE_ATTEMPTS or failed <= standing["failure_limit"] * attempts:
        return None
    limit = f"{standing['failure_limit']:.0%}"
    return Trip("too_many_failures", f"{failed} of {attempts} people failed; the site's limit is {limit}")


def on_quota(standing: Row, now: int) -> Trip | None:
    """The site's own daily quota, in days of UTC."""
    if standing["daily_quota"] is None or standing["sent_today"] < standing["daily_quota"]:
        return None
    return Trip("quota_exhausted", f"the site's {standing['daily_quota']} mails of today are sent", tomorrow(now))


def quota_left(standing: Row) -> int:
    """How many more mails the quota allows today; at least one, since a used-up quota is told by `on_quota`."""
    quota = standing["daily_quota"]
    return 1_000_000 if quota is None else max(1, quota - standing["sent_today"])


def on_refusal(halt: CredentialsRejected | QuotaExhausted, now: int) -> Trip:
    """What the provider says of everybody. Its quota comes back when it said so, or with the next day."""
    detail = halt.detail or halt.code
    if isinstance(halt, CredentialsRejected):
        return Trip("credentials_rejected", detail)
    return Trip("quota_exhausted", detail, now + round(halt.retry_after * 1000) if halt.retry_after else tomorrow(now))


def on_outage(result: GroupResult, standing: Row, sent_before: int, random: Random, now: int) -> Trip | None:
    """A service that everybody needs does not do its work: nobody's mail got through, or six in a row did not. Of fewer
    it is believed only where no other mail of the job has got through since `sent_before`."""
    down = [outcome for outcome in result.tried if outcome.down]
    nobody = len(down) == len(result.tried) and result.halt is None
    silent = nobody and (len(down) >= IN_FLIGHT or standing["sent"] == sent_before)
    if not down or not (silent or isinstance(result.halt, ProviderDown | ProviderBroken)):
        return None
    wait = backoff.delay(standing["outages"] + 1, random, base=60)
    return Trip("outage", f"{down[0].reason}: {down[0].detail}", now + wait * 1000)


def tomorrow(now: int) -> int:
    return (now // DAY + 1) * DAY


async def trip(services: Services, site_id: str, job_id: str, why: Trip) -> None:
    """Pause the job; one that is not running any more is left as it is."""
    log("warning", "job paused", site=site_id, job=job_id, reason=why.reason)
    with contextlib.suppress(WrongState):
        await jobs.pause(
            services, Scope(site_id), job_id, reason=why.reason, detail=why.detail, resume_at=why.resume_at
        )


async def check_bounces(services: Services, job_id: str) -> None:
    """After the provider told of bounces: pause the job where too many of its mails were hard bounces."""
    for row in await services.database.all(job_rows.bounces(job_id)):
        sent = row["sent"] - row["forgiven_sent"]
        bounced = row["bounced"] - row["forgiven_bounced"]
        if sent >= BOUNCE_SENDS and bounced > BOUNCE_LIMIT * sent:
            detail = f"{bounced} of {sent} mails were hard bounces; the limit is {BOUNCE_LIMIT:.0%}"
            await trip(services, row["site_id"], job_id, Trip("hard_bounces", detail))
