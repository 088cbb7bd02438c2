"""What every page of the console has in common: how its template becomes an answer, what a browser lets it do.

The promise: a page needs nothing from anywhere else and reads fully without JavaScript; whatever a person, a template
or a provider wrote is text, never markup; every form carries the session's token.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from console import words
from console.visit import SAID, Visit

_HERE = Path(__file__).parent


def _asset(name: str, kind: str) -> tuple[str, tuple[bytes, str]]:
    """Its address has the content in it, so that a browser may keep it for ever."""
    content = (_HERE / "static" / name).read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()[:9]).decode()
    return f"/console/{digest}/{name}", (content, f"{kind}; charset=utf-8")


ASSETS = dict([_asset("console.css", "text/css"), _asset("console.js", "text/javascript")])
_STYLE_AT, _SCRIPT_AT = ASSETS
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; frame-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",  # the default of everything else, no-referrer, makes a form's Origin null
}


def page(visit: Visit | None, template: str, title: str, status: int = 200, **values: Any) -> Response:
    """A page made of a file of `templates/` that extends frame.html and fills its block "main"."""
    said = visit.request.cookies.get(SAID, "") if visit else ""
    drawn = templates().get_template(template)
    html = drawn.render(
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
        "confirm.html",
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
    return page(visit, "problem.html", title, status, detail=detail, back=back, **parts)


def _menu(visit: Visit | None) -> list[tuple[str, str]]:
    if visit is None or visit.caller.role == "public":
        return []
    return [(path, label) for path, label in words.MENU if path not in words.OPERATORS_ONLY or visit.sees_all]


def _place(visit: Visit | None) -> str:
    return f"/console/{visit.section}".rstrip("/") if visit else ""


@cache
def templates() -> Environment:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FileSystemLoader(_HERE / "templates"),
        auto_reload=False,  # a deployment's files never change
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(words.FILTERS)
    environment.globals.update(
        nothing=words.NOTHING, style=_STYLE_AT, script=_SCRIPT_AT, look_of=words.look_of, mailbox=words.mailbox
    )
    return environment
