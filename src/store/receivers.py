"""How the receiver of each site's callbacks stands: who serves it just now, and when it is asked whether it is there.

The promise: a receiver is served by one pass at a time, and while it fails by none before its time. What is known of
one URL is not held against another, and a pass that was overtaken changes nothing.
"""

from runtime.ports import Row, Statement
from store.callbacks import OPEN

# events of a site that are looked at for the next time: more than passes can have leased at once
_LOOKED_AT = 50


def take(site_id: str, now: int, lease_until: int) -> Statement:
    """Lease the receiver of a site that has something to be posted; no row where it has not, or it is not the time."""
    return Statement(
        f"""
        INSERT INTO receivers (site_id, url, lease_until)
        SELECT id, callback_url, ?3 FROM sites
        WHERE id = ?1 AND {OPEN} AND EXISTS (
          SELECT 1 FROM callbacks
          WHERE site_id = ?1 AND state = 'pending' AND due_at <= ?2 AND ifnull(lease_until, 0) <= ?2)
        ON CONFLICT (site_id) DO UPDATE SET
          url = excluded.url,
          lease_until = excluded.lease_until,
          failures = iif(url = excluded.url, failures, 0),
          probe_at = iif(url = excluded.url, probe_at, NULL)
        WHERE url <> excluded.url OR lease_until <= ?2 AND ifnull(probe_at, 0) <= ?2
        RETURNING site_id, url, lease_until, failures, probe_at
        """,
        (site_id, now, lease_until),
    )


def close(receiver: Row, failures: int, probe_at: int | None) -> Statement:
    """Give the lease of `take` back, with how the receiver stands; nothing where another pass has taken it.

    Where nothing waits, nobody comes to probe: the next event goes at once."""
    return Statement(
        """
        UPDATE receivers SET lease_until = 0, failures = ?3, probe_at = iif(EXISTS (
            SELECT 1 FROM callbacks
            WHERE callbacks.site_id = ?1 AND state = 'pending' AND due_at IS NOT NULL), ?4, NULL)
        WHERE site_id = ?1 AND lease_until = ?2
        """,
        (receiver["site_id"], receiver["lease_until"], failures, probe_at),
    )


def next_pass(site_id: str) -> Statement:
    """One row: `at`, when there is something to do next, or NULL."""
    return Statement(
        f"""
        SELECT max(waiting.at, ifnull(probe_at, 0), ifnull(lease_until, 0)) AS at
        FROM (
          SELECT min(max(due_at, ifnull(lease_until, 0))) AS at FROM (
            SELECT due_at, lease_until FROM callbacks
            WHERE site_id = ?1 AND state = 'pending' AND due_at IS NOT NULL ORDER BY due_at LIMIT {_LOOKED_AT})
        ) AS waiting
        LEFT JOIN receivers ON site_id = ?1 AND url = (SELECT callback_url FROM sites WHERE id = ?1)
        """,
        (site_id,),
    )


def probe_now(site_id: str, now: int) -> Statement:
    """End the waiting of a receiver that fails: it is asked again at once."""
    return Statement(
        "UPDATE receivers SET probe_at = ?2 WHERE site_id = ?1 AND probe_at > ?2",
        (site_id, now),
    )


def forgotten(before: int) -> Statement:
    """Sites with an event that should have been claimed by `before`: for the sweep, where a queue message got lost."""
    return Statement(
        """
        SELECT id AS site_id FROM sites LEFT JOIN receivers ON site_id = id AND url = callback_url
        WHERE max(ifnull(probe_at, 0), ifnull(lease_until, 0)) <= ?1 AND EXISTS (
          SELECT 1 FROM callbacks WHERE callbacks.site_id = sites.id
            AND state = 'pending' AND due_at <= ?1 AND ifnull(callbacks.lease_until, 0) <= ?1)
        """,
        (before,),
    )
