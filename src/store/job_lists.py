"""Looking through jobs and their people, a page at a time.

The promise: a page costs the same however far in it is (keyset, not OFFSET), and shows only what the scope may see.
Where no index has what is looked for, a given number of rows is looked at, and no more.
"""

from typing import NamedTuple

from core.scope import Scope
from core.states import JobKind, JobState, RecipientState
from runtime.ports import Statement
from store.companies import company_rate
from store.keyset import LATEST
from store.tenancy import parameters, within

_IN_SCOPE = "site_id = ?1 AND (?2 IS NULL OR company = ?2)"
_RECIPIENT = "ref, email, name, state, reason, detail, attempts, message_id, delivery, attachment, updated_at, position"


class Filter(NamedTuple):
    """Which jobs to look for; None is any. `words` stand in the name; `since` and `until` are times of creation, the
    latter left out itself."""

    state: JobState | None = None
    kind: JobKind | None = None
    company: str | None = None
    words: str | None = None
    since: int | None = None
    until: int | None = None


class Place(NamedTuple):
    """Of a job, in the order of the list."""

    created_at: int
    id: str


def page(scope: Scope | None, chosen: Filter, before: Place | None, scanned: int, limit: int) -> Statement:
    """Newest first, of the next `scanned` jobs of the scope; without a scope of all sites."""
    return Statement(
        f"""
        SELECT *, {company_rate("j")} FROM (SELECT * {_scan(scope)} LIMIT ?7) AS j
        WHERE (?8 IS NULL OR state = ?8) AND (?9 IS NULL OR kind = ?9) AND (?10 IS NULL OR company = ?10)
          AND (?11 IS NULL OR instr(lower(name), lower(?11)) > 0)
        ORDER BY created_at DESC, id DESC LIMIT ?12
        """,
        (
            *(*_scanned(scope, chosen, before), scanned, chosen.state and chosen.state.value),
            *(chosen.kind and chosen.kind.value, chosen.company, chosen.words, limit),
        ),
    )


def end_of_scan(scope: Scope | None, chosen: Filter, before: Place | None, scanned: int) -> Statement:
    """The last of the jobs that `page` looks at; no row where they are the last there are."""
    return Statement(
        f"SELECT created_at, id {_scan(scope)} LIMIT 1 OFFSET ?7 - 1", (*_scanned(scope, chosen, before), scanned)
    )


def _scan(scope: Scope | None) -> str:
    """The jobs in their order, from the one index that has them in it."""
    of_site = "jobs_of_company" if scope and scope.company else "jobs_newest"
    index = of_site if scope else "jobs_of_all"
    return f"""FROM jobs INDEXED BY {index}
        WHERE {within(scope)} AND created_at >= ?3 AND created_at < ?4 AND (created_at, id) < (?5, ?6)
        ORDER BY created_at DESC, id DESC"""


def _scanned(scope: Scope | None, chosen: Filter, before: Place | None) -> tuple[str | int | None, ...]:
    until = LATEST if chosen.until is None else chosen.until
    return (*parameters(scope), chosen.since or 0, until, *(before or Place(LATEST, "")))


def recipients(
    scope: Scope, job_id: str, state: RecipientState | None, reason: str | None, after: int, limit: int
) -> Statement:
    """In the order they were submitted, after this position."""
    # Of those who failed or are uncertain there are few: their index beats reading the job from one end to the other.
    few = state in (RecipientState.FAILED, RecipientState.UNCERTAIN)
    source = "recipients INDEXED BY recipients_unsent" if few else "recipients"
    of_state = f"AND state = '{state.value}'" if state else ""
    if few:
        of_state += " AND state IN ('failed', 'uncertain')"  # the index's own condition, without which it is not taken
    of_reason = "AND reason = ?6" if reason else ""
    return Statement(
        f"""
        SELECT {_RECIPIENT} FROM {source}
        WHERE job_id = (SELECT id FROM jobs WHERE {_IN_SCOPE} AND id = ?3) AND position > ?4 {of_state} {of_reason}
        ORDER BY position LIMIT ?5
        """,
        (scope.site_id, scope.company, job_id, after, limit, *([reason] if reason else [])),
    )


def reasons(scope: Scope, job_id: str) -> Statement:
    """How many failed or are uncertain for each reason, most first: the groups that can be retried."""
    return Statement(
        f"""
        SELECT state, reason, count(*) AS count FROM recipients
        WHERE job_id = (SELECT id FROM jobs WHERE {_IN_SCOPE} AND id = ?3) AND state IN ('failed', 'uncertain')
        GROUP BY state, reason ORDER BY count DESC, state, reason
        """,
        (scope.site_id, scope.company, job_id),
    )


def batches(scope: Scope | None, job_id: str) -> Statement:
    """How many batches of a job are in each state."""
    return Statement(
        f"""
        SELECT b.state, count(*) AS count FROM batches b
        WHERE b.job_id = (SELECT j.id FROM jobs j WHERE {within(scope, "j.")} AND j.id = ?3) GROUP BY b.state
        """,
        (*parameters(scope), job_id),
    )


def story(scope: Scope | None, job_id: str, limit: int) -> Statement:
    """When a job was paused, why, and when it was complete: the latest first."""
    return Statement(
        f"""
        SELECT c.type, c.created_at, c.data ->> 'reason' AS reason, c.data ->> 'detail' AS detail,
          c.data ->> 'state' AS state, c.data -> 'counts' AS counts
        FROM callbacks c INDEXED BY callbacks_telling
        WHERE c.job_id = (SELECT j.id FROM jobs j WHERE {within(scope, "j.")} AND j.id = ?3)
          AND c.type IN ('job.paused', 'job.completed')
        ORDER BY c.sequence DESC LIMIT ?4
        """,
        (*parameters(scope), job_id, limit),
    )


def content(scope: Scope | None, job_id: str) -> Statement:
    """What a job says, and under which version of it."""
    return Statement(
        f"""
        SELECT k.content, k.version FROM jobs j JOIN job_contents k ON k.job_id = j.id
        WHERE {within(scope, "j.")} AND j.id = ?3
        """,
        (*parameters(scope), job_id),
    )


def open_letters(scope: Scope | None, job_id: str) -> Statement:
    """How many dead letters of a job are open."""
    return Statement(
        f"""
        SELECT count(*) AS count FROM dead_letters d INDEXED BY dead_letters_of_job
        WHERE d.job_id = (SELECT j.id FROM jobs j WHERE {within(scope, "j.")} AND j.id = ?3) AND d.state = 'open'
        """,
        (*parameters(scope), job_id),
    )
