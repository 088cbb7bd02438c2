"""Statements of `console_sessions` and `access_sessions`: who is signed in to the console, with a secret or through the
sign-on in front of us.

The promise: a session is found by the hash of its cookie alone, and ends with the token that it came from; what forms
are signed with is one session's, and nobody else's.
"""

from runtime.ports import Statement


def insert(hash: str, token_id: str | None, operator_hash: str | None, now: int, expires_at: int) -> Statement:
    return Statement(
        """INSERT INTO console_sessions (hash, token_id, operator_hash, created_at, expires_at)
           VALUES (?1, ?2, ?3, ?4, ?5)""",
        (hash, token_id, operator_hash, now, expires_at),
    )


def find(hash: str, now: int) -> Statement:
    """The session with its token's hash; no row where it is over or the token is gone."""
    return Statement(
        """SELECT s.operator_hash, t.hash AS token_hash
           FROM console_sessions s LEFT JOIN tokens t ON t.id = s.token_id
           WHERE s.hash = ?1 AND s.expires_at > ?2 AND (s.operator_hash IS NOT NULL OR t.hash IS NOT NULL)""",
        (hash, now),
    )


def delete(hash: str) -> Statement:
    return Statement("DELETE FROM console_sessions WHERE hash = ?1", (hash,))


def delete_expired(now: int, limit: int) -> Statement:
    return Statement(
        """DELETE FROM console_sessions WHERE hash IN
             (SELECT hash FROM console_sessions WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)""",
        (now, limit),
    )


def form_key(hash: str) -> Statement:
    return Statement("SELECT form_key FROM access_sessions WHERE hash = ?1", (hash,))


def keep_form_key(hash: str, key: str, expires_at: int) -> Statement:
    """The first one stays: two pages may be opened at once."""
    return Statement(
        "INSERT INTO access_sessions (hash, form_key, expires_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        (hash, key, expires_at),
    )


def delete_expired_keys(now: int, limit: int) -> Statement:
    return Statement(
        """DELETE FROM access_sessions WHERE hash IN
             (SELECT hash FROM access_sessions WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)""",
        (now, limit),
    )
