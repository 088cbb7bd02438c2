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
from core.problems import Problem
from providers import PROVIDERS
from runtime.ports import Row
from store import sites as stored
from tenancy import sites

LIMIT = 50
HOME = "/console/sites"
_SENDER = {"from": ("sender_email", "sender_name")}
_FIELDS = (
    *("name", "provider", "send_rate", "from_email", "from_name", "daily_quota", "failure_limit", "callback_url"),
    "callback_success",
)
_SUCCESSES = (
    ("echo", "an answer that repeats its id, as the plugin gives it"),
    ("2xx", "any answer with a status 2xx"),
)
_STANDING = """{% macro standing(site) %}
{%- if site.disabled_at %}<span class="badge bad">disabled</span>
{%- elif site.callback_off_at %}<span class="badge warn">callbacks off</span>
{%- else %}<span class="badge good">active</span>{% endif %}{% endmacro %}"""
_LIST = (
    """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
"""
    + _STANDING
    + """
{% call parts.head("Sites and tokens", "Each site is a Moodle, with access tokens of its own.") %}
{% if is_operator %}<a class="button first" href="/console/sites/new">Create a site</a>{% endif %}
{% endcall %}
<section class="card" aria-label="Sites">
{% if sites %}
<table><thead><tr><th scope="col">Site</th><th scope="col">Standing</th><th scope="col">Sends with</th>
<th scope="col">Callbacks go to</th><th scope="col">Since</th></tr></thead><tbody>
{% for site in sites %}
<tr><td data-label="Site"><a href="/console/sites/{{ site.id }}">{{ site.name }}</a></td>
<td data-label="Standing">{{ standing(site) }}</td>
<td data-label="Sends with">{{ site.provider }}</td>
<td data-label="Callbacks go to">{{ site.callback_url or "nowhere: events are polled" }}</td>
<td data-label="Since">{{ parts.when(site.created_at) }}</td></tr>
{% endfor %}
</tbody></table>{{ parts.pager(following) }}
{% else %}<p>There is no site yet. Create one for each Moodle.</p>{% endif %}
</section>{% endblock %}"""
)
_ONE = (
    """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
"""
    + _STANDING
    + """
{{ parts.head(site.name) }}
<section class="card" aria-labelledby="settings"><h2 id="settings">Settings</h2>
<dl><dt>Standing</dt><dd>{{ standing(site) }}</dd>
<dt>Id</dt><dd><code>{{ site.id }}</code></dd>
<dt>Sends with</dt><dd>{{ site.provider }}</dd>
<dt>Send rate</dt><dd>{{ values.send_rate or default_rate }} mails a second
{%- if not values.send_rate %}, as the provider allows{% endif %}</dd>
<dt>Sender</dt><dd>{% if site.sender_email %}{{ site.sender_name }} &lt;{{ site.sender_email }}&gt;
{%- else %}each job names its own{% endif %}</dd>
<dt>Mails a day</dt><dd>{{ site.daily_quota | number if site.daily_quota else "no limit of ours" }}</dd>
<dt>A job pauses</dt><dd>when {{ site.failure_limit | percent(0) }} of 50 people or more fail</dd>
<dt>Callbacks go to</dt><dd>{{ site.callback_url or "nowhere: events are polled" }}</dd>
{% if site.callback_url %}<dt>Taken in by</dt><dd>{{ successes[site.callback_success] }}</dd>{% endif %}
{% if site.callback_off_at %}<dt>Callbacks off since</dt><dd>{{ parts.when(site.callback_off_at) }}, when the receiver
answered 410 Gone</dd>{% endif %}
{% if site.disabled_at %}<dt>Disabled since</dt><dd>{{ parts.when(site.disabled_at) }}</dd>{% endif %}
<dt>Created</dt><dd>{{ parts.when(site.created_at) }}</dd></dl>
<div class="actions">
{% if is_operator %}<a class="button first" href="{{ here }}/change">Change the settings</a>{% endif %}
{% if may_change %}{{ parts.act("/console/health/" ~ site.id, "Test the connection") }}{% endif %}
{% if is_operator and site.callback_off_at %}{{ parts.act(here ~ "/callbacks-on", "Switch callbacks on") }}{% endif %}
</div></section>
<section class="card" aria-labelledby="who"><h2 id="who">Who has access, and for whom</h2>
<div class="actions"><a class="button" href="{{ here }}/tokens">Tokens</a>
<a class="button" href="{{ here }}/companies">Companies</a></div></section>
<section class="card" aria-labelledby="kept"><h2 id="kept">How long data is kept</h2>
{% if is_operator %}
<form method="get" action="{{ here }}/retention">
{{ parts.input("keep_people_days", "People's data, in days", values.keep_people_days, type="number",
 error=faults.get("keep_people_days", ""), hint="After the end of their job. Empty: until somebody erases it.") }}
{{ parts.input("keep_certificate_years", "Certificates, in years", values.keep_certificate_years, type="number",
 error=faults.get("keep_certificate_years", ""), hint="After they were issued. Empty: for ever.") }}
<button>Change how long</button></form>
{% else %}
<dl><dt>People's data</dt><dd>{% if values.keep_people_days %}{{ values.keep_people_days }} days after their job's end
{%- else %}until somebody erases it{% endif %}</dd>
<dt>Certificates</dt><dd>{% if values.keep_certificate_years %}{{ values.keep_certificate_years }} years
{%- else %}for ever{% endif %}</dd></dl>
{% endif %}</section>
{% if is_operator %}
<section class="card" aria-labelledby="access"><h2 id="access">Secret and access</h2>
<p>Callbacks are signed with the site's callback secret, which Moodle knows as well.</p>
<div class="actions"><a class="button" href="{{ here }}/rotate-callback-secret">Rotate the callback secret</a>
{% if site.disabled_at %}<a class="button" href="{{ here }}/enable">Enable the site</a>
{% else %}<a class="button danger" href="{{ here }}/disable">Disable the site</a>{% endif %}</div></section>
{% endif %}{% endblock %}"""
)
_FORM = """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
{{ parts.head(title) }}
{% if faults %}<p class="problem" role="alert">Nothing was changed. Correct what is marked.</p>{% endif %}
<section class="card"><form method="post" action="{{ path }}">{{ parts.csrf() }}
{{ parts.input("name", "Name", values.name, required=true, error=faults.get("name", "")) }}
<div class="field">{{ parts.select("provider", "Sends with", providers, values.provider) }}</div>
{{ parts.input("send_rate", "Mails a second", values.send_rate, error=faults.get("send_rate", ""),
 hint="Empty: as fast as the provider allows.") }}
{{ parts.input("from_email", "Sender's address", values.from_email, type="email", error=faults.get("from_email", ""),
 hint="Of jobs that name none. Its domain has to be verified at the provider.") }}
{{ parts.input("from_name", "Sender's name", values.from_name, error=faults.get("from_name", "")) }}
{{ parts.input("daily_quota", "Mails a day", values.daily_quota, type="number", error=faults.get("daily_quota", ""),
 hint="Empty: no limit of ours.") }}
{{ parts.input("failure_limit", "Share of people who may fail", values.failure_limit, required=true,
 error=faults.get("failure_limit", ""), hint="From 0 to 1: with 0.2, a job pauses when 20 % of its people fail.") }}
{{ parts.input("callback_url", "Callbacks go to", values.callback_url, type="url",
 error=faults.get("callback_url", ""), hint="A public https address of Moodle. Empty: events are polled.") }}
<div class="field">{{ parts.select("callback_success", "A callback is taken in by", successes,
 values.callback_success) }}</div>
<div class="actions"><button class="first">{{ button }}</button><a class="button" href="{{ back }}">Back</a></div>
</form></section>{% endblock %}"""


async def show_list(visit: Visit) -> Response:
    scope = visit.caller.scope
    after = query.time_cursor(visit) or (-1, "")
    statement = stored.find(scope.site_id) if scope else stored.page(after, LIMIT + 1)
    rows = await visit.services.database.all(statement)
    last = rows[LIMIT - 1] if len(rows) > LIMIT else None
    following = last and visit.here(cursor=query.cursor((last["created_at"], last["id"])))
    return page(visit, _LIST, "Sites and tokens", sites=rows[:LIMIT], following=following)


async def show(visit: Visit) -> Response:
    return shown(visit, await visit.site_row(visit.path("site")), {}, {})


def shown(visit: Visit, site: Row, typed: Mapping[str, str], faults: Mapping[str, str]) -> Response:
    """A site, with what was typed into the form on its page and is wrong."""
    return page(
        visit,
        _ONE,
        site["name"],
        422 if faults else 200,
        site=site,
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


def _settings(visit: Visit) -> dict[str, Any]:
    """By column. Raises a `Problem` that names the field."""
    body = {
        "name": visit.field("name"),
        "provider": visit.field("provider"),
        "send_rate": forms.number(visit.field("send_rate")),
        "from": forms.mailbox(visit, "from"),
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
        _FORM,
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
