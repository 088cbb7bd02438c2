"""The console shows nobody what is somebody else's: every page and action, with every kind of id, in every session."""

import inspect
import re
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from console.routes import PAGES
from console.routing import ROLES, Page
from tests.tenancy.looker import Looker
from tests.tenancy.references import parameters
from tests.worlds.town import SEES, UNKNOWN, Seen

pytestmark = pytest.mark.long

CONSOLE = Path(sys.modules[Page.__module__].__file__ or "").parent
# What kind of id stands in an address; and parts of addresses that name nothing of a tenant's by themselves.
IN_PATH = {"job": "job", "letter": "letter", "event": "event", "code": "code", "site": "site", "token": "token"}
NO_REFERENCE_IN_PATH = {"position": "0", "email": "somebody@people.example"}
# The same of query parameters and of fields of forms.
IN_FIELD = {
    "job": "job",
    "letter": "letter",
    "code": "code",
    "site": "site",
    "company": "company",
    "email": "stopped",
    "ref": "ref",
    "q": "job",
    "target": "job",
    "actor": "token",
    "logo": "asset",
}
NO_REFERENCE_IN_FIELD = {
    *("act", "addresses", "category", "csrf", "cursor", "kind", "move", "name", "next", "note", "position", "reason"),
    *("role", "secret", "state", "type", "read_only", "action", "from", "to", "since", "colour"),
    *("provider", "send_rate", "senders", "callback_url", "callback_success", "daily_quota", "failure_limit"),
}
OF_THE_SITE = ("stopped", "asset")  # which a company learns of when it asks for it, or uses
ROLE = {"site": "site", "company": "company", "read-only": "read_only", "operator": "operator", "nobody": ""}
SESSIONS = [page for page in PAGES if page.access != "public"]
# who asks with each query parameter and field: the others of their kind are as they are
ASKING = ("site a", "company x", "read-only x", "operator", "nobody")
_FIELDS = re.compile(r"for name in \(([^)]*)\)")
_FIELD = re.compile(r"""(?:\.field|\.query|query\.\w+|fields\.get)\((?:visit, )?"(\w+)\"""")


def fields(page: Page) -> set[str]:
    """What the page's module reads of a query or a form."""
    return _read(inspect.getsource(sys.modules[page.handler.__module__]))


def _read(source: str) -> set[str]:
    return {*_FIELD.findall(source), *re.findall(r'"(\w+)"', " ".join(_FIELDS.findall(source)))}


def role(caller: str) -> str:
    return ROLE[caller.partition(" ")[0]]


def address(looker: Looker, page: Page, caller: str, **ids: str) -> str:
    path = page.path
    for name in parameters(page.path):
        value = ids.get(name) or NO_REFERENCE_IN_PATH.get(name) or _own(looker, caller, IN_PATH[name])
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path


def _own(looker: Looker, caller: str, kind: str) -> str:
    """Nobody has any; and they are told the address again, to go on to it once they are signed in."""
    return "of-nobody" if caller == "nobody" else looker.id_of(looker.own(caller), kind)


async def seen_with(looker: Looker, page: Page, caller: str, place: str, name: str, id: str) -> Seen:
    path = address(looker, page, caller, **({name: id} if place == "path" else {}))
    given = {} if place == "path" else {name: id}
    request = {"params": given} if page.method == "GET" else {"data": given}
    seen = (await looker.ask(caller, page.method, path, **request)).but_for(id)
    looker.check(caller, seen)
    return seen


def test_every_word_of_a_page_says_what_it_stands_for() -> None:
    in_paths = {name for page in PAGES for name in parameters(page.path)}
    assert in_paths <= IN_PATH.keys() | NO_REFERENCE_IN_PATH.keys()
    read = set().union(*(_read(path.read_text()) for path in CONSOLE.glob("*.py")))
    assert read <= IN_FIELD.keys() | NO_REFERENCE_IN_FIELD


@pytest.mark.parametrize("page", SESSIONS, ids=lambda page: f"{page.method} {page.path}")
async def test_what_is_somebody_elses_is_on_no_page(looker: Looker, page: Page) -> None:
    places = [("path", name, IN_PATH[name]) for name in parameters(page.path) if name in IN_PATH]
    places += [("field", name, IN_FIELD[name]) for name in sorted(fields(page) & IN_FIELD.keys())]
    for place, name, kind in places:
        for caller in SEES if place == "path" else ASKING:
            unknown = await seen_with(looker, page, caller, place, name, UNKNOWN[kind])
            if caller == "nobody":
                assert unknown.status == 303
            elif role(caller) not in ROLES[page.access]:
                assert unknown.status == 403
            elif place == "path":
                assert unknown.status == 404
            for tenant in looker.town.foreign(caller):
                of_its_site = tenant.company is None and tenant.site == looker.own(caller).site
                known = tenant.ids.get(kind) == looker.own(caller).site or (kind in OF_THE_SITE and of_its_site)
                if kind in tenant.ids and not known:
                    found = await seen_with(looker, page, caller, place, name, tenant.ids[kind])
                    assert found == unknown, f"{caller} can tell {tenant.ids[kind]}"


@pytest.mark.parametrize("page", SESSIONS, ids=lambda page: f"{page.method} {page.path}")
async def test_a_page_shows_what_is_the_visitors_own(looker: Looker, page: Page) -> None:
    for caller in SEES:
        given = {name: _own(looker, caller, IN_FIELD[name]) for name in fields(page) & IN_FIELD.keys()}
        request = {"params": given} if page.method == "GET" else {"data": given}
        seen = await looker.ask(caller, page.method, address(looker, page, caller), **request)
        looker.check(caller, seen)
        if role(caller) in ROLES[page.access] and "{email}" not in page.path:
            assert seen.status != 404, f"{caller}: {seen.body}"
