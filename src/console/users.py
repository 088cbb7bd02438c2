"""Who may use the console through Cloudflare Access, as what.

The promise: the operator alone lets people in; a role holds for one site or company, or for everything.
"""

import re

from starlette.responses import Response

from api import query
from console import words
from console.frame import confirm, page
from console.routing import Page
from console.visit import Visit
from core.folding import folded
from core.problems import NOT_FOUND, Problem, invalid
from runtime.ports import Row
from store import console_users

LIMIT = 50
_ADDRESS = re.compile(r"[^\s@/]{1,64}@[^\s@/]{1,190}")
_CHOICES = (
    ("operator", "Operator: everything"),
    ("site", "Site manager: one site"),
    ("company", "Company manager: one company of a site"),
    ("read_only", "Read-only: looks, and changes nothing"),
)


async def show(visit: Visit) -> Response:
    after = query.texts_cursor(visit, 1)
    rows = await visit.services.database.all(console_users.page(after[0] if after else "", LIMIT + 1))
    names = {site["id"]: site["name"] for site in await visit.sites()}
    return page(
        visit,
        "users.html",
        "Console users",
        users=rows[:LIMIT],
        following=visit.here(cursor=query.cursor((rows[LIMIT - 1]["email"],))) if len(rows) > LIMIT else None,
        names=names,
        roles=words.ROLES,
        choices=_CHOICES,
        sites=[("", "All sites"), *names.items()],
    )


async def add(visit: Visit) -> Response:
    email, role = folded(visit.field("email")), visit.field("role")
    site_id, company = visit.field("site") or None, visit.field("company") or None
    if not _ADDRESS.fullmatch(email):
        raise invalid("Address", "is not an address")
    _check_role(role, site_id, company)
    if site_id:
        await visit.site_row(site_id)
    detail = {"role": role, "site": site_id, "company": company}
    entry = visit.entry("console_user.add", email, site_id=site_id, company=company, detail=detail)
    added = console_users.insert(email, role, site_id, company, visit.now)
    _, rows = await visit.services.database.batch([console_users.note_insert(entry, email), added])
    if not rows:
        raise invalid("Address", "is listed already; shut this person out first to give them another role")
    return visit.done(f"{email} may come in.", "/console/users")


def _check_role(role: str, site_id: str | None, company: str | None) -> None:
    if role not in dict(_CHOICES):
        raise invalid("Role", "must be one of the list")
    if role == "operator" and site_id:
        raise invalid("Site", "an operator sees all sites; choose All sites")
    if (role in ("site", "company") or company) and not site_id:
        raise invalid("Site", "choose the site that this person is for")
    if role != "read_only" and (role == "company") != bool(company):
        raise invalid("Company", "name it for a company manager, and leave it out for a site manager and an operator")


async def ask_remove(visit: Visit) -> Response:
    await _user(visit)
    email = visit.path("email")
    lines = ["The session ends with the next page this person opens. They can be let in again."]
    return confirm(visit, f"Shut {email} out?", lines, "Shut out", "/console/users", danger=True)


async def remove(visit: Visit) -> Response:
    user = await _user(visit)
    detail = {"role": user["role"], "site": user["site_id"], "company": user["company"]}
    entry = visit.entry(
        "console_user.remove", user["email"], site_id=user["site_id"], company=user["company"], detail=detail
    )
    removed = console_users.delete(user["email"])
    await visit.services.database.batch([console_users.note_delete(entry, user["email"]), removed])
    return visit.done(f"{user['email']} is shut out.", "/console/users")


async def _user(visit: Visit) -> Row:
    rows = await visit.services.database.all(console_users.find(visit.path("email")))
    if not rows:
        raise Problem(NOT_FOUND, "There is no such console user.")
    return rows[0]


PAGES = (
    Page("GET", "/console/users", "operator", show, "Console users: who may come through Cloudflare Access"),
    Page("POST", "/console/users", "operator", add, "Let somebody in"),
    Page("GET", "/console/users/{email}/remove", "operator", ask_remove, "Ask before somebody is shut out"),
    Page("POST", "/console/users/{email}/remove", "operator", remove, "Shut somebody out"),
)
