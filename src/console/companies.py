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
from console.sites import HOME
from console.visit import Visit
from core.errors import UnknownCompany
from core.problems import Problem
from runtime.ports import Row
from store import companies as stored
from tenancy import companies

LIMIT = 50
_MAILBOXES = {"from": ("sender_email", "sender_name"), "reply_to": ("reply_to", "reply_to_name")}
_OWN = ("reply_to_email", "reply_to_name", "logo", "colour")
_FIELDS = ("from_email", "from_name", *_OWN, "send_rate")
_LIST = """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
{{ parts.head("Companies of " ~ site.name, "What a company does not have of its own is the site's.") }}
<section class="card" aria-labelledby="companies"><h2 id="companies">With settings of their own</h2>
{% if companies %}
<table><thead><tr><th scope="col">Company</th><th scope="col">Sender</th><th scope="col">Answers go to</th>
<th scope="col">Logo</th><th scope="col">Colour</th><th scope="col" class="number">Mails a second</th></tr></thead>
<tbody>
{% for company in companies %}
<tr><td data-label="Company"><a href="{{ one }}?company={{ company.company | urlencode }}">
{{- company.company }}</a></td>
<td data-label="Sender">{{ company.sender_email or nothing }}</td>
<td data-label="Answers go to">{{ company.reply_to or nothing }}</td>
<td data-label="Logo">{{ "its own" if company.logo else nothing }}</td>
<td data-label="Colour">{{ company.colour or nothing }}</td>
<td data-label="Mails a second" class="number">
{{- company.send_rate | amount if company.send_rate else nothing }}</td></tr>
{% endfor %}
</tbody></table>{{ parts.pager(following) }}
{% else %}<p>None has any.</p>{% endif %}
<p><a href="{{ back }}">Back to {{ site.name }}</a></p></section>
{% if may_change %}
<section class="card" aria-labelledby="other"><h2 id="other">Settings of a company</h2>
<form class="filter" method="get" action="{{ one }}">
{% if own %}<input type="hidden" name="company" value="{{ own }}"><p>{{ own }}</p>
{% else %}{{ parts.search("company", "Company, as Moodle names it", type="text") }}{% endif %}
<button>Open</button></form></section>
{% endif %}{% endblock %}"""
_ONE = """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
{{ parts.head(company, "What it has of its own, for jobs from now on. What is empty is the site's.") }}
{% if faults %}<p class="problem" role="alert">Nothing was changed. Correct what is marked.</p>{% endif %}
<section class="card" aria-label="Settings">
{% if may_change %}
<form method="post" action="{{ path }}">{{ parts.csrf() }}
<input type="hidden" name="company" value="{{ company }}">
{% if whole %}
{{ parts.input("from_email", "Sender's address", values.from_email, type="email", error=faults.get("from_email", ""),
 hint="Its domain has to be verified at the provider.") }}
{{ parts.input("from_name", "Sender's name", values.from_name, error=faults.get("from_name", "")) }}
{% endif %}
{{ parts.input("reply_to_email", "Answers go to", values.reply_to_email, type="email",
 error=faults.get("reply_to_email", "")) }}
{{ parts.input("reply_to_name", "Name of whom answers go to", values.reply_to_name,
 error=faults.get("reply_to_name", "")) }}
{{ parts.input("logo", "Logo", values.logo, error=faults.get("logo", ""),
 hint="An https address, or the name of a picture that was uploaded.") }}
{{ parts.input("colour", "Colour", values.colour, error=faults.get("colour", ""), hint="Such as #0b57a4.") }}
{% if whole %}{{ parts.input("send_rate", "Mails a second", values.send_rate, error=faults.get("send_rate", ""),
 hint="Of all its jobs together.") }}
{% endif %}
<div class="actions"><button class="first">Save</button><a class="button" href="{{ back }}">Back</a></div></form>
{% endif %}
{% if not may_change or not whole %}
<dl>{% for label, value in shown %}<dt>{{ label }}</dt><dd>{{ value or nothing }}</dd>
{% endfor %}</dl>
{% if may_change %}<p class="quiet">These are set by the site.</p>{% endif %}
{% endif %}
{% if may_change and whole and known %}
<form method="get" action="{{ path }}/delete"><input type="hidden" name="company" value="{{ company }}">
<button class="danger">Take all of it away</button></form>
{% endif %}</section>{% endblock %}"""


async def show_list(visit: Visit) -> Response:
    site = await _site(visit)
    scope = visit.at_site(site["id"]).scope
    [after] = query.texts_cursor(visit, 1) or ("",)
    rows = await visit.services.database.all(stored.page(scope, after, LIMIT + 1))
    following = visit.here(cursor=query.cursor((rows[LIMIT - 1]["company"],))) if len(rows) > LIMIT else None
    here = f"{HOME}/{site['id']}"
    return page(
        visit,
        _LIST,
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
    if _is_whole(visit):
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
    whole = _is_whole(visit)
    of_site = [
        ("Sender", _called(values["from_name"], values["from_email"])),
        ("Mails a second", values["send_rate"]),
    ]
    own = [
        ("Answers go to", _called(values["reply_to_name"], values["reply_to_email"])),
        ("Logo", values["logo"]),
        ("Colour", values["colour"]),
    ]
    return page(
        visit,
        _ONE,
        company,
        422 if faults else 200,
        company=company,
        values=forms.typed(visit, _FIELDS) if faults else values,
        faults=faults,
        whole=whole,
        shown=of_site if visit.caller.may_change else [*of_site, *own],
        known=bool(rows),
        path=f"{HOME}/{site['id']}/company",
        back=_list_of(site),
    )


def _called(name: str, email: str) -> str:
    return f"{name} <{email}>" if name and email else email


def _is_whole(visit: Visit) -> bool:
    """Whether the caller speaks for the whole site."""
    return visit.caller.scope is None or visit.caller.scope.company is None


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
