"""Statements that write events into `callbacks`, the outbox: always in the transaction of what they tell.

An event tells a change only if the change happens: each statement repeats the condition of the change and stands before
it in the same transaction.
"""

from core.scope import Scope
from runtime.ports import Statement
from store.certificates import ISSUABLE
from store.deliveries import TOLD
from store.jobs import ENDS_NOW
from store.suppressions import PERSON, UNDONE, UNSUBSCRIBES

_INSERT = """INSERT INTO callbacks (id, site_id, company, job_id, sequence, type, data, created_at, state, due_at)
    SELECT 'evt_' || substr(j.id, 5) || '_' || (j.sequence + {place}), j.site_id, j.company, j.id, j.sequence + {place},
      {type}, {data}, {now}, 'pending',
      iif(s.callback_url IS NOT NULL AND s.callback_off_at IS NULL AND s.disabled_at IS NULL, {now}, NULL)
    FROM jobs j JOIN sites s ON s.id = j.site_id {source}
    WHERE {condition}"""

_JOB = """json_object('job', j.id, 'company', j.company, 'state', {state}, 'reason', {reason}, 'detail', {detail},
    'counts', json_object('total', j.total, 'pending', j.pending, 'sending', j.sending, 'sent', j.sent,
      'failed', j.failed, 'uncertain', j.uncertain, 'suppressed', j.suppressed, 'cancelled', j.cancelled))"""

_BATCH = """json_object('job', j.id, 'company', j.company, 'batch', b.number, 'recipients',
    (SELECT json_group_array(json_object('ref', ref, 'state', state, 'reason', reason, 'message_id', message_id,
       'attachment', attachment, 'at', updated_at)) FROM recipients WHERE job_id = j.id
       AND position BETWEEN b.number * j.batch_size AND (b.number + 1) * j.batch_size - 1))"""


def _job_event(kind: str, condition: str, state: str, reason: str = "NULL", detail: str = "NULL") -> str:
    return _INSERT.format(
        place="1",
        type=f"'job.{kind}'",
        data=_JOB.format(state=state, reason=reason, detail=detail),
        now="?2",
        source="",
        condition=condition,
    )


def _batch_events(condition: str, now: str) -> str:
    return _INSERT.format(
        place="row_number() OVER (ORDER BY b.number)",
        type="'batch.completed'",
        data=_BATCH,
        now=now,
        source="JOIN batches b ON b.job_id = j.id",
        condition=condition,
    )


def started(job_id: str, number: int, fence: int, now: int) -> Statement:
    """Before `jobs.begin`."""
    condition = """j.id = ?1 AND j.state = 'queued' AND j.started_at IS NULL AND EXISTS (SELECT 1 FROM batches b
        WHERE b.job_id = ?1 AND b.number = ?3 AND b.fence = ?4 AND b.state = 'processing')"""
    return Statement(_job_event("started", condition, "'running'"), (job_id, now, number, fence))


def progress(job_id: str, now: int, interval: int) -> Statement:
    """Before `jobs.progress_told`; at most one each `interval` milliseconds."""
    condition = "j.id = ?1 AND j.state = 'running' AND j.progress_at <= ?2 - ?3"
    return Statement(_job_event("progress", condition, "j.state"), (job_id, now, interval))


def supersede_progress(job_id: str) -> Statement:
    """Only the newest progress is worth delivering."""
    return Statement(
        """UPDATE callbacks SET state = 'superseded', due_at = NULL
           WHERE job_id = ?1 AND type = 'job.progress' AND state = 'pending'
             AND sequence < (SELECT max(sequence) FROM callbacks WHERE job_id = ?1 AND type = 'job.progress')""",
        (job_id,),
    )


def paused(job_id: str, now: int, reason: str, detail: str | None) -> Statement:
    """Before `jobs.pause`."""
    condition = "j.id = ?1 AND j.state IN ('queued', 'running')"
    return Statement(_job_event("paused", condition, "'paused'", "?3", "?4"), (job_id, now, reason, detail))


def completed(job_id: str, now: int) -> Statement:
    """Before `jobs.end`."""
    state = "iif(j.state = 'cancelled', 'cancelled', 'completed')"
    return Statement(_job_event("completed", ENDS_NOW, state, "j.reason", "j.detail"), (job_id, now))


def batch_finished(job_id: str, number: int, fence: int, now: int) -> Statement:
    """Before `batches.finish`."""
    condition = """j.id = ?1 AND b.number = ?2 AND b.fence = ?3 AND b.state = 'processing'
        AND b.pending = 0 AND b.sending = 0"""
    return Statement(_batch_events(condition, "?4"), (job_id, number, fence, now))


def batches_cancelled(job_id: str, now: int) -> Statement:
    """Before `batches.end_unstarted`."""
    condition = "j.id = ?1 AND b.state IN ('pending', 'queued') AND b.sending = 0"
    return Statement(_batch_events(condition, "?2"), (job_id, now))


def batch_buried(job_id: str, number: int, now: int) -> Statement:
    """Before `batches.bury`."""
    condition = """j.id = ?1 AND b.number = ?2 AND b.state IN ('pending', 'queued', 'processing')
        AND ifnull(b.lease_until, 0) <= ?3"""
    return Statement(_batch_events(condition, "?3"), (job_id, number, now))


