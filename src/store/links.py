"""Statements of new links to certificates: who may be mailed one, once an hour."""

from runtime.ports import Statement
from store import audit

# the valid certificate that ?1 stands for: itself, or what replaced it; ?2: now, ?3: milliseconds between two mails.
# Its person's data is kept, their site is served, and their address is not suppressed.
_DUE = """certificates.code = (SELECT c.code FROM certificates o JOIN certificates c ON c.site_id = o.site_id
        AND ifnull(c.company, '') = ifnull(o.company, '') AND c.award = o.award AND c.ref = o.ref AND c.state = 'valid'
        AND c.erased_at IS NULL
      WHERE o.code = ?1 AND o.state <> 'revoked')
    AND (link_mailed_at IS NULL OR link_mailed_at <= ?2 - ?3)
    AND EXISTS (SELECT 1 FROM recipients r JOIN jobs j ON j.id = r.job_id JOIN sites s ON s.id = j.site_id
      WHERE r.job_id = certificates.job_id AND r.position = certificates.position AND r.email <> ''
        AND s.disabled_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM suppressions p
          WHERE p.site_id = j.site_id AND p.email IN (lower(r.email), r.address_hash)
            AND p.company IN ('', ifnull(j.company, '')) AND p.category IN ('', j.category)))"""


def claim(code: str, now: int, interval: int) -> Statement:
    """The one that may be mailed now; asked again within the interval, nothing."""
    return Statement(
        f"UPDATE certificates SET link_mailed_at = ?2 WHERE {_DUE} RETURNING code, job_id, position",
        (code, now, interval),
    )


def note(code: str, now: int, interval: int) -> Statement:
    """The audit trail's row; before `claim` in the same transaction."""
    entry = audit.Entry(now, "public", "public", "certificate.link_mailed", "")
    columns = {"site_id": "site_id", "company": "company", "target": "code"}
    return audit.insert_from(entry, f"certificates WHERE {_DUE}", (code, now, interval), columns)


def release(code: str, at: int) -> Statement:
    """The mail claimed at this time certainly did not leave: it may be asked for again."""
    return Statement(
        "UPDATE certificates SET link_mailed_at = NULL WHERE code = ?1 AND link_mailed_at = ?2", (code, at)
    )


def holder(code: str) -> Statement:
    """Whom it is mailed to, and with what sender."""
    return Statement(
        """SELECT c.site_id, c.company, c.job_id, c.position, c.shown, r.ref, r.email, r.name, k.content, s.provider
           FROM certificates c JOIN recipients r ON r.job_id = c.job_id AND r.position = c.position
           JOIN job_contents k ON k.job_id = c.job_id JOIN sites s ON s.id = c.site_id WHERE c.code = ?1""",
        (code,),
    )
