"""The audit trail: who changed what, in which company, when and from where.

The promise: a row stays as it was written (triggers refuse more), and where the change is ours it is written in the
change's own transaction.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ports import Statement
from store.sites import SETTABLE


class Entry(NamedTuple):
    """`actor`: `operator`, or a token's id. `role`: what they may do (`Caller.role`), `system` where it was nobody.
    `address`: where the request came from, if the platform says."""

    at: int
    actor: str
    role: str
    action: str
    target: str
    address: str | None = None
    site_id: str | None = None
    company: str | None = None
    detail: Mapping[str, Any] | None = None


_COLUMNS = "at, site_id, company, actor, role, action, target, address, detail"


def insert(entry: Entry) -> Statement:
    return Statement(f"INSERT INTO audit ({_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", _values(entry))


def insert_for_site(entry: Entry) -> Statement:
    """Only where the site exists: for the same transaction as a change to it."""
    return Statement(
        f"INSERT INTO audit ({_COLUMNS}) SELECT ?1, id, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM sites WHERE id = ?2",
        _values(entry),
    )


def insert_for_job(entry: Entry, states: Sequence[str]) -> Statement:
    """Only where the job `target` is in one of these states, with the company it belongs to."""
    return Statement(
        f"""
        INSERT INTO audit ({_COLUMNS})
        SELECT ?1, site_id, company, ?4, ?5, ?6, ?7, ?8, ?9 FROM jobs
        WHERE site_id = ?2 AND id = ?7 AND state IN (SELECT value FROM json_each(?10))
        """,
        (*_values(entry), json.dumps(states)),
    )


def insert_for_token(entry: Entry, lasting: bool = False) -> Statement:
    """Only where the token `target` exists (`lasting`: and does not expire): stands before a change to it."""
    return Statement(
        f"""
        INSERT INTO audit ({_COLUMNS})
        SELECT ?1, site_id, company, ?4, ?5, ?6, ?7, ?8, ?9 FROM tokens
        WHERE site_id = ?2 AND id = ?7 {"AND expires_at IS NULL" if lasting else ""}
        """,
        _values(entry),
    )


def insert_site_change(entry: Entry) -> Statement:
    """With the settings as they are before, so it stands before the change; `detail` is what they become."""
    before = ", ".join(f"'{name}', {name}" for name in SETTABLE)
    return Statement(
        f"""
        INSERT INTO audit ({_COLUMNS})
        SELECT ?1, id, NULL, ?4, ?5, ?6, ?7, ?8,
          json_object('before', json_object({before}), 'after', json(?9))
        FROM sites WHERE id = ?2
        """,
        _values(entry),
    )


def _values(entry: Entry) -> tuple[str | int | None, ...]:
    return (
        entry.at,
        entry.site_id,
        entry.company,
        entry.actor,
        entry.role,
        entry.action,
        entry.target,
        entry.address,
        _json(entry.detail),
    )


def _json(detail: Mapping[str, Any] | None) -> str | None:
    return None if detail is None else json.dumps(dict(detail))