def settled(job_id: str, fence: int, outcomes: str, now: int) -> Statement:
    """Before `recipients.record`: who was told to be uncertain was sent to by the lease that was overtaken."""
    return Statement(
        _INSERT.format(
            place="1",
            type="'delivery.updated'",
            data="json_object('job', j.id, 'company', j.company, 'recipients', json(late.people))",
            now="?4",
            source="""JOIN (SELECT json_group_array(json_object('ref', r.ref, 'state', 'sent', 'reason', NULL,
                'message_id', iif(r.email = '', NULL, o.value ->> 'message_id'), 'at', ?4)) AS people
              FROM json_each(?3) AS o CROSS JOIN recipients r
                ON r.job_id = ?1 AND r.position = (o.value ->> 'position')
              WHERE r.fence = ?2 AND r.state = 'uncertain' AND o.value ->> 'state' = 'sent'
              HAVING count(*)) AS late""",
            condition="j.id = ?1",
        ),
        (job_id, fence, outcomes, now),
    )


def resolved(job_id: str, reason: str | None, refs: str | None, now: int) -> Statement:
    """Before `recipients.resolve_selected`: who was uncertain counts as sent, a thousand people an event."""
    return Statement(
        _INSERT.format(
            place="row_number() OVER (ORDER BY g.first)",
            type="'delivery.updated'",
            data="json_object('job', j.id, 'company', j.company, 'recipients', json(g.people))",
            now="?4",
            source="""JOIN (SELECT min(position) AS first, json_group_array(json_object('ref', ref, 'state', 'sent',
                'reason', 'resolved', 'message_id', message_id, 'at', ?4)) AS people
              FROM recipients WHERE job_id = ?1 AND state = 'uncertain'
                AND (?2 IS NULL OR reason = ?2) AND (?3 IS NULL OR ref IN (SELECT value FROM json_each(?3)))
              GROUP BY position / 1000) AS g""",
            condition="j.id = ?1",
        ),
        (job_id, reason, refs, now),
    )


def _subscription_event(now: str, unsubscribed: str, category: str, found: str) -> str:
    """`found`: what changes for the person at position ?2, a row for each category ('' is all of them)."""
    person = f"""json_object('ref', r.ref, 'state', r.state, 'delivery', r.delivery, 'reason', r.reason,
        'unsubscribed', json('{unsubscribed}'), 'category', nullif({category}, ''), 'at', {now})"""
    return _INSERT.format(
        place="1",
        type="'delivery.updated'",
        data="json_object('job', j.id, 'company', j.company, 'recipients', json(g.people))",
        now=now,
        source=f"JOIN (SELECT json_group_array({person}) AS people, count(*) AS changes FROM {found}) AS g",
        condition="j.id = ?1 AND g.changes > 0",
    )


def unsubscribed(job_id: str, position: int, category: str, now: int) -> Statement:
    """Before `suppressions.unsubscribe`: this person wants no more mail of the category, or none at all."""
    event = _subscription_event("?4", "true", "?3", f"{PERSON} AND {UNSUBSCRIBES}")
    return Statement(event, (job_id, position, category, now))


def resubscribed(job_id: str, position: int, now: int) -> Statement:
    """Before `suppressions.undo`."""
    event = _subscription_event("?3", "false", "s.category", f"suppressions s, {PERSON} AND {UNDONE}")
    return Statement(event, (job_id, position, now))


def deliveries(changes: str, now: int) -> Statement:
    """Before `deliveries.update`: who bounced, complained or is in doubt no more, an event a job."""
    statement = _INSERT.format(
        place="1",
        type="'delivery.updated'",
        data="json_object('job', j.id, 'company', j.company, 'recipients', json(told.people))",
        now="?2",
        source=f"JOIN ({TOLD}) AS told ON told.job_id = j.id",
        condition="true",
    )
    return Statement(f"{statement} RETURNING site_id", (changes, now))


def certificates_issued(job_id: str, rows: str, now: int) -> Statement:
    """Before `certificates.insert` of the same rows: those that are new, one event for all of them."""
    certificate = """json_object('ref', c.value ->> 'ref', 'award', c.value ->> 'award', 'code', c.value ->> 'code',
        'version', c.value ->> 'version', 'replaces', c.value ->> 'replaces', 'sha256', c.value ->> 'sha256',
        'issued_at', c.value ->> 'issued_at', 'expires_at', c.value ->> 'expires_at')"""
    return Statement(
        _INSERT.format(
            place="1",
            type="'certificate.issued'",
            data="json_object('job', j.id, 'company', j.company, 'certificates', json(g.list))",
            now="?3",
            source=f"JOIN (SELECT json_group_array({certificate}) AS list, count(*) AS new FROM {ISSUABLE}) AS g",
            condition="j.id = ?1 AND g.new > 0",
        ),
        (job_id, rows, now),
    )


def certificate_revoked(scope: Scope, code: str, reason: str, now: int) -> Statement:
    """Before `certificates.revoke`."""
    certificate = """json_object('ref', c.ref, 'award', c.award, 'code', c.code, 'version', c.version,
        'reason', ?4, 'revoked_at', ?5)"""
    return Statement(
        _INSERT.format(
            place="1",
            type="'certificate.revoked'",
            data=f"json_object('job', j.id, 'company', j.company, 'certificates', json_array({certificate}))",
            now="?5",
            source="JOIN certificates c ON c.job_id = j.id",
            condition="""c.code = ?1 AND c.site_id = ?2 AND (?3 IS NULL OR c.company = ?3) AND c.state = 'valid'""",
        ),
        (code, scope.site_id, scope.company, reason, now),
    )
