"""What an SVG picture may hold: shapes, and nothing that runs, loads or refers to anything outside it."""

import re
from typing import Final

from errors import TemplateRefused

MAX_SIZE: Final = 500_000
_ELEMENTS: Final = frozenset(
    {
        *("svg", "g", "defs", "title", "desc", "metadata", "style", "use", "symbol", "clipPath"),
        *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon"),
        *("linearGradient", "radialGradient", "stop"),
    }
)
_OUTSIDE: Final = re.compile(r"@import|url\s*\(\s*['\"]?\s*[^#'\"\s]", re.IGNORECASE)


def check(source: bytes, field: str) -> None:
    """Raises `TemplateRefused` naming what is not allowed. Texts are not: they would be drawn in no known face."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    if len(source) > MAX_SIZE:
        raise TemplateRefused(field, f"has {len(source):,} bytes; at most {MAX_SIZE:,} are allowed")
    try:
        root = fromstring(source, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as fault:
        raise TemplateRefused(field, f"is no SVG picture: {fault}") from None
    if root.tag.rpartition("}")[2] != "svg":
        raise TemplateRefused(field, f"begins with <{root.tag}>, not <svg>")
    if not root.get("viewBox") and not (root.get("width") and root.get("height")):
        raise TemplateRefused(field, "has no viewBox, so its proportions are unknown")
    for element in root.iter():
        _check_element(str(element.tag).rpartition("}")[2], element.attrib, element.text or "", field)


def _check_element(name: str, attributes: dict[str, str], text: str, field: str) -> None:
    if name not in _ELEMENTS:
        raise TemplateRefused(field, f"has an element <{name}>, which is not allowed")
    for attribute, value in attributes.items():
        local = attribute.rpartition("}")[2]
        if local.lower().startswith("on") or (local == "href" and not value.startswith("#")) or _OUTSIDE.search(value):
            raise TemplateRefused(field, f'<{name}> has {local}="{value[:40]}", which is not allowed')
    if name == "style" and _OUTSIDE.search(text):
        raise TemplateRefused(field, "has a style that refers to something outside the picture")
