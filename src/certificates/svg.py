"""What an SVG picture may hold: shapes, and nothing that runs, loads or refers to anything outside it.

The promise: what `clean` gives passes `check`, and looks as the picture did without its scripts and what it would have
loaded; what would have to be drawn and cannot be is refused, never left out.
"""

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from core.errors import TemplateRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

MAX_SIZE: Final = 500_000
MAX_DEPTH: Final = 200  # elements in each other; what draws them goes down by a call each
ELEMENT: Final = 80  # bytes that each counts at least when it is drawn: a circle takes as long as a path of so many
REPEATED: Final = 50_000  # bytes that a picture may have as drawn, besides twice its own
_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_BASE: Final = "{http://www.w3.org/XML/1998/namespace}base"
_ELEMENTS: Final = frozenset(
    {
        *("svg", "g", "defs", "title", "desc", "metadata", "style", "use", "symbol", "clipPath"),
        *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon"),
        *("linearGradient", "radialGradient", "stop"),
    }
)
# What runs, moves, or is no drawing: the picture stands as it is without them.
_STRIPPED: Final = frozenset(
    {
        *("script", "foreignobject", "handler", "listener", "iframe", "embed", "object", "audio", "video", "canvas"),
        *("animate", "animatecolor", "animatemotion", "animatetransform", "set", "discard", "view", "cursor"),
    }
)
# A backslash may spell any of these otherwise, and no program that draws needs one.
_OUTSIDE: Final = re.compile(
    r"@import|image-set\s*+\(|expression\s*+\(|javascript:|\\|url\s*+\(\s*+['\"]?\s*+[^#'\"\s]", re.IGNORECASE
)
_REFERENCE: Final = re.compile(r"url\(['\"]?#([^)'\"\s]{1,200})")
_CLASS: Final = re.compile(r"\.([\w-]+)")
_INSTRUCTION: Final = re.compile(rb"<\?(?!xml[ \t\r\n])")
_DECLARATION: Final = re.compile(r"(?:[^;{}(]|\([^)]*+\)?)++;?")  # or a selector
_RULE: Final = re.compile(r"(?<![^{}])[^{}]++\{[^{}]*+\}")
_DASHES: Final = re.compile(r"stroke-dasharray\s*+:([^;}]*+)", re.IGNORECASE)
MAX_STRAY: Final = 1_000  # characters in a style that belong to no rule; what draws goes over them again and again
MAX_DASHES: Final = 32  # numbers in a pattern of dashes, which is written for each line that has it
MOST_TOLD: Final = 50


class Cleaned(NamedTuple):
    """`removed`: what was taken out, in words; where it is nothing, `data` is what was given."""

    data: bytes
    removed: list[str]


def clean(source: bytes, field: str) -> Cleaned:
    """Without what runs or refers to anything outside. Raises `TemplateRefused` for what is left and not allowed."""
    root = _parsed(source, field)
    removed = ["<?…?>"] if _INSTRUCTION.search(source) else []
    removed += _strip(root)
    data = _written(root) if removed else source
    check(data, field)
    return Cleaned(data, list(dict.fromkeys(removed))[:MOST_TOLD])


def check(source: bytes, field: str) -> None:
    """Raises `TemplateRefused` naming what is not allowed. Texts are not: they would be drawn in no known face."""
    root = _parsed(source, field)
    if _name(root) != "svg":
        raise TemplateRefused(field, f"begins with <{_name(root)[:40]}>, not <svg>")
    if not root.get("viewBox") and not (root.get("width") and root.get("height")):
        raise TemplateRefused(field, "has no viewBox, so its proportions are unknown")
    for element in root.iter():
        _check_element(_name(element), element.attrib, element.text or "", field)
    if _drawn(root, most := 2 * len(source) + REPEATED) > most:
        words = f"more than {most:,} bytes as drawn, where an element counts {ELEMENT} or more, each time it is used"
        raise TemplateRefused(field, f"cannot be drawn: it has {words}")


