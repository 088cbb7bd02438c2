"""Statements of `batches`: leases with fencing, counters, and what is to be queued."""

from core.states import RecipientState
from runtime.ports import Statement
from store.companies import company_rate
from store.recipients import KEPT, RANGE

_COUNTERS = ", ".join(("total", *RecipientState))
_COUNTS = ", ".join(("count(*)", *(f"sum(state = '{state}')" for state in RecipientState)))

_ITS_PEOPLE = """job_id = batches.job_id AND position
    BETWEEN batches.number * (SELECT batch_size FROM jobs WHERE id = batches.job_id)
    AND (batches.number + 1) * (SELECT batch_size FROM jobs WHERE id = batches.job_id) - 1"""

# ?1 job, ?2 batch, ?3 fence: the lease is still the caller's
_HELD = "job_id = ?1 AND number = ?2 AND fence = ?3 AND state = 'processing'"


def add_appended(job_id: str) -> Statement:
    """Batches for the people just appended; the last batch that was there may have been filled up."""
    return Statement(
        f"""INSERT INTO batches (job_id, number, state, total, pending, cancelled, kept_people, kept_bytes)
            SELECT ?1, position / (SELECT batch_size FROM jobs WHERE id = ?1), 'pending', count(*),
              sum(state = 'pending'), sum(state = 'cancelled'), {KEPT}
            FROM recipients
            WHERE job_id = ?1
              AND position >= (SELECT ifnull(max(number), 0) FROM batches WHERE job_id = ?1)
                              * (SELECT batch_size FROM jobs WHERE id = ?1)
            GROUP BY 2
            ON CONFLICT (job_id, number) DO UPDATE
              SET total = excluded.total, pending = excluded.pending, cancelled = excluded.cancelled,
                kept_people = excluded.kept_people, kept_bytes = excluded.kept_bytes""",
        (job_id,),
    )


def release(job_id: str, now: int) -> Statement:
    """Let the batches of a job that has just been queued go to the queue."""
    return Statement(
        """UPDATE batches SET due_at = ?2
           WHERE job_id = ?1 AND state = 'pending' AND due_at IS NULL
             AND EXISTS (SELECT 1 FROM jobs WHERE id = ?1 AND state IN ('queued', 'running'))""",
        (job_id, now),
    )


def release_scheduled(now: int) -> Statement:
    """Goes before `jobs.release_scheduled` in the same transaction."""
    return Statement(
        """UPDATE batches SET due_at = ?1
           WHERE state = 'pending' AND due_at IS NULL
             AND job_id IN (SELECT id FROM jobs WHERE state = 'scheduled' AND send_at <= ?1)""",
        (now,),
    )


def next_of_site(site_id: str, now: int, window: int) -> Statement:
    """The site's next due batches, as many as fill up its window. The first batches of every job come before the second
    ones of any, so that a short job is not behind a long one."""
    return Statement(
        """SELECT b.job_id, b.number FROM batches b CROSS JOIN jobs j ON j.id = b.job_id
           WHERE b.state = 'pending' AND b.due_at <= ?2 AND j.site_id = ?1
           ORDER BY b.number, b.due_at
           LIMIT max(0, ?3
             - (SELECT count(*) FROM batches o CROSS JOIN jobs oj ON oj.id = o.job_id
                WHERE o.state = 'queued' AND o.queued_at <= ?2 AND oj.site_id = ?1)
             - (SELECT count(*) FROM batches o CROSS JOIN jobs oj ON oj.id = o.job_id
                WHERE o.state = 'processing' AND oj.site_id = ?1))""",
        (site_id, now, window),
    )


def sites_due(now: int) -> Statement:
    """Sites with batches that were committed but are not on the queue."""
    return Statement(
        """SELECT DISTINCT j.site_id FROM batches b CROSS JOIN jobs j ON j.id = b.job_id
           WHERE b.state = 'pending' AND b.due_at <= ?1""",
        (now,),
    )


def queued(references: str, due_at: int) -> Statement:
    """Their messages were sent, to arrive at `due_at`; `references` is a JSON array of {job, batch}."""
    return Statement(
        """UPDATE batches SET state = 'queued', queued_at = ?2
           WHERE (job_id, number) IN (SELECT value ->> 'job', value ->> 'batch' FROM json_each(?1))
             AND state = 'pending'""",
        (references, due_at),
    )


def lease(job_id: str, number: int, until: int, now: int) -> Statement:
    """Take the batch: nobody else holds it and it is due. The fence that comes back is the holder's."""
    return Statement(
        """UPDATE batches
           SET redeliveries = redeliveries + (state = 'processing'), state = 'processing', fence = fence + 1,
               lease_until = ?3
           WHERE job_id = ?1 AND number = ?2
             AND ((state IN ('pending', 'queued') AND ifnull(due_at, 0) <= ?4)
                  OR (state = 'processing' AND lease_until <= ?4))
             AND EXISTS (SELECT 1 FROM jobs WHERE id = ?1 AND state NOT IN ('draft', 'scheduled'))
           RETURNING fence, redeliveries, throttles""",
        (job_id, number, until, now),
    )


