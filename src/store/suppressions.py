"""Statements of `suppressions`: who must not be mailed, by whose wish or for which fault.

The promise: what a person asked for (`unsubscribe`, `complaint`) is never weakened by anything that comes later; only
an explicit release, or their own undo, takes it away.
"""

from enum import StrEnum

from core.limits import ROW
from core.person_hash import PREFIX
from core.scope import Scope
from runtime.ports import Statement
from store import audit, kept


class Reason(StrEnum):
    HARD_BOUNCE = "hard_bounce"
    SOFT_BOUNCES = "soft_bounces"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    MANUAL = "manual"
    ERASED = "erased"


WISHES = (Reason.COMPLAINT, Reason.UNSUBSCRIBE, Reason.ERASED)
WISHED = "('complaint', 'unsubscribe', 'erased')"
_COLUMNS = "email, company, category, reason, detail, created_at"

# ?1 site, ?2 JSON array of an address and its hash, ?3 company or NULL for any, ?4 category or NULL for any
_CHOSEN = """site_id = ?1 AND email IN (SELECT value FROM json_each(?2))
    AND (?3 IS NULL OR company = ?3) AND (?4 IS NULL OR category = ?4)"""
# ?5: 1 where wishes are released as well; else one of them among the chosen keeps them all
_RELEASED = f"""{_CHOSEN}
    AND (?5 = 1 OR NOT EXISTS (SELECT 1 FROM suppressions WHERE {_CHOSEN} AND reason IN {WISHED}))"""

# the person at position ?2 of job ?1, unless they were erased
PERSON = """recipients r JOIN jobs j ON j.id = r.job_id WHERE r.job_id = ?1 AND r.position = ?2 AND r.email <> ''"""
_OF_PERSON = """s.site_id = j.site_id AND s.email = lower(r.email) AND s.company = ifnull(j.company, '')"""
# what an unsubscribing (?3: the category) changes, and an undo
UNSUBSCRIBES = f"""?3 IN ('', j.category) AND NOT EXISTS (SELECT 1 FROM suppressions s
    WHERE {_OF_PERSON} AND s.category = ?3 AND s.reason IN {WISHED})"""
MOST_UNDONE = 3  # rows of the audit trail that undoing by one mail's link leaves; after these its site is asked
UNDONE = f"{_OF_PERSON} AND s.category IN ('', j.category) AND s.reason = 'unsubscribe' AND s.by_person = 1"

# How a suppression meets one that is there already: what a person wishes takes the place of what happened to the mail.
A_WISH_WINS = f"""ON CONFLICT (site_id, email, company, category) DO UPDATE
  SET reason = excluded.reason, detail = excluded.detail, created_at = excluded.created_at
  WHERE suppressions.reason NOT IN {WISHED} AND excluded.reason IN {WISHED}"""


# of the rows of a JSON array ?2, those that the site ?1 does not have yet, and what they need
_NEEDED = f"""(
    SELECT ifnull(sum({ROW} + length(CAST((value ->> 'email') || ifnull(value ->> 'detail', '') AS BLOB))), 0)
    FROM json_each(?2) WHERE NOT EXISTS (SELECT 1 FROM suppressions s WHERE s.site_id = ?1
      AND (s.email, s.company, s.category) = (value ->> 'email', value ->> 'company', value ->> 'category')))"""


def needed(site_id: str, rows: str) -> Statement:
    return Statement(f"SELECT {_NEEDED} AS bytes", (site_id, rows))


def add(scope: Scope, rows: str, limits: str, now: int) -> Statement:
    """Add those of a JSON array that are not there yet; a wish takes the place of what is none. What was changed comes
    back. Nothing is, where there is no room for all within `limits` (`kept.room`)."""
    return Statement(
        f"""INSERT INTO suppressions (site_id, company, email, category, reason, detail, created_at)
            SELECT ?1, value ->> 'company', value ->> 'email', value ->> 'category', value ->> 'reason',
                   value ->> 'detail', ?3
            FROM json_each(?2) WHERE {kept.room("?4", "?1", "?5", {"bytes": _NEEDED})}
            {A_WISH_WINS}
            RETURNING email""",
        (scope.site_id, rows, now, limits, scope.company),
    )


def note_add(entry: audit.Entry, rows: str) -> Statement:
    """The audit trail's row, where all of a JSON array are there; after `add` in the same transaction."""
    there = """NOT EXISTS (SELECT 1 FROM json_each(?10) WHERE NOT EXISTS (SELECT 1 FROM suppressions s
        WHERE s.site_id = ?2
          AND (s.email, s.company, s.category) = (value ->> 'email', value ->> 'company', value ->> 'category')))"""
    return audit.insert_if(entry, there, rows)


def page(scope: Scope, keys: str | None, reason: Reason | None, after: tuple[str, ...], limit: int) -> Statement:
    """By address, after this (email, company, category); or of one, a JSON array of it and its hash: what is kept by
    hash is found by whoever knows the address. A company sees its own; of the whole site's, only those of an address
    that it asks about: which addresses others have is not for it to see."""
    parameters: list[str | int] = [scope.site_id, *after, limit]

    def given(value: str) -> str:
        parameters.append(value)
        return f"?{len(parameters)}"

    start = "+email" if keys else "email"  # one address is looked up, not passed over on the way through the list
    condition = ""
    if scope.company is not None:
        own = f"company = {given(scope.company)} AND company <> ''"
        condition += f" AND ({own} OR company = '')" if keys else f" AND {own}"
    if keys:
        condition += f" AND email IN (SELECT value FROM json_each({given(keys)}))"
    else:
        condition += f" AND substr(email, 1, {len(PREFIX)}) <> '{PREFIX}'"
    if reason:
        condition += f" AND reason = {given(reason.value)}"
    return Statement(
        f"""SELECT {_COLUMNS} FROM suppressions
            WHERE site_id = ?1 AND ({start}, company, category) > (?2, ?3, ?4) {condition}
            ORDER BY email, company, category LIMIT ?5""",
        tuple(parameters),
    )