def _parsed(source: bytes, field: str) -> "Element":
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    if len(source) > MAX_SIZE:
        raise TemplateRefused(field, f"has {len(source):,} bytes; at most {MAX_SIZE:,} are allowed")
    try:
        root: Element = fromstring(source, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as fault:
        raise TemplateRefused(field, f"is no SVG picture: {fault}") from None
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
    if level:
        raise TemplateRefused(field, f"has elements in each other {MAX_DEPTH} deep")
    return root


def _drawn(root: "Element", most: int) -> int:
    """The bytes of all that is drawn, what is used several times as often; no further than `most`."""
    named, styled = {element.get("id"): element for element in root.iter()}, _styled(root)
    size, waiting = 0, [(root, True)]
    while waiting and size <= most:
        element, is_drawn = waiting.pop()
        values = element.attrib.values()
        size += max(ELEMENT, sum(map(len, values)))
        is_drawn = is_drawn and _name(element) != "defs"
        waiting.extend((child, is_drawn) for child in element)
        if is_drawn:
            used = {value[1:] for name, value in element.attrib.items() if _local(name) == "href"}
            used.update(name for value in values if "url(" in value for name in _REFERENCE.findall(value))
            used.update(*(styled.get(name, ()) for name in ("", *element.get("class", "").split())))
            waiting.extend((named[name], True) for name in used if name in named)
    return size


def _styled(root: "Element") -> dict[str, set[str]]:
    """What the rules of styles refer to, by the classes that they are for; "" for everything."""
    styled: dict[str, set[str]] = {}
    for element in root.iter():
        rules = (element.text or "").split("}") if _name(element) == "style" else []
        for selector, _, declarations in (rule.partition("{") for rule in rules):
            used = _REFERENCE.findall(declarations)
            for name in _CLASS.findall(selector) or [""]:
                styled.setdefault(name, set()).update(used)
    return styled


def _check_element(name: str, attributes: dict[str, str], text: str, field: str) -> None:
    if name not in _ELEMENTS:
        raise TemplateRefused(field, f"has an element <{name[:40]}>, which is not allowed")
    for attribute, value in attributes.items():
        if _runs(attribute) or _leads_outside(attribute, value):
            raise TemplateRefused(field, f'<{name}> has {_local(attribute)[:40]}="{value[:40]}", which is not allowed')
    style = _checked_style(text, field) if name == "style" else attributes.get("style", "")
    dashes = [attributes.get("stroke-dasharray", ""), *_DASHES.findall(style)]
    if any(len(re.split(r"[\s,]++", value.strip())) > MAX_DASHES for value in dashes):
        raise TemplateRefused(field, f"<{name}> has a stroke-dasharray of more than {MAX_DASHES} numbers")


def _checked_style(text: str, field: str) -> str:
    """What a <style> says, without its comments."""
    if _OUTSIDE.search(text):
        raise TemplateRefused(field, "has a style that refers to something outside the picture")
    said, place = "", 0
    while (begin := text.find("/*", place)) >= 0:
        end = text.find("*/", begin + 2)
        if end < 0:
            raise TemplateRefused(field, "has a style with a comment that does not end")
        said, place = said + text[place:begin], end + 2
    said += text[place:]
    if max(map(len, re.split("[{}]", _RULE.sub("{}", said)))) > MAX_STRAY:
        raise TemplateRefused(field, f"has a style with more than {MAX_STRAY:,} characters outside its rules")
    return said


def _strip(root: "Element") -> "Iterator[str]":
    """Takes out what can be, and tells of it."""
    for element in _walk(root):
        for child in list(element):
            if _goes(child):
                element.remove(child)
                yield f"<{_name(child)[:40]}>"
            elif _name(child) == "a":  # a link around shapes, which stay
                child.tag = f"{{{_SVG}}}g"
                yield "<a>"
        for attribute in list(element.attrib):
            yield from _strip_attribute(element, attribute)
        if _name(element) == "style" and _OUTSIDE.search(element.text or ""):
            element.text = _inside(element.text or "")
            yield "what <style> refers to outside"


def _goes(element: "Element") -> bool:
    space, _, name = str(element.tag).rpartition("}")
    if space.lstrip("{") not in ("", _SVG):  # an editor's notes
        return True
    hrefs = [value for attribute, value in element.attrib.items() if _local(attribute) == "href"]
    loads = any(not value.startswith(("#", "data:")) for value in hrefs)
    return name.lower() in _STRIPPED or (name in ("image", "use", "feImage") and loads)


def _strip_attribute(element: "Element", attribute: str) -> "Iterator[str]":
    value, name = element.attrib[attribute], _local(attribute)
    if name == "href" and value.startswith("data:"):  # part of the picture: not for us to leave out
        return
    if not _runs(attribute) and not _leads_outside(attribute, value):
        return
    if name == "style":
        element.attrib[attribute] = _inside(value)
    else:
        del element.attrib[attribute]
    yield f"{name[:40]} of <{_name(element)[:40]}>"


def _walk(root: "Element") -> "Iterator[Element]":
    """Each before its children are looked at, so that they may be changed."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        yield element
        waiting.extend(reversed(element))


def _inside(style: str) -> str:
    """Without declarations that lead outside; without any where it cannot be told which those are."""
    if "\\" in style:
        return ""
    kept = _DECLARATION.sub(lambda found: "" if _OUTSIDE.search(found[0]) else found[0], style)
    return "" if _OUTSIDE.search(kept) else kept


def _runs(attribute: str) -> bool:
    return _local(attribute).lower().startswith("on")


def _leads_outside(attribute: str, value: str) -> bool:
    if attribute == _BASE:
        return True
    if _local(attribute) in ("href", "src"):
        return not value.startswith("#")
    return "}" not in attribute and _OUTSIDE.search(value) is not None


def _name(element: "Element") -> str:
    return _local(str(element.tag))


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _written(root: "Element") -> bytes:
    from xml.etree import ElementTree

    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    data: Any = ElementTree.tostring(root, encoding="utf-8", xml_declaration=False)
    return bytes(data)
