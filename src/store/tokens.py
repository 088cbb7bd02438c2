"""Access tokens, kept as hashes.

The promise: the token itself is nowhere in the database, and one that has expired opens nothing.
"""

from core.scope import Scope
from runtime.ports import Statement
from store.tenancy import parameters, within

_COLUMNS = "id, company, name, read_only, expires_at, created_at"


def bearer(hash: str, now: int) -> Statement:
    """Whoever holds the token with this hash, with what a request needs to know of the site."""
    return Statement(
        """
        SELECT tokens.id AS token_id, tokens.company, tokens.read_only, ifnull(tokens.expires_at <= ?2, 0) AS expired,
          sites.*
        FROM tokens JOIN sites ON sites.id = tokens.site_id
        WHERE tokens.hash = ?1
        """,
        (hash, now),
    )


def insert(
    site_id: str, id: str, hash: str, name: str, company: str | None, now: int, *, read_only: bool = False
) -> Statement:
    """Does nothing where there is no such site."""
    return Statement(
        f"""
        INSERT INTO tokens (id, hash, site_id, company, name, read_only, created_at)
        SELECT ?2, ?3, id, ?5, ?4, ?7, ?6 FROM sites WHERE id = ?1
        RETURNING {_COLUMNS}
        """,
        (site_id, id, hash, name, company, now, int(read_only)),
    )


def page(scope: Scope, now: int, after: tuple[int, str] = (-1, ""), limit: int = -1) -> Statement:
    """Oldest first, after this one; all of them without a limit. Of a company, its own."""
    return Statement(
        f"""
        SELECT {_COLUMNS} FROM tokens
        WHERE {within(scope)} AND (expires_at IS NULL OR expires_at > ?3) AND (created_at, id) > (?4, ?5)
        ORDER BY created_at, id LIMIT ?6
        """,
        (*parameters(scope), now, *after, limit),
    )


def find(site_id: str, token_id: str) -> Statement:
    return Statement(f"SELECT {_COLUMNS} FROM tokens WHERE site_id = ?1 AND id = ?2", (site_id, token_id))


def insert_successor(site_id: str, token_id: str, id: str, hash: str, now: int) -> Statement:
    """A new token that is what one is that does not expire yet."""
    return Statement(
        f"""
        INSERT INTO tokens (id, hash, site_id, company, name, read_only, created_at)
        SELECT ?3, ?4, site_id, company, name, read_only, ?5 FROM tokens
        WHERE site_id = ?1 AND id = ?2 AND expires_at IS NULL
        RETURNING {_COLUMNS}
        """,
        (site_id, token_id, id, hash, now),
    )


def expire(site_id: str, token_id: str, at: int) -> Statement:
    return Statement(
        "UPDATE tokens SET expires_at = ?3 WHERE site_id = ?1 AND id = ?2 AND expires_at IS NULL",
        (site_id, token_id, at),
    )


def delete(site_id: str, token_id: str) -> Statement:
    return Statement("DELETE FROM tokens WHERE site_id = ?1 AND id = ?2 RETURNING id", (site_id, token_id))
