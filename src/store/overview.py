"""Statements of the overview: how the sites in a scope stand, a row a site and state.

The promise: each reads what is open, recent or of these days, by an index that holds nothing else; never a job's people
and never what has long ended. `scope` None is every site.
"""

from typing import Literal

from core.scope import Scope
from runtime.ports import Statement
from store import tenancy

MOST_BATCHES = 10_000  # of each state that are counted; of more, this many are told
_OPEN = "state IN ('scheduled', 'queued', 'running', 'paused')"  # as the index `jobs_open` has it


def sites(scope: Scope | None, now: int) -> Statement:
    """`used`: of the whole site's daily quota, today."""
    return Statement(
        f"""SELECT s.id, s.name, s.provider, s.send_rate, s.daily_quota, s.callback_off_at, s.disabled_at,
              (SELECT ifnull(sum(u.sent), 0) FROM usage u
               WHERE u.site_id = s.id AND u.day = date(?2 / 1000, 'unixepoch')) AS used
            FROM sites s WHERE {"s.id = ?1" if scope else "?1 IS NULL"} ORDER BY s.created_at, s.id""",
        (scope.site_id if scope else None, now),
    )


def jobs(scope: Scope | None) -> Statement:
    """The open jobs, by state and by why they are paused, with the people who wait in them."""
    return Statement(
        f"""SELECT j.site_id, j.state, j.reason, count(*) AS jobs, sum(j.pending) AS pending, sum(j.sending) AS sending
            FROM jobs j INDEXED BY jobs_open WHERE j.{_OPEN} AND {tenancy.within(scope, "j.")} GROUP BY 1, 2, 3""",
        tenancy.parameters(scope),
    )


def open_jobs(scope: Scope | None, limit: int) -> Statement:
    """The open jobs themselves: what runs first, and the newest of it."""
    return Statement(
        f"""SELECT j.* FROM jobs j INDEXED BY jobs_open WHERE j.{_OPEN} AND {tenancy.within(scope, "j.")}
            ORDER BY j.state = 'running' DESC, j.state = 'queued' DESC, j.created_at DESC, j.id DESC LIMIT ?3""",
        (*tenancy.parameters(scope), limit),
    )


def people(scope: Scope | None, since: int) -> Statement:
    """What became of the people of the jobs that were created since."""
    states = ("sent", "failed", "uncertain", "suppressed", "cancelled")
    sums = ", ".join(f"sum(j.{state}) AS {state}" for state in states)
    return Statement(
        f"""SELECT j.site_id, {sums} FROM sites s CROSS JOIN jobs j INDEXED BY jobs_newest ON j.site_id = s.id
            WHERE {"s.id = ?1" if scope else "?1 IS NULL"} AND j.created_at >= ?3
              AND (?2 IS NULL OR j.company = ?2) GROUP BY 1""",
        (*tenancy.parameters(scope), since),
    )


def batches(scope: Scope | None, now: int) -> Statement:
    """A row for each state a batch waits or works in: how many there are, the earliest time among them, and how many
    are past their time: due, sent to the queue, or leased until then."""
    parts = (
        _batches(scope, "pending", "batches_due", "due_at"),
        _batches(scope, "queued", "batches_queued", "queued_at"),
        _batches(scope, "processing", "batches_leased", "lease_until"),
    )
    return Statement(" UNION ALL ".join(parts), (*tenancy.parameters(scope), now, MOST_BATCHES))


def _batches(scope: Scope | None, state: Literal["pending", "queued", "processing"], index: str, time: str) -> str:
    join = "CROSS JOIN jobs j ON j.id = b.job_id" if scope else ""
    return f"""SELECT '{state}' AS state, count(*) AS batches, min(time) AS earliest, total(time <= ?3) AS past
        FROM (SELECT b.{time} AS time FROM batches b INDEXED BY {index} {join}
              WHERE b.state = '{state}' AND b.{time} IS NOT NULL AND {tenancy.within(scope, "j.")}
              ORDER BY b.{time} LIMIT ?4)"""


def dead_letters(scope: Scope | None) -> Statement:
    """The open ones; `site_id` is NULL where a message did not say whose it was."""
    join = "JOIN jobs j ON j.id = d.job_id" if scope and scope.company else ""
    company = "j.company = ?2" if scope and scope.company else "?2 IS NULL"
    return Statement(
        f"""SELECT d.site_id, count(*) AS letters, min(d.created_at) AS oldest
            FROM dead_letters d INDEXED BY dead_letters_open {join}
            WHERE d.state = 'open' AND {"d.site_id = ?1" if scope else "?1 IS NULL"} AND {company} GROUP BY 1""",
        tenancy.parameters(scope),
    )


def callbacks(scope: Scope | None) -> Statement:
    """What is still to be delivered and what was given up. Cursors grow with time: the least is the oldest."""
    return Statement(
        f"""SELECT g.site_id, g.state, g.callbacks, c.created_at AS oldest
            FROM (SELECT p.site_id, p.state, count(*) AS callbacks, min(p.cursor) AS first
                  FROM callbacks p INDEXED BY callbacks_due
                  WHERE p.state = 'pending' AND p.due_at IS NOT NULL AND {tenancy.within(scope, "p.")} GROUP BY 1
                  UNION ALL
                  SELECT p.site_id, p.state, count(*), min(p.cursor) FROM callbacks p INDEXED BY callbacks_dead
                  WHERE p.state = 'dead' AND {tenancy.within(scope, "p.")} GROUP BY 1) AS g
            JOIN callbacks c ON c.cursor = g.first""",
        tenancy.parameters(scope),
    )


def usage(scope: Scope | None, since: str, now: int) -> Statement:
    """What was done on each day since; `this_minute` and `last_minute` are mails accepted in them."""
    return Statement(
        f"""SELECT u.site_id, u.day, sum(u.sent) AS sent, sum(u.bounced) AS bounced, sum(u.complained) AS complained,
              sum(u.posts) AS posts, sum(u.posts_accepted) AS posts_accepted,
              sum(iif(u.minute = CAST(?4 / 60000 AS INTEGER), u.sent_that_minute, 0)) AS this_minute,
              sum(CASE u.minute WHEN CAST(?4 / 60000 AS INTEGER) THEN u.sent_the_minute_before
                    WHEN CAST(?4 / 60000 AS INTEGER) - 1 THEN u.sent_that_minute ELSE 0 END) AS last_minute
            FROM sites s CROSS JOIN usage u ON u.site_id = s.id
            WHERE {"s.id = ?1" if scope else "?1 IS NULL"} AND u.day >= ?3 AND (?2 IS NULL OR u.company = ?2)
            GROUP BY 1, 2""",
        (*tenancy.parameters(scope), since, now),
    )


def done_since(day: str) -> Statement:
    """What each site has done since: for the costs, and for what only ever grows."""
    return Statement(
        """SELECT u.site_id, sum(u.sent) AS sent, sum(u.certificates) AS certificates, sum(u.bounced) AS bounced,
             sum(u.complained) AS complained, sum(u.posts) AS posts, sum(u.posts_accepted) AS posts_accepted
           FROM sites s CROSS JOIN usage u ON u.site_id = s.id WHERE u.day >= ?1 GROUP BY 1""",
        (day,),
    )


def certificates() -> Statement:
    """How many have been issued in all: they are numbered without a gap."""
    return Statement("SELECT ifnull(max(status_index) + 1, 0) AS issued FROM certificates")
