"""What the operator does to a site, each with the question before it: how long data is kept, its secret, its access."""

from typing import Any

from starlette.responses import Response

from api.validation import check
from console import forms
from console.frame import confirm
from console.privacy import told
from console.routing import Page
from console.sites import HOME, shown
from console.visit import Visit
from core.problems import Problem
from privacy import retention
from runtime.ports import Row
from tenancy import sites

_KEPT = ("keep_people_days", "keep_certificate_years")


async def ask_retention(visit: Visit) -> Response:
    site = await _site(visit)
    typed = {name: visit.query(name) for name in _KEPT}
    try:
        kept = _kept(typed)
    except Problem as problem:
        return await shown(visit, site, typed, forms.faults(problem))
    days, years = (kept[name] for name in _KEPT)
    lines = [
        f"People's data is erased {days} days after the end of their job." if days else "People's data is kept.",
        f"Certificates are erased {years} years after they were issued." if years else "Certificates are kept.",
    ]
    if days or years:
        due = told(await retention.would_be_due(visit.services, site["id"], days, years)) or "nothing"
        lines.append(f"What is older goes with the next sweeps, within minutes: {due}. That cannot be undone.")
    fields = [(name, str(value or "")) for name, value in kept.items()]
    title = f"Change how long data of {site['name']} is kept?"
    return confirm(visit, title, lines, "Change", _page_of(site), fields, danger=bool(days or years))


async def set_retention(visit: Visit) -> Response:
    site = await _site(visit)
    kept = _kept({name: visit.field(name) for name in _KEPT})
    changes = {name: value for name, value in kept.items() if site[name] != value}
    if not changes:
        return visit.done("Everything is as it was.", _page_of(site))
    await sites.change(visit.services, site["id"], changes, visit.entry("site.change", ""))
    return visit.done("It is changed how long data is kept.", _page_of(site))


async def callbacks_on(visit: Visit) -> Response:
    """The same URL, set again."""
    site = await _site(visit)
    changes = {"callback_url": site["callback_url"]}
    await sites.change(visit.services, site["id"], changes, visit.entry("site.change", ""))
    return visit.done("Callbacks are on again, and what waited is posted.", _page_of(site))


async def ask_rotate(visit: Visit) -> Response:
    site = await _site(visit)
    lines = [
        "A new secret is made and shown once. Enter it in Moodle within 24 hours: so long the old one signs as well.",
        "Within these hours it cannot be rotated again.",
    ]
    return confirm(visit, f"Rotate the callback secret of {site['name']}?", lines, "Rotate", _page_of(site))


async def rotate(visit: Visit) -> Response:
    site = await _site(visit)
    entry = visit.entry("site.rotate_callback_secret", "")
    _, secret = await sites.rotate_callback_secret(visit.services, site["id"], entry)
    lines = ["Enter it in the settings of the plugin in Moodle. The old one signs as well for 24 hours."]
    secrets = [("Callback secret", secret)]
    return forms.shown_once(visit, f"{site['name']} has a new callback secret", secrets, lines, _page_of(site))


async def ask_disable(visit: Visit) -> Response:
    site = await _site(visit)
    lines = [
        "All its tokens are refused, its jobs stand still and its callbacks wait. Nothing is lost.",
        "It can be enabled again.",
    ]
    return confirm(visit, f"Disable {site['name']}?", lines, "Disable", _page_of(site), danger=True)


async def disable(visit: Visit) -> Response:
    site = await _site(visit)
    await sites.disable(visit.services, site["id"], visit.entry("site.disable", ""))
    return visit.done(f"{site['name']} is disabled.", _page_of(site))


async def ask_enable(visit: Visit) -> Response:
    site = await _site(visit)
    lines = ["Its tokens open it again, its jobs go on and its callbacks are posted."]
    return confirm(visit, f"Enable {site['name']}?", lines, "Enable", _page_of(site))


async def enable(visit: Visit) -> Response:
    site = await _site(visit)
    await sites.enable(visit.services, site["id"], visit.entry("site.enable", ""))
    return visit.done(f"{site['name']} is enabled.", _page_of(site))


def _kept(written: dict[str, str]) -> dict[str, Any]:
    """By column. Raises a `Problem` that names the field."""
    kept = {name: forms.number(value) for name, value in written.items()}
    check("SiteChanges", kept)
    return kept


async def _site(visit: Visit) -> Row:
    return await visit.site_row(visit.path("site"))


def _page_of(site: Row) -> str:
    return f"{HOME}/{site['id']}"


_ONE = f"{HOME}/{{site}}"
PAGES = (
    Page("GET", f"{_ONE}/retention", "operator", ask_retention, "Ask before it is changed how long data is kept"),
    Page("POST", f"{_ONE}/retention", "operator", set_retention, "Change how long data is kept"),
    Page("POST", f"{_ONE}/callbacks-on", "operator", callbacks_on, "Switch callbacks on that a 410 switched off"),
    Page("GET", f"{_ONE}/rotate-callback-secret", "operator", ask_rotate, "Ask before the callback secret is rotated"),
    Page("POST", f"{_ONE}/rotate-callback-secret", "operator", rotate, "Get a new callback secret, shown only now"),
    Page("GET", f"{_ONE}/disable", "operator", ask_disable, "Ask before a site is shut out"),
    Page("POST", f"{_ONE}/disable", "operator", disable, "Shut a site out"),
    Page("GET", f"{_ONE}/enable", "operator", ask_enable, "Ask before a site is let in again"),
    Page("POST", f"{_ONE}/enable", "operator", enable, "Let a site in again"),
)
