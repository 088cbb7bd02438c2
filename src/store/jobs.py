"""Statements of `jobs` and `job_contents`."""

from core.scope import Scope
from runtime.ports import Statement
from store import kept
from store.companies import company_rate
from store.tenancy import parameters, within

_IN_SCOPE = "site_id = ?2 AND (?3 IS NULL OR company = ?3)"
_OPEN = "state IN ('draft', 'scheduled', 'queued', 'running', 'paused')"
_HARD_BOUNCES = """SELECT count(*) FROM recipients INDEXED BY recipients_bounced
    WHERE job_id = ?1 AND delivery IN ('bounced', 'complained') AND reason = 'hard_bounce'"""
# what went wrong until a person lets the job go on: the breakers look at what comes after
_FORGIVEN = f"forgiven_sent = sent, forgiven_failed = failed, forgiven_bounced = ({_HARD_BOUNCES})"

# Everybody has ended and every batch has told so. `ended_at` makes it true once.
ENDS_NOW = """
    j.id = ?1 AND j.ended_at IS NULL AND j.pending = 0 AND j.sending = 0
    AND j.state IN ('queued', 'running', 'paused', 'cancelled')
    AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.job_id = ?1 AND b.state NOT IN ('done', 'dead'))"""


def insert(
    scope: Scope,
    job_id: str,
    *,
    kind: str,
    name: str,
    category: str,
    send_at: int | None,
    rate: float | None,
    on_uncertain: str,
    batch_size: int,
    idempotency_key: str | None,
    request_hash: str,
    now: int,
    bytes: int,
    limits: str,
) -> Statement:
    """A draft. No row comes back where the idempotency key is taken, or there is no room for one of these `bytes`."""
    room = kept.room("?15", "?2", "?3", {"drafts": "1", "bytes": "?14"})
    return Statement(
        f"""INSERT INTO jobs (id, site_id, company, kind, name, state, category, send_at, rate, on_uncertain,
              batch_size, idempotency_key, request_hash, created_at)
            SELECT ?1, ?2, ?3, ?4, ?5, 'draft', ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13 WHERE {room}
            ON CONFLICT DO NOTHING RETURNING id""",
        (
            *(job_id, scope.site_id, scope.company, kind, name, category, send_at, rate, on_uncertain),
            *(batch_size, idempotency_key, request_hash, now, bytes, limits),
        ),
    )


def insert_content(job_id: str, version: str, content: str) -> Statement:
    return Statement(
        """INSERT INTO job_contents (job_id, version, content)
           SELECT id, ?2, ?3 FROM jobs WHERE id = ?1""",
        (job_id, version, content),
    )


def find(scope: Scope | None, job_id: str) -> Statement:
    """`scope` None: of all sites."""
    return Statement(
        f"SELECT *, {company_rate('jobs')} FROM jobs WHERE {within(scope)} AND id = ?3", (*parameters(scope), job_id)
    )


def find_by_key(scope: Scope, idempotency_key: str) -> Statement:
    return Statement(
        """SELECT id, request_hash FROM jobs
           WHERE site_id = ?1 AND ifnull(company, '') = ifnull(?2, '') AND idempotency_key = ?3""",
        (scope.site_id, scope.company, idempotency_key),
    )


def content(scope: Scope, job_id: str) -> Statement:
    return Statement(
        """SELECT c.version, c.content, s.provider, s.sender_email, s.senders
           FROM jobs j JOIN job_contents c ON c.job_id = j.id JOIN sites s ON s.id = j.site_id
           WHERE j.id = ?1 AND j.site_id = ?2 AND (?3 IS NULL OR j.company = ?3)""",
        (job_id, scope.site_id, scope.company),
    )


def start(scope: Scope, job_id: str, now: int) -> Statement:
    return Statement(
        f"""UPDATE jobs SET state = CASE WHEN send_at > ?4 THEN 'scheduled' ELSE 'queued' END
            WHERE id = ?1 AND {_IN_SCOPE} AND state = 'draft' AND total > 0 RETURNING id""",
        (job_id, scope.site_id, scope.company, now),
    )


