"""Statements of `recipients`: append, claim, record, and the moves of many at once."""

from core.limits import ROW
from core.scope import Scope
from runtime.ports import Statement
from store import kept
from store.certificates import UNISSUED

# the positions of batch ?2 of job ?1
RANGE = """position BETWEEN ?2 * (SELECT batch_size FROM jobs WHERE id = ?1)
    AND (?2 + 1) * (SELECT batch_size FROM jobs WHERE id = ?1) - 1"""

_SUPPRESSION = """
    SELECT s.reason FROM suppressions s JOIN jobs j ON j.id = ?1
    WHERE s.site_id = j.site_id AND s.email IN (lower(recipients.email), recipients.address_hash)
      AND s.company IN ('', ifnull(j.company, '')) AND s.category IN ('', j.category)
    LIMIT 1"""


# Who is pending although a mail may have left is not to be said to be unmailed: as a state, and as the reason for it.
UNLESS_UNSURE = "iif(unsure_since IS NULL, '{state}', 'uncertain')"
REASON_UNLESS_UNSURE = "iif(unsure_since IS NULL, {reason}, ifnull(reason, 'interrupted'))"

# What goes of a person's row when they are erased, besides their `ref`; and what becomes of its reason.
BLANK = "email = '', name = '', variables = '{}', detail = NULL, message_id = NULL, address_hash = NULL"
REASON_KEPT = "iif(reason = 'handed_back', 'erased', reason)"


# Of the people of a JSON array ?2, `fresh` are those whose `ref` the job ?1 does not have yet; and what they `need`.
_FRESH = f"""WITH fresh AS MATERIALIZED (
      SELECT * FROM (SELECT min(key) AS place, value AS person, value ->> 'ref' AS ref
                     FROM json_each(?2) GROUP BY 3) AS g
      WHERE NOT EXISTS (SELECT 1 FROM recipients r WHERE r.job_id = ?1 AND r.ref = g.ref)),
    need AS MATERIALIZED (
      SELECT count(*) AS people, ifnull(sum({ROW} + length(CAST(
        ref || (person ->> 'email') || (person ->> 'name') || (person -> 'variables') AS BLOB))), 0) AS bytes
      FROM fresh)"""
KEPT = f"sum(email <> ''), sum(iif(email <> '', {ROW} + length(CAST(ref || email || name || variables AS BLOB)), 0))"


def needed(job_id: str, people: str) -> Statement:
    """What a JSON array of people would need: how many of them are new, and their bytes."""
    return Statement(f"{_FRESH} SELECT people, bytes FROM need", (job_id, people))


def append(scope: Scope, job_id: str, people: str, most: int, limits: str, now: int) -> Statement:
    """Add the people of a JSON array, in its order, to a draft; whoever's `ref` is there already is passed over.
    Nobody, where the job would have more than `most`, or its site or company more than `limits` (`kept.room`)."""
    room = kept.room("?7", "j.site_id", "j.company", {"people": "need.people", "bytes": "need.bytes"})
    return Statement(
        f"""{_FRESH}
            INSERT INTO recipients (job_id, position, ref, email, name, variables, address_hash, state, updated_at)
            SELECT ?1, (SELECT ifnull(max(position) + 1, 0) FROM recipients WHERE job_id = ?1)
                       + row_number() OVER (ORDER BY place) - 1,
                   ref, person ->> 'email', person ->> 'name', person -> 'variables', person ->> 'hash', 'pending', ?5
            FROM fresh
            WHERE EXISTS (SELECT 1 FROM jobs j, need
                          WHERE j.id = ?1 AND j.site_id = ?3 AND (?4 IS NULL OR j.company = ?4) AND j.state = 'draft'
                            AND j.total + need.people <= ?6 AND {room})""",
        (job_id, people, scope.site_id, scope.company, now, most, limits),
    )


def unsupplied(job_id: str, names: str) -> Statement:
    """Of a JSON array of variable names, those that no person of the job has."""
    return Statement(
        """SELECT value AS name FROM json_each(?2) AS wanted
           WHERE NOT EXISTS (SELECT 1 FROM recipients
                             WHERE job_id = ?1 AND json_type(variables, '$."' || wanted.value || '"') IS NOT NULL)""",
        (job_id, names),
    )


