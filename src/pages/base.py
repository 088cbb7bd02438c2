"""What all pages for people without an account have in common: their frame, their looks, what a browser lets them do.

The promise: they work without scripts, cookies or a request to anywhere else, in the reader's direction, in light and
dark, on a phone, on paper and with a screen reader.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pages.words import Language

_HERE = Path(__file__).parent


def render(template: str, language: Language, **values: Any) -> str:
    """`template`: a file of `templates/` that extends the frame; `values` has a `title`."""
    return templates().get_template(template).render(values, language=language)


def said(text: str, values: dict[str, str]) -> Markup:
    """A sentence with its values, isolated so that none of them turns the sentence around it."""
    isolated = templates().get_template("value.html")
    return Markup(text).format(**{name: Markup(isolated.render(value=value)) for name, value in values.items()})


@cache
def security_policy() -> str:
    """Of every page: its own style, its own forms, and nothing else."""
    style = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


@cache
def _style() -> str:
    return (_HERE / "static" / "pages.css").read_text("utf-8")


@cache
def templates() -> Environment:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FileSystemLoader(_HERE / "templates"),
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["style"] = Markup(_style())
    return environment
