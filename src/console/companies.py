"""Companies of a site: what one has of its own, instead of the site's.

The promise: a company manager sets what is the company's own business, and learns of no other company.
"""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from api import query
from api.companies import settings_of
from api.validation import check, is_company
from console import forms
from console.frame import confirm, page
from console.routing import Page
from console.sites import HOME, is_whole, limits_of
from console.visit import Visit
from console.words import mailbox
from core.errors import UnknownCompany
from core.problems import Problem
from core.scope import Scope
from runtime.ports import Row
from store import companies as stored
from tenancy import companies

LIMIT = 50
_MAILBOXES = {"from": ("sender_email", "sender_name"), "reply_to": ("reply_to", "reply_to_name")}
_OWN = ("reply_to_email", "reply_to_name", "logo", "colour")
_FIELDS = ("from_email", "from_name", *_OWN, "send_rate")


async def show_list(visit: Visit) -> Response:
    site = await _site(visit)
    scope = visit.at_site(site["id"]).scope
    [after] = query.texts_cursor(visit, 1) or ("",)
    rows = await visit.services.database.all(stored.page(scope, after, LIMIT + 1))
    following = visit.here(cursor=query.cursor((rows[LIMIT - 1]["company"],))) if len(rows) > LIMIT else None
    here = f"{HOME}/{site['id']}"
    return page(
        visit,
        "companies.html",
        f"Companies of {site['name']}",
        site=site,
        companies=rows[:LIMIT],
        following=following,
        own=scope.company,
        one=f"{here}/company",
        back=here,
    )


async def show(visit: Visit) -> Response:
    site = await _site(visit)
    company = _company(visit, site, visit.query("company"))
    return await _form(visit, site, company, {})


async def change(visit: Visit) -> Response:
    site = await _site(visit)
    company = _company(visit, site, visit.field("company"))
    body: dict[str, Any] = {"reply_to": forms.mailbox(visit, "reply_to")}
    body |= {name: visit.field(name) or None for name in ("logo", "colour")}
    if is_whole(visit):
        body |= {"from": forms.mailbox(visit, "from"), "send_rate": forms.number(visit.field("send_rate"))}
    try:
        check("CompanySettings", body)
        settings = await settings_of(visit, site["id"], company, body)
    except Problem as problem:
        return await _form(visit, site, company, forms.faults(problem))
    entry = visit.entry("company.change", company, site_id=site["id"], company=company)
    await companies.change(visit.services, site["id"], company, settings, entry)
    return visit.done(f"The settings of {company} are saved.", _list_of(site))


async def ask_delete(visit: Visit) -> Response:
    site = await _site(visit)
    company = _company(visit, site, visit.query("company"))
    await companies.find(visit.services, site["id"], company)
    lines = [
        "From its next job on it has the sender, the address for answers and the rate of the site, and no look.",
        "Its jobs, people and certificates stay.",
    ]
    title, fields = f"Take away what {company} has of its own?", [("company", company)]
    return confirm(visit, title, lines, "Take away", _list_of(site), fields, danger=True)


async def delete(visit: Visit) -> Response:
    site = await _site(visit)
    company = _company(visit, site, visit.field("company"))
    entry = visit.entry("company.delete", company, site_id=site["id"])
    await companies.remove(visit.services, site["id"], company, entry)
    return visit.done(f"{company} has nothing of its own any more.", _list_of(site))


async def _form(visit: Visit, site: Row, company: str, faults: Mapping[str, str]) -> Response:
    rows = await visit.services.database.all(stored.find(site["id"], company))
    row: Mapping[str, Any] = rows[0] if rows else dict.fromkeys(stored.SETTABLE)
    values = forms.filled(row, **_MAILBOXES)
    whole = is_whole(visit)
    of_site = [
        ("Sender", mailbox(values["from_email"], values["from_name"])),
        ("Mails a second", values["send_rate"]),
    ]
    own = [
        ("Answers go to", mailbox(values["reply_to_email"], values["reply_to_name"])),
        ("Logo", values["logo"]),
        ("Colour", values["colour"]),
    ]
    return page(
        visit,
        "company.html",
        company,
        422 if faults else 200,
        company=company,
        values=forms.typed(visit, _FIELDS) if faults else values,
        faults=faults,
        whole=whole,
        shown=of_site if visit.caller.may_change else [*of_site, *own],
        known=bool(rows),
        limits=await limits_of(visit, Scope(site["id"], company)),
        path=f"{HOME}/{site['id']}/company",
        back=_list_of(site),
    )


def _company(visit: Visit, site: Row, company: str) -> str:
    """The one that is named, where the caller may know of it."""
    if visit.at_site(site["id"]).scope.company not in (None, company) or not is_company(company):
        raise UnknownCompany(company)
    return company


async def _site(visit: Visit) -> Row:
    return await visit.site_row(visit.path("site"))


def _list_of(site: Row) -> str:
    return f"{HOME}/{site['id']}/companies"


_PATH = f"{HOME}/{{site}}/company"
PAGES = (
    Page("GET", f"{HOME}/{{site}}/companies", "any", show_list, "Companies of a site that have settings of their own"),
    Page("GET", _PATH, "any", show, "What a company has of its own"),
    Page("POST", _PATH, "change", change, "Set what a company has of its own"),
    Page("GET", f"{_PATH}/delete", "site", ask_delete, "Ask before all that a company has of its own is taken away"),
    Page("POST", f"{_PATH}/delete", "site", delete, "Take away all that a company has of its own"),
)
