"""Looking through the people of one job: by their place in it, their reference, or what went wrong.

The promise: each statement reads a given number of people at most, whatever is looked for, and none outside the scope.
An index of states or addresses would be a row more to write for every mail: where there is none, people are read.
"""

from typing import NamedTuple

from core.scope import Scope
from core.states import RecipientState
from runtime.ports import Parameter, Statement
from store.tenancy import parameters, within

_COLUMNS = """ref, email, name, state, reason, detail, attempts, message_id, delivery, delivery_at, attachment,
    unsure_since, updated_at, position"""
_LAST = "\U0010ffff"  # no text that begins as another one comes after it with this at its end


class Filter(NamedTuple):
    """Whom to look for; None is any. `ref`: how it begins. `email`: the whole address, in any case."""

    state: RecipientState | None = None
    reason: str | None = None
    ref: str | None = None
    email: str | None = None


def unsent(scope: Scope | None, job_id: str, chosen: Filter, after: tuple[str, int], limit: int) -> Statement:
    """Those who failed or are uncertain, by reason and position, after such a place: the index has them so."""
    assert chosen.state in (RecipientState.FAILED, RecipientState.UNCERTAIN)
    reason, position = after
    place = "(reason, position) > (?4, ?5)" if chosen.reason is None else "reason = ?4 AND position > ?5"
    return Statement(
        f"""
        SELECT {_COLUMNS} FROM recipients INDEXED BY recipients_unsent
        WHERE job_id = {_job(scope)} AND state = '{chosen.state.value}' AND state IN ('failed', 'uncertain')
          AND {place}
        ORDER BY reason, position LIMIT ?6
        """,
        (*parameters(scope), job_id, reason if chosen.reason is None else chosen.reason, position, limit),
    )


def between(scope: Scope | None, job_id: str, chosen: Filter, after: int, until: int, limit: int) -> Statement:
    """In the order they were submitted, after a position and up to another."""
    return Statement(
        f"""
        SELECT {_COLUMNS} FROM recipients
        WHERE job_id = {_job(scope)} AND position > ?8 AND position <= ?9 AND {_WANTED} ORDER BY position LIMIT ?7
        """,
        (*parameters(scope), job_id, *_wanted(chosen), limit, after, until),
    )


def by_ref(scope: Scope | None, job_id: str, chosen: Filter, after: str, scanned: int, limit: int) -> Statement:
    """By reference, of the next `scanned` whose reference begins as given and comes after another; '' is the first."""
    return Statement(
        f"""
        SELECT {_COLUMNS} FROM (SELECT * {_refs(scope, after)} LIMIT ?10)
        WHERE {_WANTED} ORDER BY ref LIMIT ?7
        """,
        (*parameters(scope), job_id, *_wanted(chosen), limit, *_range(chosen, after), scanned),
    )


def end_of_refs(scope: Scope | None, job_id: str, chosen: Filter, after: str, scanned: int) -> Statement:
    """The last of those that `by_ref` looks at; no row where they are the last there are."""
    return Statement(
        f"SELECT ref {_refs(scope, after, first=4)} LIMIT 1 OFFSET ?6 - 1",
        (*parameters(scope), job_id, *_range(chosen, after), scanned),
    )


def groups(scope: Scope | None, job_id: str, most: int) -> Statement:
    """Each state and reason of those who failed or are uncertain, found by a step in the index a group, with how many
    they are; of more than `most` that many are counted."""
    unsent = """recipients r INDEXED BY recipients_unsent
        WHERE r.job_id = ?3 AND r.state = {of}.state AND r.state IN ('failed', 'uncertain')"""
    following = f"(SELECT min(r.reason) FROM {unsent.format(of='g')} AND r.reason > g.reason)"
    return Statement(
        f"""
        WITH RECURSIVE g (state, reason) AS (
          SELECT s.column1, '' FROM (VALUES ('failed'), ('uncertain')) AS s
          WHERE EXISTS (SELECT 1 FROM jobs j WHERE {within(scope, "j.")} AND j.id = ?3)
          UNION ALL SELECT g.state, {following} FROM g WHERE g.reason IS NOT NULL)
        SELECT g.state, g.reason,
          (SELECT count(*) FROM (SELECT 1 FROM {unsent.format(of="g")} AND r.reason = g.reason LIMIT ?4)) AS count
        FROM g WHERE g.reason <> ''
        """,
        (*parameters(scope), job_id, most),
    )


def next_batch(scope: Scope | None, job_id: str, state: RecipientState, after: int) -> Statement:
    """The first position of the first batch, from that of the next position on, that has people in this state."""
    return Statement(
        f"""
        SELECT b.number * j.batch_size AS position FROM jobs j CROSS JOIN batches b ON b.job_id = j.id
        WHERE {within(scope, "j.")} AND j.id = ?3 AND b.number >= CAST((?4 + 1) / j.batch_size AS INTEGER)
          AND b.{state.value} > 0
        ORDER BY b.number LIMIT 1
        """,
        (*parameters(scope), job_id, after),
    )


def one(scope: Scope | None, job_id: str, position: int) -> Statement:
    """Everything that is kept of one person."""
    return Statement(
        f"SELECT * FROM recipients WHERE job_id = {_job(scope)} AND position = ?4",
        (*parameters(scope), job_id, position),
    )


def place_of(scope: Scope | None, job_id: str, ref: str) -> Statement:
    return Statement(
        f"SELECT position FROM recipients WHERE job_id = {_job(scope)} AND ref = ?4",
        (*parameters(scope), job_id, ref),
    )


def refs_at(scope: Scope | None, job_id: str, positions: str) -> Statement:
    """Of a JSON array of positions, the references that stand there."""
    return Statement(
        f"""
        SELECT ref FROM recipients
        WHERE job_id = {_job(scope)} AND position IN (SELECT value FROM json_each(?4)) ORDER BY position
        """,
        (*parameters(scope), job_id, positions),
    )


# ?4 state, ?5 reason, ?6 address, each or NULL
_WANTED = """(?4 IS NULL OR state = ?4) AND (?5 IS NULL OR reason = ?5)
    AND (?6 IS NULL OR lower(email) = lower(?6))"""


def _wanted(chosen: Filter) -> tuple[Parameter, ...]:
    return chosen.state and chosen.state.value, chosen.reason, chosen.email


def _job(scope: Scope | None) -> str:
    return f"(SELECT j.id FROM jobs j WHERE {within(scope, 'j.')} AND j.id = ?3)"


def _refs(scope: Scope | None, after: str, first: int = 8) -> str:
    """`first`: the number of the first of the two parameters that `_range` makes."""
    return f"""FROM recipients INDEXED BY recipients_ref
        WHERE job_id = {_job(scope)} AND ref {">" if after else ">="} ?{first} AND ref < ?{first + 1} ORDER BY ref"""


def _range(chosen: Filter, after: str) -> tuple[str, str]:
    begins = chosen.ref or ""
    return max(begins, after), begins + _LAST
