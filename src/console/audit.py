"""The audit trail: who changed what, when and from where, with what it was before and is since."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.responses import Response

from api import csv_answers, query
from api.audit import pages, shown
from console import words
from console.forms import day
from console.frame import page
from console.routing import Page
from console.visit import Visit
from core.problems import UNKNOWN_COMPANY, Problem, invalid
from core.scope import Scope
from monitoring import audit
from runtime.ports import Row
from store.audit import Filter, Place

LIMIT = 50
_HOME = "/console/audit"
_FEW = 3  # changes that are shown at once


class Change(NamedTuple):
    """`before` is None where there was nothing to compare with."""

    name: str
    before: str | None
    after: str


async def show(visit: Visit) -> Response:
    scope, chosen, before = await _scope(visit), _filter(visit), query.numbers_cursor(visit, 2)
    rows, following = await audit.page(visit.services, scope, chosen, Place(*before) if before else None, LIMIT)
    names = await _names(visit, rows)
    asked = {name: visit.query(name) for name in ("site", "company", "action", "actor", "target", "from", "to")}
    return page(
        visit,
        "audit.html",
        "Audit",
        entries=[_entry(visit, row) for row in rows],
        following=following and visit.here(cursor=query.cursor(following)),
        scanned=audit.SCAN,
        few=_FEW,
        asked=asked,
        narrowed=any(asked.values()),
        names=names,
        sites=[("", "All"), *names.items()] if names else [],
        may_name_company=visit.sees_all or visit.scope.company is None,
        roles={**words.ROLES, "system": "By itself", "public": "In public"},
        table=visit.here(cursor=None).replace(_HOME, f"{_HOME}.csv", 1),
    )


async def export(visit: Visit) -> Response:
    scope, chosen = await _scope(visit), _filter(visit)
    return csv_answers.answer("audit", csv_answers.AUDIT, pages(visit, scope, chosen))


def _filter(visit: Visit) -> Filter:
    action, actor, target = (query.text(visit, name) for name in ("action", "actor", "target"))
    return Filter(action, actor, target, day(visit, "from"), day(visit, "to", 1))


async def _scope(visit: Visit) -> Scope | None:
    """The caller's, narrowed to the site and the company that were chosen."""
    scope, site_id, company = visit.caller.scope, visit.query("site"), visit.query("company")
    if site_id:
        scope = visit.at_site((await visit.site_row(site_id))["id"]).scope
    if not company:
        return scope
    if scope is None:
        raise invalid("Company", "choose the site that it belongs to")
    if scope.company not in (None, company):
        raise Problem(UNKNOWN_COMPANY, "There is no such company.")
    return Scope(scope.site_id, company)


async def _names(visit: Visit, rows: list[Row]) -> dict[str, str]:
    """Of the sites, for whoever sees all."""
    if not visit.sees_all:
        return {}
    names = {site["id"]: site["name"] for site in await visit.sites()}
    for site_id in {row["site_id"] for row in rows if row["site_id"]} - names.keys():
        names[site_id] = (await visit.site_row(site_id))["name"]
    return names


def _entry(visit: Visit, row: Row) -> tuple[dict[str, Any], list[Change]]:
    entry = shown(visit, row)
    return entry | {"at": row["at"]}, _changes(entry)


def _changes(entry: Mapping[str, Any]) -> list[Change]:
    """What changed, a line each; then what else is known."""
    before, after, more = entry["before"], entry["after"], entry["detail"] or {}
    if after is None:
        changed = [Change(name, _told(name, value), _told(name, None)) for name, value in (before or {}).items()]
    else:
        told = before or {}
        changed = [
            Change(name, _told(name, told[name]) if name in told else None, _told(name, value))
            for name, value in after.items()
        ]
    return [*changed, *(Change(name, None, _told(name, value)) for name, value in more.items())]


def _told(name: str, value: Any) -> str:
    match value:
        case None | "":
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case int() if name.endswith("_at"):
            return words.moment(value)
        case str():
            return value
    return json.dumps(value, ensure_ascii=False)


PAGES = (
    Page("GET", _HOME, "any", show, "Audit: by action, actor, target, site, company and day"),
    Page("GET", f"{_HOME}.csv", "any", export, "The same entries, all of them, as a table"),
)
