"""Whether the deployment can do its work: its settings, and what each site needs answer."""

from collections.abc import Callable
from typing import NamedTuple

from starlette.responses import Response

from console.frame import page
from console.routing import Page
from console.visit import Visit
from core.errors import ConfigurationError
from monitoring import connection, overview
from providers import PROVIDERS, SETTINGS
from runtime.settings import OPERATOR_TOKEN, Setting, Settings
from store import callbacks

# what every deployment needs, and what reads it
NEEDED: dict[str, Callable[[Settings], object]] = {
    "OPERATOR_TOKEN": lambda settings: settings.text(OPERATOR_TOKEN),
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


_TEMPLATE = """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
{{ parts.head("Health", "Whether everything that jobs need is set and answers.") }}
<section class="card" aria-labelledby="sites"><h2 id="sites">Sites</h2>
{% for site in standing.sites %}
<p><b>{{ site.name }}</b> <span class="quiet">sends with {{ site.provider }}</span></p>
{% if may_change %}
{{ parts.act("/console/health/" ~ site.id, "Test the connection of " ~ site.name, look="small") }}
{% endif %}
{% else %}
<p>There is no site yet. Create one under <a href="/console/sites">Sites and tokens</a>.</p>
{% endfor %}
</section>
{% if settings %}
<section class="card" aria-labelledby="settings"><h2 id="settings">Settings of the deployment</h2>
<table><thead><tr><th scope="col">Setting</th><th scope="col">Standing</th><th scope="col">For</th></tr></thead><tbody>
{% for told in settings %}
<tr><td data-label="Setting"><code>{{ told.name }}</code></td>
<td data-label="Standing"><span class="badge {{ told.look }}">{{ told.standing }}</span></td>
<td data-label="For">{{ told.purpose }}</td></tr>
{% endfor %}
</tbody></table></section>
{% endif %}
{% endblock %}"""

_SITE = """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
{{ parts.head("Connection of " ~ site.name, "Tried just now.") }}
<section class="card" aria-labelledby="checks"><h2 id="checks">What answers</h2>
<table><thead><tr><th scope="col">What</th><th scope="col">Result</th><th scope="col">In words</th></tr></thead><tbody>
{% for name, result in results.items() %}
<tr><td data-label="What">{{ name }}</td>
<td data-label="Result">
{%- if result.ok %}<span class="badge good">ok</span>{% else %}<span class="badge bad">fault</span>{% endif %}</td>
<td data-label="In words">{{ result.detail }}</td></tr>
{% endfor %}
</tbody></table>
{{ parts.act("/console/health/" ~ site.id, "Test again") }}</section>
{% endblock %}"""


async def show(visit: Visit) -> Response:
    standing = await overview.read(visit.services, visit.caller.scope)
    return page(
        visit, _TEMPLATE, "Health", standing=standing, settings=_settings(visit, standing) if visit.sees_all else []
    )


async def test(visit: Visit) -> Response:
    site = await visit.site_row(visit.path("site"))
    [receiver] = await visit.services.database.all(callbacks.receiver(site["id"]))
    results = await connection.test(visit.services, {**site, **receiver})
    return page(visit, _SITE, f"Connection of {site['name']}", site=site, results=results)


def _settings(visit: Visit, standing: overview.Overview) -> list[Told]:
    providers = {PROVIDERS[site.provider] for site in standing.sites}
    needed = {*NEEDED, *(setting.name for provider in providers for setting in provider.required)}
    given = visit.services.settings
    told = []
    for setting in SETTINGS:
        if fault := _fault(given, setting):
            told.append(Told(setting.name, fault, "bad" if setting.name in needed else "calm", setting.purpose))
        else:
            words = "set" if setting.name in given.values else "default"
            told.append(Told(setting.name, words, "good" if words == "set" else "calm", setting.purpose))
    return told


def _fault(settings: Settings, setting: Setting) -> str:
    """What is wrong with a setting, in words; never its value."""
    check = NEEDED.get(setting.name) or (lambda given: given.values.get(setting.name) or setting.default)
    try:
        return "" if check(settings) is not None else "not set"
    except ConfigurationError as error:
        return error.detail if error.setting == setting.name else ""


PAGES = (
    Page("GET", "/console/health", "any", show, "Health: settings, and a button that tests the connection of a site"),
    Page("POST", "/console/health/{site}", "change", test, "Test whether all that a site needs answers"),
)