def look(job_id: str, number: int) -> Statement:
    """For deciding what to do with a message that got no lease."""
    return Statement(
        """SELECT b.state, b.due_at, b.lease_until, j.site_id
           FROM batches b JOIN jobs j ON j.id = b.job_id WHERE b.job_id = ?1 AND b.number = ?2""",
        (job_id, number),
    )


def work(job_id: str) -> Statement:
    """What sending a batch of the job needs to know, once."""
    return Statement(
        f"""SELECT j.site_id, j.company, j.kind, j.rate, j.on_uncertain, s.provider, s.send_rate, c.version, c.content,
             {company_rate("j")}
           FROM jobs j JOIN sites s ON s.id = j.site_id JOIN job_contents c ON c.job_id = j.id WHERE j.id = ?1""",
        (job_id,),
    )


def recount(job_id: str, number: int) -> Statement:
    return Statement(
        f"""UPDATE batches SET ({_COUNTERS}) = (SELECT {_COUNTS} FROM recipients WHERE job_id = ?1 AND {RANGE})
            WHERE job_id = ?1 AND number = ?2""",
        (job_id, number),
    )


def recount_all(job_id: str) -> Statement:
    """Recount the batches of a job whose people changed, and no others."""
    return Statement(
        f"""UPDATE batches
            SET ({_COUNTERS}) = (SELECT {_COUNTS} FROM recipients
              WHERE job_id = ?1 AND position BETWEEN number * (SELECT batch_size FROM jobs WHERE id = ?1)
                AND (number + 1) * (SELECT batch_size FROM jobs WHERE id = ?1) - 1)
            WHERE job_id = ?1 AND ({_COUNTERS}) IS NOT (SELECT {_COUNTS} FROM recipients
              WHERE job_id = ?1 AND position BETWEEN number * (SELECT batch_size FROM jobs WHERE id = ?1)
                AND (number + 1) * (SELECT batch_size FROM jobs WHERE id = ?1) - 1)""",
        (job_id,),
    )


def recount_changed(touched: str) -> Statement:
    """Of these batches, a JSON array of {job, batch}, recount those whose people changed."""
    return Statement(
        f"""UPDATE batches SET ({_COUNTERS}) = (SELECT {_COUNTS} FROM recipients WHERE {_ITS_PEOPLE})
            WHERE (job_id, number) IN (SELECT value ->> 'job', value ->> 'batch' FROM json_each(?1))
              AND ({_COUNTERS}) IS NOT (SELECT {_COUNTS} FROM recipients WHERE {_ITS_PEOPLE})""",
        (touched,),
    )


def recount_kept(touched: str) -> Statement:
    """Of these batches, a JSON array of {job, batch}, what is kept of their people, some of whom were erased."""
    return Statement(
        f"""UPDATE batches SET (kept_people, kept_bytes) = (SELECT {KEPT} FROM recipients WHERE {_ITS_PEOPLE})
            WHERE (job_id, number) IN (SELECT value ->> 'job', value ->> 'batch' FROM json_each(?1))""",
        (touched,),
    )


def renew(job_id: str, number: int, fence: int, until: int) -> Statement:
    """Recount, and hold the batch until `until`: while the lease is still the caller's."""
    return Statement(
        f"""UPDATE batches
            SET ({_COUNTERS}) = (SELECT {_COUNTS} FROM recipients WHERE job_id = ?1 AND {RANGE}),
                lease_until = iif(fence = ?3 AND state = 'processing', ?4, lease_until)
            WHERE job_id = ?1 AND number = ?2""",
        (job_id, number, fence, until),
    )


def progressed(job_id: str, number: int, fence: int) -> Statement:
    """A mail was accepted: the budgets of throttles and redeliveries start anew."""
    return Statement(
        f"""UPDATE batches SET throttles = 0, redeliveries = 0
            WHERE {_HELD} AND (throttles > 0 OR redeliveries > 0)""",
        (job_id, number, fence),
    )