def interrupt(job_id: str, number: int, key_window: int, now: int) -> Statement:
    """Whoever an earlier lease of the batch was sending to when it died is uncertain; or pending again where the
    provider still honours the key of the first such attempt, `key_window` in milliseconds, the job would rather send
    twice, or their certificate is not there, without which no mail leaves."""
    since = "ifnull(unsure_since, updated_at)"
    again = f"{since} > ?4 - ?3 OR (SELECT on_uncertain FROM jobs WHERE id = ?1) = 'resend'"
    told = "delivery IS NOT NULL"  # the provider has: then the mail left
    return Statement(
        f"""UPDATE recipients
            SET state = CASE WHEN {told} THEN 'sent' WHEN {again} OR {UNISSUED} THEN 'pending' ELSE 'uncertain' END,
                reason = iif({told}, reason, 'interrupted'), unsure_since = iif({told} OR {UNISSUED}, NULL, {since}),
                attempts = attempts + 1, updated_at = ?4
            WHERE job_id = ?1 AND {RANGE} AND state = 'sending'
              AND fence < (SELECT fence FROM batches WHERE job_id = ?1 AND number = ?2)""",
        (job_id, number, key_window, now),
    )


def claim(job_id: str, number: int, fence: int, after: int, limit: int, key_window: int, now: int) -> Statement:
    """Take the next pending people after a position: `sending`, or `suppressed` with the suppression's reason; or
    `uncertain`, where an earlier attempt may have mailed them and the provider does not honour its key any more.
    Nobody, where the lease is another's or the job does not run."""
    repeatable = """(unsure_since IS NULL OR unsure_since > ?6 - ?7
        OR (SELECT on_uncertain FROM jobs WHERE id = ?1) = 'resend')"""
    return Statement(
        f"""UPDATE recipients
            SET state = CASE WHEN ({_SUPPRESSION}) IS NOT NULL THEN {UNLESS_UNSURE.format(state="suppressed")}
                          WHEN {repeatable} THEN 'sending' ELSE 'uncertain' END,
                reason = CASE WHEN ({_SUPPRESSION}) IS NOT NULL
                            THEN {REASON_UNLESS_UNSURE.format(reason=f"({_SUPPRESSION})")}
                          WHEN NOT {repeatable} THEN ifnull(reason, 'interrupted') END,
                detail = NULL, fence = ?3, updated_at = ?6
            WHERE job_id = ?1
              AND position IN (SELECT position FROM recipients WHERE job_id = ?1 AND {RANGE} AND position > ?4
                               AND state = 'pending' ORDER BY position LIMIT ?5)
              AND EXISTS (SELECT 1 FROM batches b JOIN jobs j ON j.id = b.job_id
                          WHERE b.job_id = ?1 AND b.number = ?2 AND b.fence = ?3 AND b.state = 'processing'
                            AND j.state = 'running')
            RETURNING position, ref, email, name, variables, attempts, state""",
        (job_id, number, fence, after, limit, now, key_window),
    )


def claimed(job_id: str, number: int, fence: int) -> Statement:
    """Whom a lease is sending to: what a `claim` took whose answer was lost."""
    return Statement(
        f"""SELECT position, ref, email, name, variables, attempts, state FROM recipients
            WHERE job_id = ?1 AND {RANGE} AND fence = ?3 AND state = 'sending' ORDER BY position""",
        (job_id, number, fence),
    )


def record(job_id: str, fence: int, outcomes: str, now: int) -> Statement:
    """Write what became of a claimed group; `outcomes` is a JSON array of `Outcome` rows. Only the lease that claimed a
    person may say so; one that was overtaken may still say `sent` of someone left uncertain. Whose mail the provider
    has told of meanwhile was sent, whatever the attempt looked like from here; and nobody has failed whom an attempt
    before this one may have mailed."""
    return Statement(
        """UPDATE recipients
           SET state = CASE WHEN delivery IS NOT NULL THEN 'sent'
                         WHEN o.value ->> 'state' = 'failed' AND unsure_since IS NOT NULL THEN 'uncertain'
                         ELSE o.value ->> 'state' END,
               unsure_since = CASE WHEN delivery IS NOT NULL OR o.value ->> 'state' = 'sent' THEN NULL
                                WHEN o.value ->> 'unsure' THEN ifnull(unsure_since, updated_at)
                                ELSE unsure_since END,
               reason = iif(delivery IS NULL, o.value ->> 'reason', reason),
               detail = iif(delivery IS NULL AND email <> '', o.value ->> 'detail', detail),
               message_id = iif(email <> '', ifnull(o.value ->> 'message_id', message_id), NULL),
               attachment = ifnull(o.value ->> 'attachment', attachment),
               attempts = attempts + (o.value ->> 'attempts'), updated_at = ?4
           FROM json_each(?3) AS o
           WHERE job_id = ?1 AND position IN (SELECT value ->> 'position' FROM json_each(?3))
             AND position = (o.value ->> 'position') AND fence = ?2
             AND (recipients.state = 'sending' OR (recipients.state = 'uncertain' AND o.value ->> 'state' = 'sent'))""",
        (job_id, fence, outcomes, now),
    )