def chosen(site_id: str, keys: str, company: str | None, category: str | None) -> Statement:
    return Statement(
        f"SELECT {_COLUMNS} FROM suppressions WHERE {_CHOSEN} ORDER BY company, category",
        (site_id, keys, company, category),
    )


def release(site_id: str, keys: str, company: str | None, category: str | None, force: bool) -> Statement:
    return Statement(
        f"DELETE FROM suppressions WHERE {_RELEASED} RETURNING {_COLUMNS}",
        (site_id, keys, company, category, int(force)),
    )


def note_release(entry: audit.Entry, keys: str, company: str | None, category: str | None, force: bool) -> Statement:
    """An audit row for each that is released; before `release`."""
    return audit.insert_from(
        entry._replace(detail={"force": force}),
        f"suppressions WHERE {_RELEASED}",
        (entry.site_id, keys, company, category, int(force)),
        {"company": "nullif(company, '')"},
        {"reason": "reason", "category": "nullif(category, '')"},
    )


def keep_note(
    entry: audit.Entry, keys: str, company: str | None, category: str | None, force: bool, note: str
) -> Statement:
    """Why they are released, where it can be erased; before `release`."""
    return Statement(
        f"""INSERT INTO release_notes (site_id, company, target, at, note)
            SELECT DISTINCT site_id, company, ?6, ?7, ?8 FROM suppressions WHERE {_RELEASED} ON CONFLICT DO NOTHING""",
        (entry.site_id, keys, company, category, int(force), entry.target, entry.at, note),
    )


def subscriber(job_id: str, position: int) -> Statement:
    """Whom an unsubscribe link stands for, and what they have stopped: their category, everything, both by themselves
    or not. Stopping is never bounded; what follows each other is, by undoing in between."""
    stopped = f"""SELECT 1 FROM suppressions s
        WHERE s.site_id = j.site_id AND s.email IN (lower(r.email), r.address_hash)
        AND s.company IN ('', ifnull(j.company, '')) AND s.reason IN {WISHED}"""
    undone = f"""SELECT 1 FROM audit WHERE target = r.job_id || '/' || r.position AND action = 'suppression.undo'
        LIMIT {MOST_UNDONE}"""
    return Statement(
        f"""SELECT j.site_id, (SELECT name FROM sites WHERE id = j.site_id) AS site, j.company, j.category, r.email,
              EXISTS ({stopped} AND s.category = j.category AND j.category <> '') AS category_stopped,
              EXISTS ({stopped} AND s.category = '') AS all_stopped,
              EXISTS (SELECT 1 FROM suppressions s WHERE {UNDONE})
                AND (SELECT count(*) FROM ({undone})) < {MOST_UNDONE} AS can_undo
            FROM {PERSON}""",
        (job_id, position),
    )


def unsubscribe(job_id: str, position: int, category: str, now: int) -> Statement:
    """By the person themselves. What was suppressed for another reason cannot be undone by them."""
    return Statement(
        f"""INSERT INTO suppressions (site_id, company, email, category, reason, created_at, by_person)
            SELECT j.site_id, ifnull(j.company, ''), lower(r.email), ?3, 'unsubscribe', ?4, 1
            FROM {PERSON} AND ?3 IN ('', j.category)
            ON CONFLICT (site_id, email, company, category) DO UPDATE
              SET reason = 'unsubscribe', detail = 'before that: ' || suppressions.reason, created_at = ?4
              WHERE suppressions.reason NOT IN {WISHED}""",
        (job_id, position, category, now),
    )


def undo(job_id: str, position: int) -> Statement:
    return Statement(
        f"""DELETE FROM suppressions AS s
            WHERE (s.site_id, s.email, s.company, s.category) IN (
              SELECT s.site_id, s.email, s.company, s.category FROM suppressions s, {PERSON} AND {UNDONE})""",
        (job_id, position),
    )


_OF_JOB = {"site_id": "j.site_id", "company": "j.company", "target": "j.id || '/' || r.position"}


def note_unsubscribe(job_id: str, position: int, category: str, now: int) -> Statement:
    """Before `unsubscribe`."""
    entry = audit.Entry(now, "recipient", "public", "suppression.unsubscribe", "")
    given = (job_id, position, category)
    return audit.insert_from(entry, f"{PERSON} AND {UNSUBSCRIBES}", given, _OF_JOB, {"category": "nullif(?3, '')"})


def note_undo(job_id: str, position: int, now: int) -> Statement:
    """Before `undo`."""
    entry = audit.Entry(now, "recipient", "public", "suppression.undo", "")
    source, fields = f"suppressions s, {PERSON} AND {UNDONE}", {"category": "nullif(s.category, '')"}
    return audit.insert_from(entry, source, (job_id, position), _OF_JOB, fields)
