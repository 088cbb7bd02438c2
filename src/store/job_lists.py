"""Looking through jobs and their people, a page at a time.

The promise: a page costs the same however far in it is (keyset, not OFFSET), and shows only what the scope may see.
"""

from ports import Statement
from scope import Scope
from states import JobState, RecipientState
from store.companies import company_rate

_IN_SCOPE = "site_id = ?1 AND (?2 IS NULL OR company = ?2)"
_LATEST = (2**53 - 2, "")  # Pyodide makes a BigInt of anything larger, and D1 takes none
_RECIPIENT = "ref, email, name, state, reason, detail, attempts, message_id, delivery, attachment, updated_at, position"


def jobs(
    scope: Scope, state: JobState | None, company: str | None, before: tuple[int, str] | None, limit: int
) -> Statement:
    """Newest first, older than the job with this time of creation and id."""
    created_at, id = before or _LATEST
    return Statement(
        f"""
        SELECT *, {company_rate("jobs")} FROM jobs
        WHERE {_IN_SCOPE} AND (?3 IS NULL OR state = ?3) AND (?4 IS NULL OR company = ?4)
          AND (created_at, id) < (?5, ?6)
        ORDER BY created_at DESC, id DESC LIMIT ?7
        """,
        (scope.site_id, scope.company, state and state.value, company, created_at, id, limit),
    )


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
