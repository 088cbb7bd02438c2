"""The audit trail: who changed what, in which company, when and from where.

The promise: a row stays as it was written (triggers refuse more), and where the change is ours it is written in the
change's own transaction. What its detail may hold is one list (`audit_details`), which every row is held to here.
Looking through it reads a bounded number of rows, in an index, whatever is looked for.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from core.scope import Scope
from runtime.ports import Parameter, Statement
from store import audit_details
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


_NAMES = ("at", "site_id", "company", "actor", "role", "action", "target", "address", "detail")
_COLUMNS = ", ".join(_NAMES)


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


def insert_from(
    entry: Entry,
    source: str,
    given: Sequence[Parameter],
    columns: Mapping[str, str],
    fields: Mapping[str, str] | None = None,
) -> Statement:
    """A row for each of `source`, what follows FROM with its parameters `given`: the trail's `columns`, and `fields` of
    the detail, are expressions of it, and everything else is the entry's."""
    parameters, selected = list(given), []
    for name, value in zip(_NAMES, _values(entry), strict=True):
        if name not in columns:
            parameters.append("{}" if fields and value is None and name == "detail" else value)
        selected.append(columns.get(name, f"?{len(parameters)}"))
    if fields:
        selected[-1] = audit_details.with_fields(entry.action, selected[-1], fields)
    return Statement(f"INSERT INTO audit ({_COLUMNS}) SELECT {', '.join(selected)} FROM {source}", tuple(parameters))


def insert_for_site(entry: Entry) -> Statement:
    """Only where the site exists: for the same transaction as a change to it."""
    return insert_from(entry, "sites WHERE id = ?1", (entry.site_id,), {"site_id": "id"})


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
    """Only where the job `target` is in one of these states, with the company it belongs to. A reason that a caller
    asked for is told where one of the job's people has it."""
    reason = """json_replace(?9, '$.reason', CASE WHEN ?9 ->> '$.reason' IS NULL THEN NULL
        WHEN EXISTS (SELECT 1 FROM recipients r WHERE r.job_id = ?7 AND r.state IN ('failed', 'uncertain')
          AND r.reason = ?9 ->> '$.reason') THEN ?9 ->> '$.reason' ELSE 'unknown' END)"""
    return Statement(
        f"""
        INSERT INTO audit ({_COLUMNS})
        SELECT ?1, site_id, company, ?4, ?5, ?6, ?7, ?8, {reason} FROM jobs
        WHERE site_id = ?2 AND id = ?7 AND state IN (SELECT value FROM json_each(?10))
        """,
        (*_values(entry), json.dumps(states)),
    )


def insert_for_appended(entry: Entry) -> Statement:
    """Only where people were appended to the job `target`, with how many: between them and their batches, which the job
    counts."""
    return insert_from(
        entry,
        """(SELECT j.id, j.company, count(*) AS people FROM jobs j JOIN recipients r ON r.job_id = j.id
              AND r.position >= j.total WHERE j.site_id = ?1 AND j.id = ?2 GROUP BY 1)""",
        (entry.site_id, entry.target),
        {"company": "company"},
        {"people": "people"},
    )


def insert_token_change(entry: Entry, lasting: bool = False) -> Statement:
    """Only where the token `target` exists (`lasting`: and does not expire). It stands before the change; `detail` is
    what is set, None where the token goes."""
    lasts = "AND expires_at IS NULL" if lasting else ""
    source = f"(SELECT *, NULL AS successor FROM tokens WHERE site_id = ?1 AND id = ?2 {lasts})"
    return _change(entry, source, (entry.site_id, entry.target), ("name", "read_only", "expires_at"))


def insert_site_change(entry: Entry) -> Statement:
    """With the settings as they are before, so it stands before the change; `detail` is what is set."""
    source = "(SELECT *, NULL AS company, disabled_at IS NOT NULL AS disabled FROM sites WHERE id = ?1)"
    return _change(entry, source, (entry.site_id,), (*SETTABLE, "disabled"))


def _change(entry: Entry, source: str, given: Sequence[Parameter], known: Sequence[str]) -> Statement:
    """What is set, and how that is before, of the columns `known`: all where nothing is set, since the row goes."""
    before = audit_details.columns(entry.action, "before", known if entry.detail is None else entry.detail)
    changed = entry._replace(detail={"after": entry.detail})
    return insert_from(changed, source, given, {"company": "company"}, {"before": before})


def page(scope: Scope | None, chosen: Filter, before: Place | None, scanned: int, limit: int) -> Statement:
    """The newest first, of the next `scanned` rows of the scope and the target; without a scope of all sites. With the
    words that belong to a row and are kept elsewhere."""
    return Statement(
        f"""
        SELECT id, {", ".join(_NAMES[:-1])}, {audit_details.with_words("detail")} AS detail
        FROM (SELECT * {_scan(scope, chosen)} LIMIT ?8) AS a
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
        audit_details.as_json(entry.action, entry.detail),
    )
