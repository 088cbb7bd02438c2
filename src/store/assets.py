"""Statements of `assets`: the pictures and fonts that designs of certificates refer to.

A company's own are kept under its name, those of the whole site under ''.
"""

from core.limits import ROW
from core.scope import Scope
from runtime.ports import Statement
from store import audit, kept

_COLUMNS = "nullif(company, '') AS company, name, type, bytes, created_at"
_ONE = "site_id = ?1 AND company = ifnull(?2, '') AND name = ?3"


def insert(scope: Scope, name: str, type_: str, size: int, limits: str, now: int) -> Statement:
    """Uploaded again, it is what it was. Not where there is no room for it within `limits` (`kept.room`)."""
    room = kept.room("?7", "?1", "?2", {"assets": "1", "bytes": f"(?5 + {ROW})"})
    return Statement(
        f"""INSERT INTO assets (site_id, company, name, type, bytes, created_at)
            SELECT ?1, ifnull(?2, ''), ?3, ?4, ?5, ?6 WHERE {room} ON CONFLICT DO NOTHING""",
        (scope.site_id, scope.company, name, type_, size, now, limits),
    )


def note_insert(entry: audit.Entry) -> Statement:
    """The audit trail's row of the upload of `target`, where it is there; after `insert` in the same transaction."""
    there = "EXISTS (SELECT 1 FROM assets WHERE site_id = ?2 AND company = ifnull(?3, '') AND name = ?10)"
    return audit.insert_if(entry, there, entry.target)


def find(site_id: str, company: str | None, name: str) -> Statement:
    return Statement(f"SELECT {_COLUMNS} FROM assets WHERE {_ONE}", (site_id, company, name))


def page(scope: Scope, before: tuple[int, str] | None, limit: int) -> Statement:
    """The newest first, before this time and `place`. A company's token sees its own and the site's."""
    at, place = before or (None, None)
    return Statement(
        f"""SELECT {_COLUMNS}, name || company AS place FROM assets
            WHERE site_id = ?1 AND (?2 IS NULL OR company IN ('', ?2))
              AND (?3 IS NULL OR (created_at, name || company) < (?3, ?4))
            ORDER BY created_at DESC, name || company DESC LIMIT ?5""",
        (scope.site_id, scope.company, at, place, limit),
    )


def jobs_using(site_id: str, company: str | None, name: str) -> Statement:
    """One job that is not over and whose design refers to it, if there is any."""
    return Statement(
        """SELECT j.id FROM jobs j JOIN job_contents k ON k.job_id = j.id
           WHERE j.site_id = ?1 AND (?2 IS NULL OR j.company = ?2) AND j.kind = 'certificate'
             AND j.state NOT IN ('completed', 'cancelled') AND instr(k.content, ?3) LIMIT 1""",
        (site_id, company, name),
    )


def companies_using(site_id: str, company: str | None, name: str) -> Statement:
    """One company whose logo it is, if there is any."""
    return Statement(
        """SELECT company FROM companies WHERE site_id = ?1 AND (?2 IS NULL OR company = ?2) AND logo = ?3 LIMIT 1""",
        (site_id, company, name),
    )


def note(entry: audit.Entry, site_id: str, company: str | None, name: str) -> Statement:
    """The audit trail's row, where it is there; before `delete` in the same transaction."""
    columns = {"site_id": "site_id", "company": "nullif(company, '')"}
    return audit.insert_from(entry, f"assets WHERE {_ONE}", (site_id, company, name), columns)


def delete(site_id: str, company: str | None, name: str) -> Statement:
    return Statement(f"DELETE FROM assets WHERE {_ONE}", (site_id, company, name))
