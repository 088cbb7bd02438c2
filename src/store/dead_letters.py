"""Statements of `dead_letters`: messages that no consumer could handle, with the reason.

The promise: a letter is kept once and moved once. Each statement of a move repeats the condition under which the letter
can be moved, and the letter itself is moved last in the transaction.
"""

import json
from collections.abc import Sequence
from typing import Literal

from core.scope import Scope
from core.states import DeadLetterState
from runtime.ports import Statement
from store import audit, tenancy
from store.audit import Entry
from store.keyset import LATEST

Move = Literal["redrive", "discard"]

_LATEST = (LATEST, "")
_SUMMARY = """d.id, d.queue, d.site_id, d.job_id, j.company, d.batch, d.reason, d.state, d.redeliveries, d.throttles,
    d.created_at, d.ended_at"""
_LETTERS = """dead_letters d LEFT JOIN jobs j ON j.id = d.job_id
    LEFT JOIN batches b ON b.job_id = d.job_id AND b.number = d.batch"""
# ?1 the site, or NULL for the operator, who sees all; ?2 the company, or NULL for the whole site
_IN_SCOPE = "(?1 IS NULL OR (d.site_id = ?1 AND (?2 IS NULL OR j.company = ?2)))"

# why a letter cannot be moved, as a code; NULL where it can
_REFUSAL: dict[Move, str] = {
    "discard": "iif(d.state = 'open', NULL, 'already_' || d.state)",
    "redrive": """CASE
        WHEN d.state <> 'open' THEN 'already_' || d.state
        WHEN d.queue = 'offload-callbacks' THEN iif(d.site_id IS NULL, 'unknown_site', NULL)
        WHEN d.job_id IS NULL AND ifnull(json_type(d.body, '$.job'), '') <> 'text' THEN 'malformed'
        WHEN b.number IS NULL THEN 'unknown_batch'
        WHEN j.state = 'cancelled' THEN 'job_cancelled'
        WHEN j.state IN ('draft', 'scheduled') THEN 'job_not_started'
        END""",
}
_MOVED: dict[Move, DeadLetterState] = {"redrive": DeadLetterState.REDRIVEN, "discard": DeadLetterState.DISCARDED}

# whom the burial of a letter's batch ended, but for those who were erased since
_BURIED = f"""{_LETTERS} JOIN recipients r ON r.job_id = d.job_id
    AND r.position BETWEEN d.batch * j.batch_size AND (d.batch + 1) * j.batch_size - 1 AND r.reason = 'dead_letter'
    AND r.email <> ''"""


def insert(
    message_id: str, queue: str, job_id: str | None, batch: int | None, reason: str, body: str, now: int
) -> Statement:
    """Keep a message once; before `batches.bury`. A job or site that does not exist is left out: its name stays in
    the body."""
    return Statement(
        """INSERT INTO dead_letters (id, queue, site_id, job_id, batch, reason, body, created_at, redeliveries,
             throttles)
           SELECT ?1, ?2, iif(?2 = 'offload-callbacks', (SELECT id FROM sites WHERE id = ?6 ->> '$.site'), j.site_id),
             j.id, iif(j.id IS NULL, NULL, ?4), ?5, ?6, ?7, b.redeliveries, b.throttles
           FROM (SELECT 1) LEFT JOIN jobs j ON j.id = ?3 LEFT JOIN batches b ON b.job_id = ?3 AND b.number = ?4
           WHERE true ON CONFLICT (id) DO NOTHING""",
        (message_id, queue, job_id, batch, reason, body, now),
    )


def page(
    scope: Scope | None, state: DeadLetterState | None, job_id: str | None, before: tuple[int, str] | None, limit: int
) -> Statement:
    """Newest first, older than the letter with this time and id."""
    created_at, id = before or _LATEST
    return Statement(
        f"""SELECT {_SUMMARY}, j.name AS job_name, {_REFUSAL["redrive"]} AS refusal FROM {_LETTERS}
            WHERE {_IN_SCOPE} AND (?3 IS NULL OR d.state = ?3) AND (?4 IS NULL OR d.job_id = ?4)
              AND (d.created_at, d.id) < (?5, ?6)
            ORDER BY d.created_at DESC, d.id DESC LIMIT ?7""",
        (*tenancy.parameters(scope), state and state.value, job_id, created_at, id, limit),
    )


