"""The audit trail: who changed what, in which company, when and from where.

The promise: a row stays as it was written (triggers refuse more), and where the change is ours it is written in the
change's own transaction. Looking through it reads a bounded number of rows, in an index, whatever is looked for.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from core.scope import Scope
from runtime.ports import Parameter, Statement
from store.keyset import LATEST
from store.sites import SETTABLE
from store.tenancy import parameters, within


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


class Filter(NamedTuple):
    """Which rows to look for; None is any. `since` and `until` are times, the latter left out itself."""

    action: str | None = None
    actor: str | None = None
    target: str | None = None
    since: int | None = None
    until: int | None = None


class Place(NamedTuple):
    """Of a row, in the order of the trail."""

    at: int
    id: int


def insert(entry: Entry) -> Statement:
    return Statement(f"INSERT INTO audit ({_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", _values(entry))


def insert_if(entry: Entry, condition: str, parameter: Parameter) -> Statement:
    """Only where this is so of ?10, the parameter; ?2 and ?3 are the entry's site and company. For a change that finds
    nothing to do when it is repeated."""
    return Statement(
        f"INSERT INTO audit ({_COLUMNS}) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE {condition}",
        (*_values(entry), parameter),
    )


def insert_for_site(entry: Entry) -> Statement:
    """Only where the site exists: for the same transaction as a change to it."""
    return Statement(
        f"INSERT INTO audit ({_COLUMNS}) SELECT ?1, id, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM sites WHERE id = ?2",
        _values(entry),
    )


def insert_secret_rotation(entry: Entry) -> Statement:
    """Only where the site exists and no secret before its own still signs: it stands before the rotation."""
    return Statement(
        f"""
        INSERT INTO audit ({_COLUMNS}) SELECT ?1, id, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM sites
        WHERE id = ?2 AND ifnull(previous_secret_until, 0) <= ?1
        """,
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


def insert_token_change(entry: Entry, lasting: bool = False) -> Statement:
    """Only where the token `target` exists (`lasting`: and does not expire). It stands before the change; `detail` is
    what is set, None where the token goes."""
    before = "json_object('name', name, 'read_only', json(iif(read_only, 'true', 'false')), 'expires_at', expires_at)"
    return Statement(
        f"""
        INSERT INTO audit ({_COLUMNS})
        SELECT ?1, site_id, company, ?4, ?5, ?6, ?7, ?8, {_change(before)}
        FROM tokens WHERE site_id = ?2 AND id = ?7 {"AND expires_at IS NULL" if lasting else ""}
        """,
        _values(entry),
    )


def insert_site_change(entry: Entry) -> Statement:
    """With the settings as they are before, so it stands before the change; `detail` is what is set."""
    settings = ", ".join(f"'{name}', {name}" for name in SETTABLE)
    before = f"json_object({settings}, 'disabled', json(iif(disabled_at IS NULL, 'false', 'true')))"
    return Statement(
        f"""
        INSERT INTO audit ({_COLUMNS})
        SELECT ?1, id, NULL, ?4, ?5, ?6, ?7, ?8, {_change(before)}
        FROM sites WHERE id = ?2
        """,
        _values(entry),
    )


def _change(before: str) -> str:
    """What is set (?9), and how that is before; all of it where nothing is set, since the row goes."""
    return f"""json_object('after', json(?9),
          'before', (SELECT json_group_object(key, {before} -> ('$.' || key)) FROM json_each(ifnull(?9, {before}))))"""


def page(scope: Scope | None, chosen: Filter, before: Place | None, scanned: int, limit: int) -> Statement:
    """The newest first, of the next `scanned` rows of the scope and the target; without a scope of all sites."""
    return Statement(
        f"""
        SELECT id, {_COLUMNS} FROM (SELECT * {_scan(scope, chosen)} LIMIT ?8)
        WHERE (?9 IS NULL OR action = ?9) AND (?10 IS NULL OR actor = ?10)
        ORDER BY at DESC, id DESC LIMIT ?11
        """,
        (*_scanned(scope, chosen, before), scanned, chosen.action, chosen.actor, limit),
    )


def end_of_scan(scope: Scope | None, chosen: Filter, before: Place | None, scanned: int) -> Statement:
    """The last of the rows that `page` looks at; no row where they are the last there are."""
    return Statement(
        f"SELECT at, id {_scan(scope, chosen)} LIMIT 1 OFFSET ?8 - 1", (*_scanned(scope, chosen, before), scanned)
    )


def _scan(scope: Scope | None, chosen: Filter) -> str:
    """The rows in their order, from the one index that has them in it."""
    if chosen.target is not None:
        index = "audit_of_target"
    elif scope is None:
        index = "audit_newest"
    else:
        index = "audit_of_site" if scope.company is None else "audit_of_company"
    return f"""FROM audit INDEXED BY {index}
        WHERE {within(scope)} AND {"?3 IS NULL" if chosen.target is None else "target = ?3"}
          AND at >= ?4 AND at < ?5 AND (at, id) < (?6, ?7)
        ORDER BY at DESC, id DESC"""


def _scanned(scope: Scope | None, chosen: Filter, before: Place | None) -> tuple[str | int | None, ...]:
    until = LATEST if chosen.until is None else chosen.until
    return (*parameters(scope), chosen.target, chosen.since or 0, until, *(before or Place(LATEST, 0)))


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
