"""Statements of `assets`: the pictures and fonts that designs of certificates refer to.

A company's own are kept under its name, those of the whole site under ''.
"""

import json

from core.scope import Scope
from runtime.ports import Statement
from store import audit

_COLUMNS = "nullif(company, '') AS company, name, type, bytes, created_at"
_ONE = "site_id = ?1 AND company = ifnull(?2, '') AND name = ?3"


def insert(scope: Scope, name: str, type_: str, size: int, now: int) -> Statement:
    """Uploaded again, it is what it was."""
    return Statement(
        """INSERT INTO assets (site_id, company, name, type, bytes, created_at)
           VALUES (?1, ifnull(?2, ''), ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING""",
        (scope.site_id, scope.company, name, type_, size, now),
    )


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
    return Statement(
        f"""INSERT INTO audit (at, site_id, company, actor, role, action, target, address, detail)
            SELECT ?4, site_id, nullif(company, ''), ?5, ?6, ?7, name, ?8, ?9 FROM assets WHERE {_ONE}""",
        (
            *(site_id, company, name, entry.at, entry.actor, entry.role, entry.action, entry.address),
            json.dumps(dict(entry.detail or {})),
        ),
    )


def delete(site_id: str, company: str | None, name: str) -> Statement:
    return Statement(f"DELETE FROM assets WHERE {_ONE}", (site_id, company, name))
