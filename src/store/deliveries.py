"""Statements that apply providers' events: what became of a mail, and what follows from it.

Idempotent: an event that comes again, late or out of order finds nothing to change. `changes` is a JSON array with one
object a person, as `deliveries.Change` writes it; every statement before `update` sees the people as they were.
"""

from runtime.ports import Statement
from store.suppressions import A_WISH_WINS

SOFT_BOUNCES = 3  # in a row, until an address counts as dead

# e: one of `changes`; r: its person
PEOPLE = """json_each(?1) AS e CROSS JOIN recipients AS r
    ON r.job_id = (e.value ->> 'job') AND r.position = (e.value ->> 'position')"""
# The mail was handed over, or may have been: only then can an event speak of it.
_OURS = "r.state IN ('pending', 'sending', 'sent', 'uncertain')"
_RANK = "CASE r.delivery WHEN 'delivered' THEN 1 WHEN 'bounced' THEN 2 WHEN 'complained' THEN 3 ELSE 0 END"
# Out of doubt; and whoever was to be sent to again need not be.
RESOLVES = "(r.state = 'uncertain' OR (r.state = 'pending' AND (e.value ->> 'state') = 'sent'))"
# What was dropped while it was in doubt has failed: that is no delivery.
ADVANCES = f"""({_OURS} AND (e.value ->> 'rank') > {_RANK}
    AND NOT (r.state IN ('pending', 'uncertain') AND (e.value ->> 'state') = 'failed'))"""
# of an unsubscription that counted already, beside its time
_MARK = "(e.value ->> 'job') || '-' || (e.value ->> 'position')"
_STATE = f"iif({RESOLVES}, e.value ->> 'state', r.state)"
_DELIVERY = f"iif({ADVANCES}, e.value ->> 'delivery', r.delivery)"

# A plain delivery is not told: it is what was expected, and each event costs the receiver a request.
TOLD = f"""SELECT r.job_id, json_group_array(json_object('ref', r.ref, 'state', {_STATE}, 'delivery', {_DELIVERY},
      'reason', e.value ->> 'reason', 'at', e.value ->> 'at')) AS people
    FROM {PEOPLE}
    WHERE {RESOLVES} OR ({ADVANCES} AND (e.value ->> 'delivery') IN ('bounced', 'complained'))
    GROUP BY r.job_id"""

_PERSON = """e.key AS place, r.job_id, r.position, r.state, r.email, j.site_id, j.batch_size
    FROM json_each(?1) AS e CROSS JOIN recipients AS r"""


def by_reference(events: str) -> Statement:
    """The people that a JSON array of {job, position} names, each with its place there."""
    return Statement(
        f"""SELECT {_PERSON} ON r.job_id = (e.value ->> 'job') AND r.position = (e.value ->> 'position')
            JOIN jobs j ON j.id = r.job_id""",
        (events,),
    )


def by_message_id(events: str) -> Statement:
    """The same by {message_id}, for ids in angle brackets: only those are in the index."""
    return Statement(
        f"""SELECT {_PERSON} ON r.message_id = (e.value ->> 'message_id') AND substr(r.message_id, 1, 1) = '<'
            JOIN jobs j ON j.id = r.job_id
            WHERE (e.value ->> 'job') IS NULL""",
        (events,),
    )


def suppress(changes: str, now: int) -> Statement:
    """A dead address is dead for the whole site; who complained or unsubscribed did so to one company."""
    return Statement(
        f"""INSERT INTO suppressions (site_id, company, email, category, reason, detail, created_at)
            SELECT j.site_id, iif((e.value ->> 'suppress') = 'hard_bounce', '', ifnull(j.company, '')),
              e.value ->> 'email', iif((e.value ->> 'suppress') = 'unsubscribe', j.category, ''),
              e.value ->> 'suppress', e.value ->> 'detail', ?2
            FROM {PEOPLE} JOIN jobs j ON j.id = r.job_id
            WHERE (e.value ->> 'suppress') IS NOT NULL AND (e.value ->> 'email') IS NOT NULL
              AND ((e.value ->> 'rank') = 0 OR (e.value ->> 'rank') > {_RANK})
              AND NOT EXISTS (SELECT 1 FROM event_tokens WHERE (e.value ->> 'suppress') = 'unsubscribe'
                AND at = (e.value ->> 'at') AND token = {_MARK})
            {A_WISH_WINS}""",
        (changes, now),
    )