def begin(job_id: str, number: int, fence: int, now: int) -> Statement:
    """The first batch under way makes the job run; `fence` proves the lease."""
    return Statement(
        """UPDATE jobs SET state = 'running', started_at = ifnull(started_at, ?4)
           WHERE id = ?1 AND state = 'queued'
             AND EXISTS (SELECT 1 FROM batches b
                         WHERE b.job_id = ?1 AND b.number = ?2 AND b.fence = ?3 AND b.state = 'processing')""",
        (job_id, number, fence, now),
    )


def pause(scope: Scope, job_id: str, reason: str, detail: str | None, resume_at: int | None) -> Statement:
    return Statement(
        f"""UPDATE jobs SET state = 'paused', reason = ?4, detail = ?5, resume_at = ?6,
              outages = outages + (?4 = 'outage')
            WHERE id = ?1 AND {_IN_SCOPE} AND state IN ('queued', 'running') RETURNING id""",
        (job_id, scope.site_id, scope.company, reason, detail, resume_at),
    )


def resume(scope: Scope, job_id: str) -> Statement:
    return Statement(
        f"""UPDATE jobs SET state = 'queued', reason = NULL, detail = NULL, resume_at = NULL, {_FORGIVEN}
            WHERE id = ?1 AND {_IN_SCOPE} AND state = 'paused' RETURNING id""",
        (job_id, scope.site_id, scope.company),
    )


def outage_over(job_id: str) -> Statement:
    return Statement("UPDATE jobs SET outages = 0 WHERE id = ?1 AND outages > 0", (job_id,))


def cancel(scope: Scope, job_id: str, reason: str) -> Statement:
    return Statement(
        f"""UPDATE jobs SET state = 'cancelled', reason = ?4, detail = NULL
            WHERE id = ?1 AND {_IN_SCOPE} AND {_OPEN} RETURNING id""",
        (job_id, scope.site_id, scope.company, reason),
    )


def reopen(scope: Scope, job_id: str) -> Statement:
    """A retry or a redrive made people of an ended job pending again."""
    return Statement(
        f"""UPDATE jobs SET state = 'queued', ended_at = NULL, {_FORGIVEN}
            WHERE id = ?1 AND {_IN_SCOPE} AND state = 'completed' AND pending > 0""",
        (job_id, scope.site_id, scope.company),
    )


def release_scheduled(now: int) -> Statement:
    return Statement(
        "UPDATE jobs SET state = 'queued' WHERE state = 'scheduled' AND send_at <= ?1 RETURNING id, site_id", (now,)
    )


def bounces(job_id: str) -> Statement:
    """What the breaker of hard bounces looks at."""
    return Statement(
        f"""SELECT site_id, sent, forgiven_sent, forgiven_bounced,
             ({_HARD_BOUNCES}) AS bounced
           FROM jobs WHERE id = ?1 AND state IN ('queued', 'running')""",
        (job_id,),
    )


def resuming(now: int) -> Statement:
    """Paused jobs whose pause ends by itself."""
    return Statement("SELECT id, site_id FROM jobs WHERE state = 'paused' AND resume_at <= ?1", (now,))


def end(job_id: str, now: int) -> Statement:
    """Goes with `events.completed`, which must come before it in the same transaction."""
    return Statement(
        f"""UPDATE jobs AS j SET ended_at = ?2, state = iif(state = 'cancelled', 'cancelled', 'completed')
            WHERE {ENDS_NOW}""",
        (job_id, now),
    )


def progress_told(job_id: str, now: int, interval: int) -> Statement:
    return Statement(
        "UPDATE jobs SET progress_at = ?2 WHERE id = ?1 AND state = 'running' AND progress_at <= ?2 - ?3",
        (job_id, now, interval),
    )
