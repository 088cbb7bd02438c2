"""Statements of `certificates`: issue once, supersede, revoke, find."""

from core.scope import Scope
from runtime.ports import Statement
from store import audit, tenancy
from store.keyset import LATEST

_COLUMNS = (
    *("code", "site_id", "company", "job_id", "position", "ref", "award", "version", "state", "reason", "file"),
    *("sha256", "shown", "changes", "issued_at", "expires_at", "ended_at", "erased_at"),
)
_ALL = ", ".join(_COLUMNS)
_LATEST = (LATEST, "")
_IN_SCOPE = "site_id = ?2 AND (?3 IS NULL OR company = ?3)"

# Those of a JSON array of certificates (?2, as `c`) of the job ?1 (as `j`) that can be issued: not there yet, and what
# they replace, if anything, has been superseded.
ISSUABLE = """json_each(?2) AS c JOIN jobs j ON j.id = ?1
    WHERE NOT EXISTS (SELECT 1 FROM certificates o WHERE o.code = c.value ->> 'code')
      AND NOT EXISTS (SELECT 1 FROM certificates o
        WHERE o.site_id = j.site_id AND ifnull(o.company, '') = ifnull(j.company, '')
          AND o.award = c.value ->> 'award' AND o.ref = c.value ->> 'ref'
          AND (o.state = 'valid' OR o.version = c.value ->> 'version'))
      AND (c.value ->> 'replaces' IS NULL
        OR EXISTS (SELECT 1 FROM certificates o WHERE o.code = c.value ->> 'replaces' AND o.state = 'superseded'))"""


def of_people(site_id: str, company: str | None, award: str, refs: str) -> Statement:
    """The latest certificate of each of a JSON array of refs, whatever its state."""
    return Statement(
        f"""SELECT {_ALL}, max(version) FROM certificates
            WHERE site_id = ?1 AND ifnull(company, '') = ifnull(?2, '') AND award = ?3
              AND ref IN (SELECT value FROM json_each(?4)) GROUP BY ref""",
        (site_id, company, award, refs),
    )


def supersede(rows: str, now: int) -> Statement:
    """What a JSON array of new certificates replaces; before their `insert` in the same transaction."""
    return Statement(
        """UPDATE certificates SET state = 'superseded', ended_at = ?2
           WHERE state = 'valid' AND erased_at IS NULL
             AND code IN (SELECT value ->> 'replaces' FROM json_each(?1))""",
        (rows, now),
    )


def insert(job_id: str, rows: str) -> Statement:
    """Keep the certificates of a JSON array; one that is there already stays as it is."""
    return Statement(
        f"""INSERT INTO certificates (code, site_id, company, job_id, position, ref, award, version, state, file,
              sha256, shown, changes, issued_at, expires_at)
            SELECT c.value ->> 'code', j.site_id, j.company, j.id, c.value ->> 'position', c.value ->> 'ref',
              c.value ->> 'award', c.value ->> 'version', 'valid', c.value ->> 'file', c.value ->> 'sha256',
              c.value -> 'shown', c.value -> 'changes', c.value ->> 'issued_at', c.value ->> 'expires_at'
            FROM {ISSUABLE}
            ON CONFLICT DO NOTHING""",
        (job_id, rows),
    )


def find(code: str) -> Statement:
    """For the public pages: whoever has the code may see it. With the site's name."""
    return Statement(
        f"""SELECT {", ".join(f"c.{name}" for name in _COLUMNS)}, s.name AS site_name
            FROM certificates c JOIN sites s ON s.id = c.site_id WHERE c.code = ?1""",
        (code,),
    )


def find_in_scope(scope: Scope | None, code: str) -> Statement:
    return Statement(
        f"SELECT {_ALL} FROM certificates WHERE {tenancy.within(scope)} AND code = ?3",
        (*tenancy.parameters(scope), code),
    )


def holder(job_id: str, position: int) -> Statement:
    """The person as the job has them, with what the job says: what a reissue starts from."""
    return Statement(
        """SELECT r.position, r.ref, r.email, r.name, r.variables, k.content
           FROM recipients r JOIN job_contents k ON k.job_id = r.job_id WHERE r.job_id = ?1 AND r.position = ?2
             AND r.email <> ''""",
        (job_id, position),
    )


def page(
    scope: Scope | None, job_id: str | None, ref: str | None, before: tuple[int, str] | None, limit: int
) -> Statement:
    """The newest first, of holders whose data is kept; of one job or one person where given."""
    of_job = "AND job_id = ?6" if job_id else "AND ?6 IS NULL"
    of_person = "AND ref = ?7" if ref else "AND ?7 IS NULL"
    # each list has an index of its own; a condition that may be none would keep SQLite from using it
    index = (
        "INDEXED BY certificates_of_job_newest" if job_id else "INDEXED BY certificates_of_ref" if ref and scope else ""
    )
    return Statement(
        f"""SELECT {_ALL} FROM certificates {index}
            WHERE {tenancy.within(scope)} AND erased_at IS NULL {of_job} {of_person} AND (issued_at, code) < (?3, ?4)
            ORDER BY issued_at DESC, code DESC LIMIT ?5""",
        (*tenancy.parameters(scope), *(before or _LATEST), limit, job_id, ref),
    )


# ?1 is a job of certificates, and this person of it has none yet: then no mail has left, for that comes after
UNISSUED = """EXISTS (SELECT 1 FROM jobs j JOIN job_contents k ON k.job_id = j.id
    WHERE j.id = ?1 AND j.kind = 'certificate' AND NOT EXISTS (SELECT 1 FROM certificates c
      WHERE c.site_id = j.site_id AND ifnull(c.company, '') = ifnull(j.company, '')
        AND c.award = k.content ->> '$.certificate.award' AND c.ref = recipients.ref))"""


def files(job_id: str, after: int, limit: int) -> Statement:
    """The valid certificates of a job's people, in their order, those that an earlier job issued among them."""
    return Statement(
        """SELECT r.position, r.ref, r.name, c.code, c.file, c.issued_at
           FROM jobs j JOIN job_contents k ON k.job_id = j.id JOIN recipients r ON r.job_id = j.id
           JOIN certificates c ON c.site_id = j.site_id AND ifnull(c.company, '') = ifnull(j.company, '')
             AND c.award = k.content ->> '$.certificate.award' AND c.ref = r.ref AND c.state = 'valid'
           WHERE j.id = ?1 AND r.position > ?2 ORDER BY r.position LIMIT ?3""",
        (job_id, after, limit),
    )


def revoke(scope: Scope, code: str, reason: str, now: int) -> Statement:
    """A valid certificate only: twice is the same as once."""
    return Statement(
        f"""UPDATE certificates SET state = 'revoked', reason = ?4, ended_at = ?5
            WHERE code = ?1 AND {_IN_SCOPE} AND state = 'valid'""",
        (code, scope.site_id, scope.company, reason, now),
    )


def note(entry: audit.Entry, scope: Scope) -> Statement:
    """The audit trail's row of a change to the valid certificate `target`; stands before the change."""
    source = f"certificates WHERE code = ?1 AND {_IN_SCOPE} AND state = 'valid'"
    given = (entry.target, scope.site_id, scope.company)
    return audit.insert_from(entry, source, given, {"site_id": "site_id", "company": "company"})