def cancel_pending(job_id: str, reason: str, now: int) -> Statement:
    """Cancel everybody still pending of a job that is open; goes before `jobs.cancel` in the same transaction."""
    return Statement(
        f"""UPDATE recipients
           SET state = {UNLESS_UNSURE.format(state="cancelled")}, reason = {REASON_UNLESS_UNSURE.format(reason="?2")},
               updated_at = ?3
           WHERE job_id = ?1 AND state = 'pending'
             AND EXISTS (SELECT 1 FROM jobs WHERE id = ?1
                         AND state IN ('draft', 'scheduled', 'queued', 'running', 'paused'))""",
        (job_id, reason, now),
    )


def cancel_rest(job_id: str, number: int, now: int) -> Statement:
    """Of a job cancelled while this batch was under way: those whom a refusal made pending again."""
    return Statement(
        f"""UPDATE recipients
            SET state = {UNLESS_UNSURE.format(state="cancelled")},
                reason = {REASON_UNLESS_UNSURE.format(reason="(SELECT j.reason FROM jobs j WHERE j.id = ?1)")},
                updated_at = ?3
            WHERE job_id = ?1 AND {RANGE} AND state = 'pending'
              AND EXISTS (SELECT 1 FROM jobs WHERE id = ?1 AND state = 'cancelled')""",
        (job_id, number, now),
    )


def bury(job_id: str, number: int, reason: str, now: int) -> Statement:
    """End everybody of a batch that nobody holds: pending fail, those in flight and those in doubt are uncertain.
    Nobody is in flight without their certificate."""
    return Statement(
        f"""UPDATE recipients
            SET reason = 'dead_letter', detail = ?3, updated_at = ?4,
                state = CASE WHEN state = 'pending' OR {UNISSUED} THEN {UNLESS_UNSURE.format(state="failed")}
                          WHEN delivery IS NULL THEN 'uncertain' ELSE 'sent' END
            WHERE job_id = ?1 AND {RANGE} AND state IN ('pending', 'sending')
              AND EXISTS (SELECT 1 FROM batches WHERE job_id = ?1 AND number = ?2
                          AND state IN ('pending', 'queued', 'processing') AND ifnull(lease_until, 0) <= ?4)""",
        (job_id, number, reason, now),
    )


# ?1 job, ?2 state, ?3 reason or NULL, ?4 JSON array of refs or NULL
# the second condition only says what is so, as `_UNSENT` has it; without it, a count reads all people of the job
_UNSENT = "recipients INDEXED BY recipients_unsent"
_SELECTED = """job_id = ?1 AND state = ?2 AND state IN ('failed', 'uncertain') AND (?3 IS NULL OR reason = ?3)
    AND (?4 IS NULL OR ref IN (SELECT value FROM json_each(?4)))"""


def count_selected(job_id: str, state: str, reason: str | None, refs: str | None) -> Statement:
    return Statement(
        f"SELECT count(*) AS count FROM {_UNSENT} WHERE {_SELECTED}",
        (job_id, state, reason, refs),
    )


def count_retriable(job_id: str, state: str, reason: str | None, refs: str | None) -> Statement:
    """Whoever was erased cannot be sent to again."""
    return Statement(
        f"SELECT count(*) AS count FROM {_UNSENT} WHERE {_SELECTED} AND email <> ''",
        (job_id, state, reason, refs),
    )


def retry_selected(job_id: str, state: str, reason: str | None, refs: str | None, now: int) -> Statement:
    """Make the selected pending again, with a fresh budget of attempts, and as if nothing had been sent to them."""
    return Statement(
        f"""UPDATE {_UNSENT}
            SET state = 'pending', attempts = 0, reason = NULL, detail = NULL, unsure_since = NULL, attachment = NULL,
              updated_at = ?5
            WHERE {_SELECTED} AND email <> ''
              AND EXISTS (SELECT 1 FROM jobs
                          WHERE id = ?1 AND state IN ('queued', 'running', 'paused', 'completed'))""",
        (job_id, state, reason, refs, now),
    )


def resolve_selected(job_id: str, reason: str | None, refs: str | None, now: int) -> Statement:
    """A person knows that the selected uncertain were mailed."""
    return Statement(
        f"""UPDATE {_UNSENT} SET state = 'sent', reason = 'resolved', detail = NULL, updated_at = ?5
            WHERE {_SELECTED}""",
        (job_id, "uncertain", reason, refs, now),
    )


def count_handed_back(job_id: str) -> Statement:
    return Statement(
        "SELECT count(*) AS count FROM recipients WHERE job_id = ?1 AND state = 'cancelled' AND reason = 'handed_back'",
        (job_id,),
    )
