"""What all pages for people without an account have in common: their frame, their looks, what a browser lets them do.

The promise: they work without scripts, cookies or a request to anywhere else, in the reader's direction, in light and
dark, on a phone, on paper and with a screen reader.
"""

import base64
import hashlib
from functools import cache
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined, Template
from markupsafe import Markup

from pages.languages import RIGHT_TO_LEFT

_STYLE = """
:root { color-scheme: light dark; --page: #f3f4f6; --card: #fff; --text: #1b1f24; --quiet: #525a65; --line: #c9ced6;
  --press: #0b57a4; --on-press: #fff; --good: #e6f4ea; --good-line: #2d7a46; --bad: #fdecea; --bad-line: #b3261e;
  --old: #fdf3dc; --old-line: #8a5a00 }
@media (prefers-color-scheme: dark) { :root { --page: #14171b; --card: #1e2329; --text: #e9ecf0; --quiet: #a9b1bc;
  --line: #49515c; --press: #8ab8f0; --on-press: #10151b; --good: #17301f; --good-line: #6dbf87; --bad: #3a1b19;
  --bad-line: #f2958d; --old: #33290f; --old-line: #e3b34b } }
* { box-sizing: border-box }
body { margin: 0; padding: 1rem; min-height: 100vh; display: grid; align-items: center; justify-items: center;
  background: var(--page); color: var(--text); font: 1.0625rem/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 32rem; padding: 2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .75rem; overflow-wrap: anywhere }
h1 { margin: 0 0 1rem; font-size: 1.625rem; line-height: 1.25 }
p { margin: 0 0 .75rem }
a { color: var(--press) }
.quiet { color: var(--quiet) }
.result { padding: .75rem 1rem; background: var(--good); border-inline-start: .25rem solid var(--good-line);
  border-radius: .25rem }
.wrong { background: var(--bad); border-color: var(--bad-line) }
form { margin: 1.5rem 0 0; display: grid; gap: .75rem }
label { font-weight: 600 }
input { min-height: 3rem; width: 100%; padding: .625rem .75rem; font: 1.125rem/1.5 ui-monospace, monospace;
  letter-spacing: .04em; text-transform: uppercase; color: inherit; background: transparent;
  border: 2px solid var(--quiet); border-radius: .5rem }
input.small { font-size: .9375rem; letter-spacing: 0; text-transform: none }
button { min-height: 3rem; padding: .625rem 1rem; font: inherit; font-weight: 600; border-radius: .5rem;
  border: 2px solid var(--press); background: transparent; color: var(--press); cursor: pointer;
  overflow-wrap: anywhere }
button.first { background: var(--press); color: var(--on-press) }
button:hover { text-decoration: underline }
:focus-visible { outline: 3px solid var(--text); outline-offset: 2px }
form .quiet { margin: -.25rem 0 .5rem; font-size: .9375rem }
.verdict { padding: 1rem 1.25rem; margin: 0 0 1.5rem; border-radius: .5rem; border: 1px solid var(--line);
  border-inline-start-width: .5rem }
.verdict h1 { margin: 0 0 .25rem; font-size: 1.375rem }
.verdict p:last-child { margin: 0 }
.good { background: var(--good); border-color: var(--good-line) }
.bad { background: var(--bad); border-color: var(--bad-line) }
.old { background: var(--old); border-color: var(--old-line) }
dl { margin: 0 0 1rem }
dt { color: var(--quiet); font-size: .9375rem }
dd { margin: 0 0 .875rem; font-weight: 600 }
dd.name { font-size: 1.375rem; line-height: 1.3 }
code { font: .9375rem/1.5 ui-monospace, monospace; font-weight: 400; direction: ltr; unicode-bidi: isolate }
details { margin: 0 0 1rem }
summary { cursor: pointer; color: var(--press); padding: .5rem 0 }
details code { display: block; padding: .5rem .75rem; margin: 0 0 .75rem; background: var(--page);
  border-radius: .25rem; text-align: left }
@media (max-width: 30rem) { body { padding: 0; align-items: start; background: var(--card) }
  main { border: 0; border-radius: 0; padding: 1.5rem 1.25rem } }
@media print { :root { color-scheme: light; --page: #fff; --card: #fff; --text: #000; --quiet: #333; --line: #999 }
  body { display: block; min-height: 0; padding: 0 } main { max-width: none; border: 0; padding: 0 }
  .verdict { background: none; border: 2px solid #000; color: #000 } form, details, .elsewhere { display: none } }
"""
_FRAME = """<!doctype html>
<html lang="{{ language }}" dir="{{ direction }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{ title }}</title>
<style>{{ style }}</style>
</head>
<body>
<main>
{% block main %}{% endblock -%}
</main>
</body>
</html>
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def render(source: str, language: str, **values: Any) -> str:
    """`source`: a template that extends "frame" and fills its block "main"; `values` has a `title`."""
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    return _template(source).render(values, language=language, direction=direction)


def said(text: str, values: dict[str, str]) -> Markup:
    """A sentence with its values, isolated so that none of them turns the sentence around it."""
    return Markup(text).format(**{name: Markup("<bdi>{}</bdi>").format(value) for name, value in values.items()})


@cache
def _template(source: str) -> Template:
    return _environment().from_string(source)


@cache
def _environment() -> Environment:
    environment = Environment(autoescape=True, undefined=StrictUndefined, loader=DictLoader({"frame": _FRAME}))
    environment.globals["style"] = Markup(_STYLE)
    return environment
