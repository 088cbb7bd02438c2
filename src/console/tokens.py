"""Access tokens of a site: listed, made, rotated, revoked.

The promise: a token is shown once, on the page that answers the form; a company sees its own alone.
"""

from collections.abc import Mapping

from starlette.responses import Response

from api import query
from api.validation import check
from console import forms
from console.frame import confirm, page
from console.routing import Page
from console.sites import HOME
from console.visit import Visit
from core.problems import Problem
from runtime.ports import Row
from store import tokens as stored
from tenancy import tokens

LIMIT = 50
_FIELDS = ("name", "company")


async def show_list(visit: Visit) -> Response:
    return await _listed(visit, await _site(visit), dict.fromkeys(_FIELDS, ""), {})


async def create(visit: Visit) -> Response:
    site = await _site(visit)
    name, company, read_only = visit.field("name"), visit.field("company") or None, bool(visit.field("read_only"))
    try:
        check("NewToken", {"name": name, "company": company, "read_only": read_only})
    except Problem as problem:
        return await _listed(visit, site, forms.typed(visit, _FIELDS), forms.faults(problem))
    entry = visit.entry("token.create", "")
    made = await tokens.create(visit.services, site["id"], name, company, read_only, entry)
    secrets = [(f"Token for {company or site['name']}", made.token)]
    return forms.shown_once(visit, f"{name} is created", secrets, [], _page_of(site))


async def ask_rotate(visit: Visit) -> Response:
    site, token = await _token(visit)
    lines = [
        "A new token is made and shown once, for the same company and with the same rights.",
        "The old one works for 24 hours more.",
    ]
    return confirm(visit, f"Rotate {token['name']}?", lines, "Rotate", _page_of(site))


async def rotate(visit: Visit) -> Response:
    site, token = await _token(visit)
    made = await tokens.rotate(visit.services, site["id"], token["id"], visit.entry("token.rotate", ""))
    secrets, lines = [("New token", made.token)], ["The old one works for 24 hours more."]
    return forms.shown_once(visit, f"{token['name']} has a successor", secrets, lines, _page_of(site))


async def ask_revoke(visit: Visit) -> Response:
    site, token = await _token(visit)
    lines = ["Whoever has it is shut out at once, and signed out of the console. This cannot be undone."]
    return confirm(visit, f"Revoke {token['name']}?", lines, "Revoke", _page_of(site), danger=True)


async def revoke(visit: Visit) -> Response:
    site, token = await _token(visit)
    await tokens.delete(visit.services, site["id"], token["id"], visit.entry("token.delete", ""))
    return visit.done(f"{token['name']} is revoked.", _page_of(site))


async def _listed(visit: Visit, site: Row, values: Mapping[str, str], faults: Mapping[str, str]) -> Response:
    scope, after = visit.at_site(site["id"]).scope, query.time_cursor(visit) or (-1, "")
    rows = await visit.services.database.all(stored.page(scope, visit.now, after, LIMIT + 1))
    last = rows[LIMIT - 1] if len(rows) > LIMIT else None
    following = last and visit.here(cursor=query.cursor((last["created_at"], last["id"])))
    return page(
        visit,
        "tokens.html",
        f"Tokens of {site['name']}",
        422 if faults else 200,
        site=site,
        tokens=rows[:LIMIT],
        following=following,
        here=_page_of(site),
        back=f"{HOME}/{site['id']}",
        values=values,
        faults=faults,
    )


async def _site(visit: Visit) -> Row:
    return await visit.site_row(visit.path("site"))


async def _token(visit: Visit) -> tuple[Row, Row]:
    site = await _site(visit)
    return site, await tokens.find(visit.services, site["id"], visit.path("token"))


def _page_of(site: Row) -> str:
    return f"{HOME}/{site['id']}/tokens"


_PATH = f"{HOME}/{{site}}/tokens"
_ONE = f"{_PATH}/{{token}}"
PAGES = (
    Page("GET", _PATH, "any", show_list, "Tokens of a site"),
    Page("POST", _PATH, "operator", create, "Create a token for the site or one company; it is shown only now"),
    Page("GET", f"{_ONE}/rotate", "operator", ask_rotate, "Ask before a token is rotated"),
    Page("POST", f"{_ONE}/rotate", "operator", rotate, "Get a successor of a token; it is shown only now"),
    Page("GET", f"{_ONE}/revoke", "operator", ask_revoke, "Ask before a token is revoked"),
    Page("POST", f"{_ONE}/revoke", "operator", revoke, "Revoke a token at once"),
)
