"""Statements of `usage`: accepted mails of a site by day, for its daily quota."""

from ports import Statement


def add(job_id: str, fence: int, outcomes: str, now: int) -> Statement:
    """Count the accepted of a group; before `recipients.record` in the same transaction, so that a repetition, which
    finds nobody `sending` any more, counts nobody twice."""
    return Statement(
        """INSERT INTO usage (site_id, day, sent)
           SELECT j.site_id, date(?4 / 1000, 'unixepoch'), count(*)
           FROM jobs j, json_each(?3) AS o
           WHERE j.id = ?1 AND o.value ->> 'state' = 'sent'
             AND EXISTS (SELECT 1 FROM recipients r WHERE r.job_id = ?1 AND r.position = (o.value ->> 'position')
                         AND r.fence = ?2 AND r.state = 'sending')
           GROUP BY j.site_id
           ON CONFLICT (site_id, day) DO UPDATE SET sent = sent + excluded.sent""",
        (job_id, fence, outcomes, now),
    )