def count_soft_bounces(changes: str) -> Statement:
    """`last_at` makes an event count once."""
    return Statement(
        """INSERT INTO soft_bounces (site_id, email, bounces, last_at)
           SELECT value ->> 'site', value ->> 'email', 1, value ->> 'at' FROM json_each(?1)
           WHERE (value ->> 'reason') = 'soft_bounce' AND (value ->> 'email') IS NOT NULL ORDER BY value ->> 'at'
           ON CONFLICT (site_id, email) DO UPDATE SET bounces = bounces + 1, last_at = excluded.last_at
           WHERE excluded.last_at > last_at""",
        (changes,),
    )


def forget_soft_bounces(changes: str) -> Statement:
    """A mail arrived, so they are not in a row any more."""
    return Statement(
        """UPDATE soft_bounces SET bounces = 0, last_at = value ->> 'at' FROM json_each(?1)
           WHERE site_id = (value ->> 'site') AND email = (value ->> 'email')
             AND (value ->> 'delivery') = 'delivered' AND last_at < (value ->> 'at')""",
        (changes,),
    )


_TOO_SOFT = f"""bounces >= {SOFT_BOUNCES}
    AND (site_id, email) IN (SELECT value ->> 'site', value ->> 'email' FROM json_each(?1))"""


def suppress_soft_bounces(changes: str, now: int) -> Statement:
    return Statement(
        f"""INSERT INTO suppressions (site_id, email, reason, detail, created_at)
            SELECT site_id, email, 'soft_bounces', bounces || ' soft bounces in a row', ?2
            FROM soft_bounces WHERE {_TOO_SOFT}
            ON CONFLICT DO NOTHING""",
        (changes, now),
    )


def restart_soft_bounces(changes: str) -> Statement:
    """After `suppress_soft_bounces`: once a person has released the address, it has another three."""
    return Statement(f"UPDATE soft_bounces SET bounces = 0 WHERE {_TOO_SOFT}", (changes,))


def update(changes: str, now: int) -> Statement:
    """What became of the mails, never backwards; and people in doubt leave it."""
    return Statement(
        f"""UPDATE recipients AS r
            SET state = {_STATE}, delivery = {_DELIVERY},
                delivery_at = iif({ADVANCES}, e.value ->> 'at', r.delivery_at),
                reason = e.value ->> 'reason', detail = iif(r.email = '', NULL, e.value ->> 'detail'),
                message_id = iif(r.email = '', NULL, ifnull(r.message_id, e.value ->> 'message_id')),
                unsure_since = iif({RESOLVES} OR {ADVANCES}, NULL, r.unsure_since),
                updated_at = iif({RESOLVES}, ?2, r.updated_at)
            FROM json_each(?1) AS e
            WHERE r.job_id = (e.value ->> 'job') AND r.position = (e.value ->> 'position')
              AND ({RESOLVES} OR {ADVANCES})""",
        (changes, now),
    )


def spend(token: str, at: int, content: str) -> list[Statement]:
    """Bind a token that was signed at `at` to this content, unless it is bound; the second tells to which it is."""
    return [
        Statement(
            "INSERT INTO event_tokens (at, token, content) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            (at, token, content),
        ),
        Statement("SELECT content FROM event_tokens WHERE at = ?1 AND token = ?2", (at, token)),
    ]


def remember_unsubscribing(changes: str) -> Statement:
    """After `suppress`, whose condition it is: such an event counts once, so that its repetition undoes no release."""
    return Statement(
        f"""INSERT INTO event_tokens (at, token)
            SELECT e.value ->> 'at', {_MARK} FROM json_each(?1) AS e
            WHERE (e.value ->> 'suppress') = 'unsubscribe' ON CONFLICT DO NOTHING""",
        (changes,),
    )


def forget_tokens(before: int) -> Statement:
    """Whatever was signed earlier is refused by its time."""
    return Statement("DELETE FROM event_tokens WHERE at < ?1", (before,))