def find(scope: Scope | None, letter_id: str) -> Statement:
    """One letter with its message, and how many people its burial left failed and uncertain."""
    buried = f"SELECT count(*) FROM {_BURIED} WHERE d.id = ?3 AND r.state"
    return Statement(
        f"""SELECT {_SUMMARY}, j.name AS job_name, d.body, {_REFUSAL["redrive"]} AS refusal,
              ({buried} = 'failed') AS failed, ({buried} = 'uncertain') AS uncertain
            FROM {_LETTERS} WHERE {_IN_SCOPE} AND d.id = ?3""",
        (*tenancy.parameters(scope), letter_id),
    )


def job(scope: Scope | None, job_id: str) -> Statement:
    """One row where there is such a job."""
    return Statement(
        """SELECT id FROM jobs
           WHERE (?1 IS NULL OR (site_id = ?1 AND (?2 IS NULL OR company = ?2))) AND id = ?3""",
        (*tenancy.parameters(scope), job_id),
    )


def chosen(scope: Scope | None, move: Move, ids: Sequence[str]) -> Statement:
    """These letters, each with the `refusal` of a move; `open` is how many can be moved."""
    return _choice(scope, move, "d.id IN (SELECT value FROM json_each(?3))", json.dumps(ids), len(ids))


def open_of_job(scope: Scope | None, move: Move, job_id: str, limit: int) -> Statement:
    """The open letters of a job, those that can be moved first."""
    return _choice(scope, move, "d.job_id = ?3 AND d.state = 'open'", job_id, limit)


def _choice(scope: Scope | None, move: Move, condition: str, parameter: str, limit: int) -> Statement:
    return Statement(
        f"""SELECT d.id, d.queue, d.site_id, d.job_id, d.batch, {_REFUSAL[move]} AS refusal,
              count(*) FILTER (WHERE {_REFUSAL[move]} IS NULL) OVER () AS open
            FROM {_LETTERS} WHERE {_IN_SCOPE} AND {condition}
            ORDER BY refusal IS NOT NULL, d.created_at, d.id LIMIT ?4""",
        (*tenancy.parameters(scope), parameter, limit),
    )


# ?3 JSON array of ids: those of them that can be moved at this moment
def _movable(move: Move) -> str:
    return f"{_IN_SCOPE} AND d.id IN (SELECT value FROM json_each(?3)) AND {_REFUSAL[move]} IS NULL"


def count_people(scope: Scope | None, ids: Sequence[str]) -> Statement:
    """Whom a redrive of these letters would send to: never those who were in flight, who may have been mailed."""
    return Statement(
        f"""SELECT count(*) AS count FROM (
              SELECT DISTINCT r.job_id, r.position FROM {_BURIED} AND r.state = 'failed'
              WHERE {_movable("redrive")})""",
        (*tenancy.parameters(scope), json.dumps(ids)),
    )


def revive_people(scope: Scope | None, ids: Sequence[str], now: int) -> Statement:
    """They are pending again, with a fresh budget of attempts."""
    return Statement(
        f"""UPDATE recipients SET state = 'pending', attempts = 0, reason = NULL, detail = NULL, updated_at = ?4
            WHERE (job_id, position) IN (
              SELECT r.job_id, r.position FROM {_BURIED} AND r.state = 'failed' WHERE {_movable("redrive")})""",
        (*tenancy.parameters(scope), json.dumps(ids), now),
    )


def note(scope: Scope | None, move: Move, ids: Sequence[str], entry: Entry) -> Statement:
    """The audit trail's row of each letter that is moved."""
    return audit.insert_from(
        entry,
        f"{_LETTERS} WHERE {_movable(move)}",
        (*tenancy.parameters(scope), json.dumps(ids)),
        {"site_id": "d.site_id", "company": "j.company", "target": "d.id"},
        {"job": "d.job_id", "batch": "d.batch", "reason": "d.reason"},
    )


def move(scope: Scope | None, move: Move, ids: Sequence[str], now: int) -> Statement:
    """Last in the transaction; the rows that come back are the letters moved by it."""
    return Statement(
        f"""UPDATE dead_letters SET state = ?5, ended_at = ?4
            WHERE id IN (SELECT d.id FROM {_LETTERS} WHERE {_movable(move)}) RETURNING id""",
        (*tenancy.parameters(scope), json.dumps(ids), now, _MOVED[move].value),
    )