def standing(job_id: str, number: int, fence: int, now: int) -> Statement:
    """How the holder of a lease stands after a step: `held`, what is left, the job's state; `lanes`: how many batches
    of the same site are being sent right now, which share its rate, `company_lanes` those of the same company; and what
    the breakers look at."""
    return Statement(
        """SELECT b.fence = ?3 AND b.state = 'processing' AS held, b.pending, b.sending, j.state AS job_state,
             j.started_at, j.progress_at, j.sent, j.failed, j.forgiven_sent, j.forgiven_failed, j.outages,
             s.failure_limit, s.daily_quota, s.disabled_at,
             (SELECT ifnull(sum(u.sent), 0) FROM usage u
              WHERE u.site_id = s.id AND u.day = date(?4 / 1000, 'unixepoch')) AS sent_today,
             (SELECT count(*) FROM batches o CROSS JOIN jobs oj ON oj.id = o.job_id -- few are leased: begin with them
              WHERE o.state = 'processing' AND oj.site_id = j.site_id) AS lanes,
             iif(j.company IS NULL, 1, (SELECT count(*) FROM batches o CROSS JOIN jobs oj ON oj.id = o.job_id
              WHERE o.state = 'processing' AND oj.site_id = j.site_id AND oj.company = j.company)) AS company_lanes
           FROM batches b JOIN jobs j ON j.id = b.job_id JOIN sites s ON s.id = j.site_id
           WHERE b.job_id = ?1 AND b.number = ?2""",
        (job_id, number, fence, now),
    )


def give_back(job_id: str, number: int, fence: int, due_at: int, throttled: int) -> Statement:
    """End a lease with people still pending: the batch goes on at `due_at`, or once its job, paused now, is resumed."""
    return Statement(
        f"""UPDATE batches
            SET state = 'pending', lease_until = NULL, throttles = throttles + ?5,
                due_at = iif((SELECT state FROM jobs WHERE id = ?1) = 'paused', NULL, ?4)
            WHERE {_HELD}""",
        (job_id, number, fence, due_at, throttled),
    )


def broke(job_id: str, number: int, fence: int, now: int) -> Statement:
    """The holder of this lease broke: the batch goes on at once, one redelivery the poorer."""
    return Statement(
        f"""UPDATE batches SET state = 'pending', due_at = ?4, lease_until = NULL, redeliveries = redeliveries + 1
            WHERE {_HELD}""",
        (job_id, number, fence, now),
    )


def put_back(job_id: str, number: int, most: int, now: int) -> Statement:
    """The queue gave its message up, which says more of the time than of the batch: it goes on, one redelivery the
    poorer, while the next would not be the last of `most`."""
    return Statement(
        """UPDATE batches
           SET state = 'pending', redeliveries = redeliveries + 1,
               due_at = iif((SELECT state FROM jobs WHERE id = ?1) = 'paused', NULL, ?4)
           WHERE job_id = ?1 AND number = ?2 AND state IN ('pending', 'queued') AND redeliveries < ?3 - 1
           RETURNING number""",
        (job_id, number, most, now),
    )


def finish(job_id: str, number: int, fence: int) -> Statement:
    return Statement(
        f"""UPDATE batches SET state = 'done', due_at = NULL, lease_until = NULL
            WHERE {_HELD} AND pending = 0 AND sending = 0""",
        (job_id, number, fence),
    )


def end_unstarted(job_id: str, now: int) -> Statement:
    """The job is being cancelled: whatever nobody holds has ended. Those held end by their holder; and where a dead
    lease left people in flight, by the next."""
    return Statement(
        """UPDATE batches
           SET state = iif(sending = 0, 'done', state), due_at = iif(sending = 0, NULL, ifnull(due_at, ?2))
           WHERE job_id = ?1 AND state IN ('pending', 'queued')""",
        (job_id, now),
    )


def reopen(job_id: str, now: int) -> Statement:
    """Ended batches with people pending again go back to the queue, or wait where the job is paused."""
    return Statement(
        """UPDATE batches
           SET state = 'pending', throttles = 0, redeliveries = 0,
               due_at = iif((SELECT state FROM jobs WHERE id = ?1) = 'paused', NULL, ?2)
           WHERE job_id = ?1 AND state IN ('done', 'dead') AND pending > 0""",
        (job_id, now),
    )


def bury(job_id: str, number: int, now: int) -> Statement:
    return Statement(
        """UPDATE batches SET state = 'dead', due_at = NULL, lease_until = NULL
           WHERE job_id = ?1 AND number = ?2 AND state IN ('pending', 'queued', 'processing')
             AND ifnull(lease_until, 0) <= ?3 RETURNING number""",
        (job_id, number, now),
    )


def reclaim(now: int) -> Statement:
    """Leases that died: their batches go back to the queue, one redelivery the poorer."""
    return Statement(
        """UPDATE batches
           SET state = 'pending', due_at = ?1, lease_until = NULL, redeliveries = redeliveries + 1
           WHERE state = 'processing' AND lease_until <= ?1 RETURNING job_id, number""",
        (now,),
    )


def requeue(queued_before: int, now: int) -> Statement:
    """Messages sent long ago that never came: a queue may lose them, or keep them for four days only."""
    return Statement(
        """UPDATE batches SET state = 'pending', due_at = ?2
           WHERE state = 'queued' AND queued_at <= ?1 RETURNING job_id, number""",
        (queued_before, now),
    )
