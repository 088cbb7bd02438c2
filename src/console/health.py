"""Whether the deployment can do its work: its settings, and what each site needs answer."""

from collections.abc import Callable
from typing import NamedTuple

from starlette.responses import Response

from console.frame import page
from console.routing import Page
from console.visit import Visit
from core.errors import ConfigurationError
from core.version import VERSION
from monitoring import connection, overview
from providers import PROVIDERS
from runtime.settings import SETTINGS, Settings
from store import callbacks

# what every deployment needs, and what reads it
NEEDED: dict[str, Callable[[Settings], object]] = {
    "OPERATOR_TOKEN": lambda settings: settings.text("OPERATOR_TOKEN"),
    "PUBLIC_URL": lambda settings: settings.public_url,
    "SIGNING_SECRET": lambda settings: settings.signing_secret,
    "CREDENTIAL_KEY": lambda settings: settings.credential_key,
}


class Told(NamedTuple):
    """`look`: of the badge."""

    name: str
    standing: str
    look: str
    purpose: str


async def show(visit: Visit) -> Response:
    standing = await overview.read(visit.services, visit.caller.scope)
    settings = _settings(visit, standing) if visit.sees_all else []
    return page(visit, "health.html", "Health", standing=standing, settings=settings, version=VERSION)


async def test(visit: Visit) -> Response:
    site = await visit.site_row(visit.path("site"))
    [receiver] = await visit.services.database.all(callbacks.receiver(site["id"]))
    results = await connection.test(visit.services, {**site, **receiver})
    return page(visit, "health_connection.html", f"Connection of {site['name']}", site=site, results=results)


def _settings(visit: Visit, standing: overview.Overview) -> list[Told]:
    providers = {PROVIDERS[site.provider] for site in standing.sites}
    needed = {*NEEDED, *(name for provider in providers for name in provider.required)}
    given = visit.services.settings
    told = []
    for setting in SETTINGS:
        if fault := _fault(given, setting.name):
            told.append(Told(setting.name, fault, "bad" if setting.name in needed else "calm", setting.purpose))
        else:
            words = "set" if setting.name in given.values else "default"
            told.append(Told(setting.name, words, "good" if words == "set" else "calm", setting.purpose))
    return told


def _fault(settings: Settings, name: str) -> str:
    """What is wrong with a setting, in words; never its value."""
    check = NEEDED.get(name) or (lambda given: given.values.get(name) or _default_of(name))
    try:
        return "" if check(settings) is not None else "not set"
    except ConfigurationError as error:
        return error.detail if error.setting == name else ""


def _default_of(name: str) -> str | None:
    return next(setting.default for setting in SETTINGS if setting.name == name)


PAGES = (
    Page("GET", "/console/health", "any", show, "Health: settings, and a button that tests the connection of a site"),
    Page("POST", "/console/health/{site}", "change", test, "Test whether all that a site needs answers"),
)
