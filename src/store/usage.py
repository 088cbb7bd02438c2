"""Statements of `usage`: what a site and each of its companies did by day, in UTC.

The promise: whoever comes to be `sent` counts once, on the day of their mail, also where we only learned later that it
had left: the site's daily quota is the provider's view. And a group costs one row.
"""

from runtime.ports import Row, Statement
from store.deliveries import ADVANCES, PEOPLE, RESOLVES

_SENT = "sent = sent + excluded.sent, certificates = certificates + excluded.certificates"


def add(job_id: str, fence: int, outcomes: str, now: int) -> Statement:
    """Count the accepted of a group; before `recipients.record` in the same transaction, so that a repetition finds
    nobody to count. Of whom the provider has told, `told` has counted."""
    return Statement(
        f"""INSERT INTO usage (site_id, day, company, sent, certificates, minute, sent_that_minute)
            SELECT j.site_id, date(?4 / 1000, 'unixepoch'), ifnull(j.company, ''), count(*),
              iif(j.kind = 'certificate', count(*), 0), CAST(?4 / 60000 AS INTEGER), count(*)
            FROM jobs j, json_each(?3) AS o
            WHERE j.id = ?1 AND o.value ->> 'state' = 'sent'
              AND EXISTS (SELECT 1 FROM recipients r WHERE r.job_id = ?1 AND r.position = (o.value ->> 'position')
                          AND r.fence = ?2 AND r.state IN ('sending', 'uncertain') AND r.delivery IS NULL)
            GROUP BY j.site_id
            ON CONFLICT (site_id, day, company) DO UPDATE SET {_SENT},
              sent_the_minute_before = CASE WHEN excluded.minute <= minute THEN sent_the_minute_before
                WHEN excluded.minute = minute + 1 THEN sent_that_minute ELSE 0 END,
              sent_that_minute = iif(excluded.minute <= minute, sent_that_minute, 0) + excluded.sent_that_minute,
              minute = max(minute, excluded.minute)""",
        (job_id, fence, outcomes, now),
    )


def resolved(job_id: str, reason: str | None, refs: str | None) -> Statement:
    """Before `recipients.resolve_selected`: a person knows that the selected uncertain were mailed."""
    return Statement(
        f"""INSERT INTO usage (site_id, day, company, sent, certificates)
            SELECT j.site_id, date(r.updated_at / 1000, 'unixepoch'), ifnull(j.company, ''), count(*),
              iif(j.kind = 'certificate', count(*), 0)
            FROM jobs j JOIN recipients r ON r.job_id = j.id
            WHERE j.id = ?1 AND r.state = 'uncertain'
              AND (?2 IS NULL OR r.reason = ?2) AND (?3 IS NULL OR r.ref IN (SELECT value FROM json_each(?3)))
            GROUP BY 2
            ON CONFLICT (site_id, day, company) DO UPDATE SET {_SENT}""",
        (job_id, reason, refs),
    )


def told(changes: str) -> Statement:
    """Before `deliveries.update`: whom the provider's word makes `sent`, now or once their attempt is recorded; and how
    many bounced hard or complained."""
    sent = f"""({RESOLVES} AND (e.value ->> 'state') = 'sent')
        OR (r.state = 'sending' AND r.delivery IS NULL AND {ADVANCES})"""
    bounced = f"{ADVANCES} AND (e.value ->> 'reason') = 'hard_bounce'"
    complained = f"{ADVANCES} AND (e.value ->> 'delivery') = 'complained'"
    return Statement(
        f"""INSERT INTO usage (site_id, day, company, sent, certificates, bounced, complained)
            SELECT j.site_id, date(r.updated_at / 1000, 'unixepoch'), ifnull(j.company, ''),
              count(*) FILTER (WHERE {sent}), count(*) FILTER (WHERE j.kind = 'certificate' AND ({sent})),
              count(*) FILTER (WHERE {bounced}), count(*) FILTER (WHERE {complained})
            FROM {PEOPLE} JOIN jobs j ON j.id = r.job_id
            WHERE ({sent}) OR ({bounced}) OR ({complained})
            GROUP BY 1, 2, 3
            ON CONFLICT (site_id, day, company) DO UPDATE SET {_SENT},
              bounced = bounced + excluded.bounced, complained = complained + excluded.complained""",
        (changes,),
    )


def posted(event: Row, accepted: bool, now: int) -> Statement:
    """An attempt to deliver an event; before its outcome is recorded, under the same lease."""
    return Statement(
        """INSERT INTO usage (site_id, day, company, posts, posts_accepted)
           SELECT site_id, date(?4 / 1000, 'unixepoch'), ifnull(company, ''), 1, ?3 FROM callbacks
           WHERE id = ?1 AND state = 'pending' AND lease_until = ?2
           ON CONFLICT (site_id, day, company) DO UPDATE SET
             posts = posts + 1, posts_accepted = posts_accepted + excluded.posts_accepted""",
        (event["id"], event["lease_until"], int(accepted), now),
    )
