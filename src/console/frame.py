"""What every page of the console has in common: its frame, its parts, what a browser lets it do.

The promise: a page needs nothing from anywhere else and reads fully without JavaScript; whatever a person, a template
or a provider wrote is text, never markup; every form carries the session's token.
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined, Template
from starlette.responses import HTMLResponse, Response

from console import words
from console.parts import PARTS
from console.script import SCRIPT
from console.style import STYLE
from console.visit import SAID, Visit

_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{ title }} · Cloud Offload</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{{ style }}">
<script src="{{ script }}" defer></script>
</head>
<body>
{% import "parts" as parts with context -%}
{% if menu %}<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="brand" href="/console">Cloud Offload</a>
<div class="who"><span>{{ role }} <code>{{ actor }}</code></span>
{{ parts.act("/console/sign-out", "Sign out", look="small") }}</div>
</header>
<div class="frame">
<nav class="menu" aria-label="Console"><ul>
{% for path, label in menu %}
<li><a href="{{ path }}"{% if path == place %} aria-current="page"{% endif %}>{{ label }}</a></li>
{% endfor %}
</ul></nav>
{% else %}<div class="alone">
{% endif -%}
<main id="main" tabindex="-1">
{% if said %}<p class="said" role="status">{{ said }}</p>
{% endif -%}
{% block main %}{% endblock -%}
</main>
</div>
</body>
</html>
"""

_CONFIRM = """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
<h1>{{ title }}</h1>
<div class="card">
{% for line in lines %}<p>{{ line }}</p>
{% endfor %}
<form method="post" action="{{ path }}">{{ parts.csrf() }}
{% for name, value in fields %}<input type="hidden" name="{{ name }}" value="{{ value }}">
{% endfor %}
{%- if asked %}{{ parts.input(asked[0], asked[1], required=true) }}{% endif %}
<div class="actions"><button class="first{% if danger %} danger{% endif %}">{{ button }}</button>
<a class="button" href="{{ back }}">Back</a></div>
</form></div>{% endblock %}"""

_PROBLEM = """{% extends "frame" %}{% block main %}
<h1>{{ title }}</h1>
<p class="problem">{{ detail }}</p>
{% for fault in faults %}<p><code>{{ fault.field }}</code>: {{ fault.detail }}</p>
{% endfor %}
<p class="quiet">Request {{ request_id }}</p>
<p><a class="button" href="{{ back }}">Back</a></p>{% endblock %}"""


def _address(name: str, content: str) -> str:
    """With the content in it, so that a browser may keep it for ever."""
    digest = hashlib.sha256(content.encode()).digest()
    return f"/console/{base64.urlsafe_b64encode(digest[:9]).decode()}/{name}"


ASSETS = {
    _address("console.css", STYLE): (STYLE, "text/css; charset=utf-8"),
    _address("console.js", SCRIPT): (SCRIPT, "text/javascript; charset=utf-8"),
}
_STYLE_AT, _SCRIPT_AT = ASSETS
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; frame-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",  # the default of everything else, no-referrer, makes a form's Origin null
}


def page(visit: Visit | None, template: str, title: str, status: int = 200, **values: Any) -> Response:
    """A page made of a template that extends "frame" and fills its block "main"."""
    said = visit.request.cookies.get(SAID, "") if visit else ""
    html = _template(template).render(
        title=title,
        csrf_token=visit.form_token if visit else "",
        menu=_menu(visit),
        place=_place(visit),
        role=words.ROLES.get(visit.caller.role, "") if visit else "",
        actor=visit.caller.actor if visit else "",
        may_change=visit is not None and visit.caller.may_change,
        is_operator=visit is not None and visit.caller.role == "operator",
        said=words.unpacked(said),
        **values,
    )
    response = HTMLResponse(html, status, HEADERS)
    if said:
        response.delete_cookie(SAID, path="/", secure=True, httponly=True, samesite="strict")
    return response


def confirm(
    visit: Visit,
    title: str,
    lines: list[str],
    button: str,
    back: str,
    fields: list[tuple[str, str]] | None = None,
    *,
    danger: bool = False,
    asked: tuple[str, str] | None = None,
    path: str | None = None,
) -> Response:
    """Ask before something is done: the form posts to `path`, or to this address. `asked`: a field that must be filled,
    its label."""
    return page(
        visit,
        _CONFIRM,
        title,
        path=path or visit.request.url.path,
        lines=lines,
        button=button,
        back=back,
        fields=fields or [],
        danger=danger,
        asked=asked,
    )


def problem(visit: Visit | None, title: str, detail: str, status: int, **parts: Any) -> Response:
    back = f"/console/{visit.section}" if visit and visit.section else "/console"
    return page(visit, _PROBLEM, title, status, detail=detail, back=back, **parts)


def _menu(visit: Visit | None) -> list[tuple[str, str]]:
    if visit is None or visit.caller.role == "public":
        return []
    return [(path, label) for path, label in words.MENU if path not in words.OPERATORS_ONLY or visit.sees_all]


def _place(visit: Visit | None) -> str:
    return f"/console/{visit.section}".rstrip("/") if visit else ""


@cache
def _template(source: str) -> Template:
    return _environment().from_string(source)


@cache
def _environment() -> Environment:
    sources: Mapping[str, str] = {"frame": _FRAME, "parts": PARTS}
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, loader=DictLoader(sources), trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(words.FILTERS)
    environment.globals.update(nothing=words.NOTHING, style=_STYLE_AT, script=_SCRIPT_AT, look_of=words.look_of)
    return environment
