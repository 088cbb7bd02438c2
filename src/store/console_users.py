"""Statements of `console_users`: the people who may use the console by their address (`tenancy/access.py`)."""

from runtime.ports import Statement
from store import audit

_COLUMNS = "u.email, u.role, u.site_id, u.company, u.created_at"


def find(email: str) -> Statement:
    """With whether the site is disabled; `email` in lower case."""
    return Statement(
        f"""SELECT {_COLUMNS}, s.disabled_at FROM console_users u LEFT JOIN sites s ON s.id = u.site_id
            WHERE u.email = ?1""",
        (email,),
    )


def page(after: str, limit: int) -> Statement:
    """By address, after this one."""
    return Statement(
        f"SELECT {_COLUMNS} FROM console_users u WHERE u.email > ?1 ORDER BY u.email LIMIT ?2", (after, limit)
    )


def insert(email: str, role: str, site_id: str | None, company: str | None, now: int) -> Statement:
    """No row comes back where the address is listed already."""
    return Statement(
        """INSERT INTO console_users (email, role, site_id, company, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
           ON CONFLICT DO NOTHING RETURNING email""",
        (email, role, site_id, company, now),
    )


def delete(email: str) -> Statement:
    return Statement("DELETE FROM console_users WHERE email = ?1 RETURNING email", (email,))


def note_insert(entry: audit.Entry, email: str) -> Statement:
    """The audit trail's row, before `insert` in its transaction."""
    return audit.insert_if(entry, "NOT EXISTS (SELECT 1 FROM console_users WHERE email = ?10)", email)


def note_delete(entry: audit.Entry, email: str) -> Statement:
    """The audit trail's row, before `delete` in its transaction."""
    return audit.insert_if(entry, "EXISTS (SELECT 1 FROM console_users WHERE email = ?10)", email)
