"""The unsubscribe page.

The promise: it works without scripts, cookies or a request to anywhere else, in the person's language and reading
direction, in light and dark, on a phone and with a screen reader; and it shows nobody's whole address.
"""

import base64
import hashlib
from functools import cache
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from pages.languages import RIGHT_TO_LEFT
from pages.unsubscribe_words import WORDS, Words
from ports import Row
from unsubscribe import Choice

_STYLE = """
:root { color-scheme: light dark; --page: #f3f4f6; --card: #fff; --text: #1b1f24; --quiet: #525a65; --line: #c9ced6;
  --press: #0b57a4; --on-press: #fff; --good: #e6f4ea; --good-line: #2d7a46 }
@media (prefers-color-scheme: dark) { :root { --page: #14171b; --card: #1e2329; --text: #e9ecf0; --quiet: #a9b1bc;
  --line: #49515c; --press: #8ab8f0; --on-press: #10151b; --good: #17301f; --good-line: #6dbf87 } }
* { box-sizing: border-box }
body { margin: 0; padding: 1rem; min-height: 100vh; display: grid; align-items: center; justify-items: center;
  background: var(--page); color: var(--text); font: 1.0625rem/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 32rem; padding: 2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .75rem; overflow-wrap: anywhere }
h1 { margin: 0 0 1rem; font-size: 1.625rem; line-height: 1.25 }
p { margin: 0 0 .75rem }
.quiet { color: var(--quiet) }
.result { padding: .75rem 1rem; background: var(--good); border-inline-start: .25rem solid var(--good-line);
  border-radius: .25rem }
form { margin: 1.5rem 0 0; display: grid; gap: .75rem }
button { min-height: 3rem; padding: .625rem 1rem; font: inherit; font-weight: 600; border-radius: .5rem;
  border: 2px solid var(--press); background: transparent; color: var(--press); cursor: pointer;
  overflow-wrap: anywhere }
button.first { background: var(--press); color: var(--on-press) }
button:hover { text-decoration: underline }
button:focus-visible { outline: 3px solid var(--text); outline-offset: 2px }
form .quiet { margin: -.25rem 0 .5rem; font-size: .9375rem }
@media (max-width: 30rem) { body { padding: 0; align-items: start; background: var(--card) }
  main { border: 0; border-radius: 0; padding: 1.5rem 1.25rem } }
"""
_PAGE = """<!doctype html>
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
<h1>{{ title }}</h1>
{% for line in about %}<p class="quiet">{{ line }}</p>
{% endfor %}
{%- for line in results %}<p class="result" role="status">{{ line }}</p>
{% endfor %}
{%- for line in lines %}<p>{{ line }}</p>
{% endfor %}
{%- if buttons %}<form method="post">
{% for choice, label, below in buttons -%}
<button name="choice" value="{{ choice }}"{% if loop.first and not results %} class="first"{% endif %}>
{{- label }}</button>
{% if below %}<p class="quiet">{{ below }}</p>
{% endif %}
{%- endfor -%}
</form>
{% endif -%}
</main>
</body>
</html>
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def standing(language: str, subscriber: Row, *, undone: bool = False, nothing: bool = False) -> str:
    """What this person has stopped, and what they can choose. `undone` and `nothing` tell what was just done."""
    words, told = WORDS[language], _values(subscriber)
    category_stopped, all_stopped = subscriber["category_stopped"], subscriber["all_stopped"]
    results = [words.undone] if undone else []
    if all_stopped:
        results.append(words.all_stopped)
    elif category_stopped:
        results.append(words.category_stopped)
    lines = [words.nothing] if nothing else []
    if (category_stopped or all_stopped) and not subscriber["can_undo"]:
        lines.append(words.by_the_site)
    return _rendered(
        language,
        title=words.title,
        about=[_said(line, told) for line in _about(words, subscriber)],
        results=[_said(line, told) for line in results],
        lines=[_said(line, told) for line in lines],
        buttons=[
            (choice, _said(label, told), _said(below, told)) for choice, label, below in _buttons(words, subscriber)
        ],
    )


def notice(language: str, title: str, text: str) -> str:
    """A page that only says something."""
    return _rendered(language, title=title, lines=[text])


def _about(words: Words, subscriber: Row) -> list[str]:
    return [words.addressed, words.kind] if subscriber["category"] else [words.addressed]


def _buttons(words: Words, subscriber: Row) -> list[tuple[Choice, str, str]]:
    found = []
    if not subscriber["all_stopped"]:
        if subscriber["category"] and not subscriber["category_stopped"]:
            found.append((Choice.CATEGORY, words.stop_category, words.other_mail))
        found.append((Choice.ALL, words.stop_all, ""))
    if subscriber["can_undo"]:
        found.append((Choice.UNDO, words.undo, ""))
    return found


def _values(subscriber: Row) -> dict[str, Markup]:
    """Isolated, so that none of them turns the sentence around it."""
    site, company = subscriber["site"], subscriber["company"]
    shown = {
        "site": f"{site} · {company}" if company else site,
        "category": subscriber["category"].replace("-", " ").replace("_", " "),
        "address": masked(subscriber["email"]),
    }
    return {name: Markup("<bdi>{}</bdi>").format(value) for name, value in shown.items()}


def _said(text: str, values: dict[str, Markup]) -> Markup:
    return Markup(text).format(**values)


def masked(email: str) -> str:
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def _rendered(language: str, **parts: Any) -> str:
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    nothing: dict[str, list[Any]] = {"about": [], "results": [], "lines": [], "buttons": []}
    return _template().render({**nothing, **parts, "language": language, "direction": direction})


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.globals["style"] = Markup(_STYLE)
    return environment.from_string(_PAGE)
