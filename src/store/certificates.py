"""Statements of `certificates`: issue once, supersede, revoke, find."""

from ports import Statement
from scope import Scope

_COLUMNS = """code, site_id, company, job_id, position, ref, award, version, state, reason, file, sha256, shown,
    issued_at, expires_at, ended_at"""


def of_people(site_id: str, award: str, refs: str) -> Statement:
    """The latest certificate of each of a JSON array of refs, whatever its state."""
    return Statement(
        f"""SELECT {_COLUMNS}, max(version) FROM certificates
            WHERE site_id = ?1 AND award = ?2 AND ref IN (SELECT value FROM json_each(?3)) GROUP BY ref""",
        (site_id, award, refs),
    )


def supersede(site_id: str, award: str, refs: str, now: int) -> Statement:
    """Before a reissue is inserted, in the same transaction."""
    return Statement(
        """UPDATE certificates SET state = 'superseded', ended_at = ?4
           WHERE site_id = ?1 AND award = ?2 AND state = 'valid'
             AND ref IN (SELECT value FROM json_each(?3))""",
        (site_id, award, refs, now),
    )


def insert(job_id: str, rows: str, now: int) -> Statement:
    """Keep the certificates of a JSON array; one that is there already stays as it is."""
    return Statement(
        """INSERT INTO certificates (code, site_id, company, job_id, position, ref, award, version, state, file, sha256,
             shown, issued_at, expires_at)
           SELECT c.value ->> 'code', j.site_id, j.company, j.id, c.value ->> 'position', c.value ->> 'ref',
             c.value ->> 'award', c.value ->> 'version', 'valid', c.value ->> 'file', c.value ->> 'sha256',
             c.value -> 'shown', c.value ->> 'issued_at', c.value ->> 'expires_at'
           FROM json_each(?2) AS c JOIN jobs j ON j.id = ?1 WHERE ?3 > 0
           ON CONFLICT DO NOTHING""",
        (job_id, rows, now),
    )


def find(code: str) -> Statement:
    """For the public pages: whoever has the code may see it. With the site's name."""
    return Statement(
        f"""SELECT {", ".join(f"c.{name.strip()}" for name in _COLUMNS.split(","))}, s.name AS site_name
            FROM certificates c JOIN sites s ON s.id = c.site_id WHERE c.code = ?1""",
        (code,),
    )


def find_in_scope(scope: Scope, code: str) -> Statement:
    return Statement(
        f"""SELECT {_COLUMNS} FROM certificates
            WHERE code = ?1 AND site_id = ?2 AND (?3 IS NULL OR company = ?3)""",
        (code, scope.site_id, scope.company),
    )


def page(scope: Scope, job_id: str | None, ref: str | None, after: str, limit: int) -> Statement:
    """By code; of one job or one person where given."""
    return Statement(
        f"""SELECT {_COLUMNS} FROM certificates
            WHERE site_id = ?1 AND (?2 IS NULL OR company = ?2) AND (?3 IS NULL OR job_id = ?3)
              AND (?4 IS NULL OR ref = ?4) AND code > ?5
            ORDER BY code LIMIT ?6""",
        (scope.site_id, scope.company, job_id, ref, after, limit),
    )


def revoke(scope: Scope, code: str, reason: str, now: int) -> Statement:
    """A valid certificate only: twice is the same as once."""
    return Statement(
        f"""UPDATE certificates SET state = 'revoked', reason = ?4, ended_at = ?5
            WHERE code = ?1 AND site_id = ?2 AND (?3 IS NULL OR company = ?3) AND state = 'valid'
            RETURNING {_COLUMNS}""",
        (code, scope.site_id, scope.company, reason, now),
    )
