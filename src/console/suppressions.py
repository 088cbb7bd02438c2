"""Suppressions: whom not to mail, and why; one found, added, imported, exported, released.

The promise: an address is never in a URL, which logs and histories keep.
"""

import csv
import io
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from api import csv_answers, query
from api.suppressions import pages
from api.validation import Domains
from console.frame import page
from console.routing import Page
from console.visit import Visit
from console.words import number
from core.problems import invalid
from core.spreadsheet import restored
from runtime.ports import Row
from store.suppressions import WISHES, Reason
from suppressions.actions import Suppressions, key_of, place_of

LIMIT = 50
CHUNK = 1_000
_HOME = "/console/suppressions"
_COLUMNS = ("reason", "category", "detail")


async def show(visit: Visit) -> Response:
    site = await _site(visit, visit.query("site"))
    if site is None:
        return page(visit, "suppressions_no_site.html", "Suppressions")
    reason, after = query.choice(visit, "reason", Reason), query.texts_cursor(visit, 3)
    rows = await (await _of(visit, site)).page(None, reason, after, LIMIT + 1)
    following = visit.here(cursor=query.cursor(place_of(rows[LIMIT - 1]))) if len(rows) > LIMIT else None
    return await _listed(
        visit, site, rows[:LIMIT], "Suppressed addresses", "Nobody is suppressed.", reason=reason, following=following
    )


async def find(visit: Visit) -> Response:
    site = await visit.site_row(visit.field("site"))
    key = key_of(visit.field("email"), "Address")
    rows = await (await _of(visit, site)).page(key, None, None, LIMIT)
    return await _listed(visit, site, rows, f"Found for {key}", "This address is not suppressed.")


async def _listed(
    visit: Visit,
    site: Row,
    rows: Sequence[Row],
    heading: str,
    empty: str,
    *,
    reason: Reason | None = None,
    following: str | None = None,
) -> Response:
    return page(
        visit,
        "suppressions.html",
        "Suppressions",
        site=site,
        sites=[(each["id"], each["name"]) for each in await visit.sites()],
        suppressions=rows,
        heading=heading,
        empty=empty,
        following=following,
        reason=reason or "",
        reasons=[("", "All"), *((each.value, each.value.replace("_", " ")) for each in Reason)],
        all_reasons=", ".join(each.value for each in Reason if each is not Reason.ERASED),
        whole=visit.caller.scope is None or visit.caller.scope.company is None,
    )


async def export(visit: Visit) -> Response:
    site = await visit.site_row(visit.query("site"))
    return csv_answers.answer("suppressions", csv_answers.SUPPRESSIONS, pages(await _of(visit, site), None, None))


async def add(visit: Visit) -> Response:
    site = await visit.site_row(visit.field("site"))
    rows = _lines(visit, visit.at_site(site["id"]).scope.company or visit.field("company"))
    listed, added = await _of(visit, site), 0
    for start in range(0, len(rows), CHUNK):
        added += await listed.add(rows[start : start + CHUNK], visit.entry("suppression.add", ""))
    unchanged = len(rows) - added
    more = f" {number(unchanged)} were suppressed already." if unchanged else ""
    return visit.done(f"{number(added)} suppressed.{more}", f"{_HOME}?site={site['id']}")


def _lines(visit: Visit, company: str) -> list[dict[str, Any]]:
    """Raises a `Problem` that names the line, before anything is changed."""
    rows, domains = [], Domains()
    for place, cells in enumerate(csv.reader(io.StringIO(visit.field("addresses"))), 1):
        given = [restored(cell.strip()).strip() for cell in cells]
        if not any(given) or given[0].lower() == "email":  # an empty line, or the heading of a table
            continue
        more = dict(zip(_COLUMNS, given[1:], strict=False))
        reason = more.get("reason") or Reason.MANUAL.value
        if reason not in list(Reason) or reason == Reason.ERASED:
            raise invalid(f"Line {place}", f"'{reason[:50]}' is no reason. Nothing was changed.")
        detail = more.get("detail") or None
        category = more.get("category", "")
        domains.check(given[0], f"Line {place}")
        key = key_of(given[0], f"Line {place}")
        rows.append({"email": key, "company": company, "category": category, "reason": reason, "detail": detail})
    return rows


async def ask_release(visit: Visit) -> Response:
    site = await visit.site_row(visit.field("site"))
    key = key_of(visit.field("email"), "Address")
    company, category = visit.field("company"), visit.field("category")
    found = await (await _of(visit, site)).page(key, None, None, LIMIT)
    rows = [row for row in found if (row["company"], row["category"]) == (company, category)]
    fields = {"site": site["id"], "email": key, "company": company, "category": category}
    reasons = [row["reason"].replace("_", " ") for row in rows] or ["not suppressed any more"]
    wishes = any(row["reason"] in WISHES for row in rows)
    return page(
        visit,
        "suppression_release.html",
        "Release this address?",
        email=key,
        reasons=reasons,
        wishes=wishes,
        fields=fields,
    )


async def release(visit: Visit) -> Response:
    site = await visit.site_row(visit.field("site"))
    key, note = key_of(visit.field("email"), "Address"), visit.field("note")
    entry = visit.entry("suppression.release", "")
    listed = await _of(visit, site)
    company, category = visit.field("company"), visit.field("category")
    own = listed.scope.company
    if own is not None and company != own:
        company = own  # of the whole site's rows a company releases none
    await listed.release(key, company, category, entry, note=note or None, force=bool(note))
    return visit.done("The address is released. Mail to it is sent again.", f"{_HOME}?site={site['id']}")


async def _of(visit: Visit, site: Row) -> Suppressions:
    return await Suppressions.of(visit.services, visit.at_site(site["id"]).scope)


async def _site(visit: Visit, chosen: str) -> Row | None:
    """The chosen site, or the first that the caller sees."""
    if chosen:
        return await visit.site_row(chosen)
    return next(iter(await visit.sites()), None)


PAGES = (
    Page("GET", _HOME, "any", show, "Suppressions: whom not to mail, and why"),
    Page("POST", _HOME, "change", add, "Suppress addresses, one or many"),
    Page("GET", f"{_HOME}.csv", "any", export, "All suppressed addresses as a table"),
    Page("POST", f"{_HOME}/find", "any", find, "Find an address"),
    Page("POST", f"{_HOME}/ask-release", "change", ask_release, "Ask before an address is released"),
    Page("POST", f"{_HOME}/release", "change", release, "Release an address"),
)
