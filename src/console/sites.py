"""Sites: each with its settings, as they are and to be changed; a new one."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from api import query
from api.sites import columns
from api.validation import check
from console import forms
from console.frame import page
from console.routing import Page
from console.visit import Visit
from core.limits import standing
from core.problems import Problem
from core.scope import Scope
from providers import PROVIDERS
from runtime.ports import Row
from store import kept
from store import sites as stored
from tenancy import sites

LIMIT = 50
HOME = "/console/sites"
_SENDER = {"from": ("sender_email", "sender_name")}
_FIELDS = (
    *("name", "provider", "send_rate", "from_email", "from_name", "senders", "daily_quota", "failure_limit"),
    *("callback_url", "callback_success"),
)
_SUCCESSES = (
    ("echo", "an answer that repeats its id, as the plugin gives it"),
    ("2xx", "any answer with a status 2xx"),
)


async def show_list(visit: Visit) -> Response:
    scope = visit.caller.scope
    after = query.time_cursor(visit) or (-1, "")
    statement = stored.find(scope.site_id) if scope else stored.page(after, LIMIT + 1)
    rows = await visit.services.database.all(statement)
    last = rows[LIMIT - 1] if len(rows) > LIMIT else None
    following = last and visit.here(cursor=query.cursor((last["created_at"], last["id"])))
    return page(visit, "sites.html", "Sites and tokens", sites=rows[:LIMIT], following=following)


async def show(visit: Visit) -> Response:
    return await shown(visit, await visit.site_row(visit.path("site")), {}, {})


async def shown(visit: Visit, site: Row, typed: Mapping[str, str], faults: Mapping[str, str]) -> Response:
    """A site, with what was typed into the form on its page and is wrong."""
    return page(
        visit,
        "site.html",
        site["name"],
        422 if faults else 200,
        site=site,
        whole=is_whole(visit),
        limits=await limits_of(visit, Scope(site["id"])) if is_whole(visit) else None,
        values={**forms.filled(site, **_SENDER), **typed},
        faults=faults,
        default_rate=f"{PROVIDERS[site['provider']].default_rate:g}",
        here=f"{HOME}/{site['id']}",
        successes=dict(_SUCCESSES),
    )


async def show_new(visit: Visit) -> Response:
    empty = dict.fromkeys(stored.SETTABLE) | sites.DEFAULTS
    return _form(visit, "Create a site", HOME, HOME, "Create", forms.filled(empty, **_SENDER), {})


async def create(visit: Visit) -> Response:
    try:
        settings = _settings(visit)
    except Problem as problem:
        return _form(visit, "Create a site", HOME, HOME, "Create", forms.typed(visit, _FIELDS), forms.faults(problem))
    made = await sites.create(visit.services, settings, visit.entry("site.create", ""))
    secrets = [("Access token of the site", made.token), ("Callback secret", made.secret)]
    lines = ["Both go into the settings of the plugin in Moodle."]
    return forms.shown_once(visit, f"{made.row['name']} is created", secrets, lines, f"{HOME}/{made.row['id']}")


async def show_change(visit: Visit) -> Response:
    site = await visit.site_row(visit.path("site"))
    return _change_form(visit, site, forms.filled(site, **_SENDER), {})


async def change(visit: Visit) -> Response:
    """What was filled otherwise than it is; to the audit trail goes that alone."""
    site = await visit.site_row(visit.path("site"))
    try:
        settings = _settings(visit)
    except Problem as problem:
        return _change_form(visit, site, forms.typed(visit, _FIELDS), forms.faults(problem))
    changes = {name: value for name, value in settings.items() if site[name] != value}
    here = f"{HOME}/{site['id']}"
    if not changes:
        return visit.done("Everything is as it was.", here)
    await sites.change(visit.services, site["id"], changes, visit.entry("site.change", ""))
    return visit.done("The settings are changed.", here)


async def limits_of(visit: Visit, owner: Scope) -> dict[str, dict[str, int]]:
    """What a site or a company keeps, and what it may."""
    return standing(owner, await visit.services.database.all(kept.of(owner)), visit.services.settings.limits)


def is_whole(visit: Visit) -> bool:
    """Whether the caller speaks for the whole site."""
    return visit.caller.scope is None or visit.caller.scope.company is None


def _settings(visit: Visit) -> dict[str, Any]:
    """By column. Raises a `Problem` that names the field."""
    body = {
        "name": visit.field("name"),
        "provider": visit.field("provider"),
        "send_rate": forms.number(visit.field("send_rate")),
        "from": forms.mailbox(visit, "from"),
        "senders": visit.field("senders").replace(",", " ").split(),
        "daily_quota": forms.number(visit.field("daily_quota")),
        "failure_limit": forms.number(visit.field("failure_limit")),
        "callback_url": visit.field("callback_url") or None,
        "callback_success": visit.field("callback_success"),
    }
    check("NewSite", body)
    return columns(visit.services, body)


def _change_form(visit: Visit, site: Row, values: Mapping[str, str], faults: Mapping[str, str]) -> Response:
    here = f"{HOME}/{site['id']}"
    return _form(visit, f"Settings of {site['name']}", f"{here}/change", here, "Change", values, faults)


def _form(
    visit: Visit,
    title: str,
    path: str,
    back: str,
    button: str,
    values: Mapping[str, str],
    faults: Mapping[str, str],
) -> Response:
    return page(
        visit,
        "site_form.html",
        title,
        422 if faults else 200,
        path=path,
        back=back,
        button=button,
        values=values,
        faults=faults,
        providers=[(name, name) for name in PROVIDERS],
        successes=_SUCCESSES,
    )


PAGES = (
    Page("GET", HOME, "any", show_list, "Sites and tokens"),
    Page("POST", HOME, "operator", create, "Create a site; its token and callback secret are shown only now"),
    Page("GET", f"{HOME}/new", "operator", show_new, "A form for a new site"),
    Page("GET", f"{HOME}/{{site}}", "any", show, "A site with its settings"),
    Page("GET", f"{HOME}/{{site}}/change", "operator", show_change, "The settings of a site, to be changed"),
    Page("POST", f"{HOME}/{{site}}/change", "operator", change, "Change the settings of a site"),
)
