"""Statements of certificates as credentials."""

from runtime.ports import Statement

LIST_SIZE = 131_072  # bits: the least that the specification allows, so that a list tells nothing of its length


def find(code: str) -> Statement:
    """What a credential says. Whoever has the code may have it, until its holder's data is erased."""
    return Statement(
        """SELECT c.code, c.ref, c.shown, c.issued_at, c.expires_at, c.status_index, s.name AS site_name
           FROM certificates c JOIN sites s ON s.id = c.site_id WHERE c.code = ?1 AND c.erased_at IS NULL""",
        (code,),
    )


def ended_in_list(number: int) -> Statement:
    """The places in a status list that are valid no more, and the first of the list, which shows that there is one."""
    return Statement(
        """SELECT CAST(status_index - ?1 AS INTEGER) AS place, state <> 'valid' AS ended FROM certificates
           WHERE status_index BETWEEN ?1 AND ?2 AND (state <> 'valid' OR status_index = ?1)""",
        (number * LIST_SIZE, (number + 1) * LIST_SIZE - 1),
    )
