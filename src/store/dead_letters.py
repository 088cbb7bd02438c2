"""Statements of `dead_letters`: messages that no consumer could handle, with the reason."""

from ports import Statement


def insert(
    message_id: str, queue: str, job_id: str | None, batch: int | None, reason: str, body: str, now: int
) -> Statement:
    """Keep a message once. A job that does not exist is left out: its name stays in the body."""
    return Statement(
        """INSERT INTO dead_letters (id, queue, site_id, job_id, batch, reason, body, created_at)
           SELECT ?1, ?2, j.site_id, j.id, iif(j.id IS NULL, NULL, ?4), ?5, ?6, ?7
           FROM (SELECT 1) LEFT JOIN jobs j ON j.id = ?3
           WHERE true ON CONFLICT (id) DO NOTHING""",
        (message_id, queue, job_id, batch, reason, body, now),
    )
