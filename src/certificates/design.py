"""A design: a JSON document of version 1, checked once a job, whose faults are named by their path.

The promise: a design that loads can be rendered for everybody whose values are there and fit.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from certificates import svg
from certificates.schema import ELEMENTS, OUTLINE
from certificates.scripts import COMMON, scripts_in
from core.errors import TemplateRefused

# What the renderer itself gives to every text.
RESERVED: Final = frozenset({"code", "verify_url", "issued", "date"})
# What may be missing for a person: the element is then left out.
_OPTIONAL: Final = {"grade": "grade", "expiry": "expires"}
_DEFAULT_TEXTS: Final = {
    "name": "{{ name }}",
    "grade": "{{ grade }}",
    "date": "{{ date }}",
    "expiry": "{{ date }}",
    "code": "{{ code }}",
    "signature": "",
}
_SIZES: Final = {
    "A3": (297, 420),
    "A4": (210, 297),
    "A5": (148, 210),
    "Letter": (215.9, 279.4),
    "Legal": (215.9, 355.6),
}
_PLACEHOLDER: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]{0,63})\s*\}\}")
MAX_VALUE: Final = 1000  # characters of one value


@dataclass(frozen=True)
class Text:
    """A text with placeholders. `literal`: what it says whoever it is for."""

    source: str

    @property
    def variables(self) -> frozenset[str]:
        return frozenset(_PLACEHOLDER.findall(self.source))

    @property
    def literal(self) -> str:
        return _PLACEHOLDER.sub("", self.source)

    def filled(self, values: Mapping[str, str]) -> str:
        return _PLACEHOLDER.sub(lambda found: values[found[1]], self.source)


@dataclass(frozen=True)
class Element:
    kind: str
    path: str
    options: Mapping[str, Any]
    text: Text | None

    @property
    def optional(self) -> str | None:
        """The variable without which the element is left out."""
        return _OPTIONAL.get(self.kind)

    @property
    def date_variable(self) -> str | None:
        """Whose value `{{ date }}` stands for."""
        return {"date": self.options.get("variable", "issued"), "expiry": "expires"}.get(self.kind)

    @property
    def variables(self) -> frozenset[str]:
        if self.text is None or self.optional:
            return frozenset()
        dated = frozenset({self.date_variable}) if self.date_variable else frozenset()
        return (self.text.variables | dated) - RESERVED


@dataclass(frozen=True)
class Page:
    path: str
    background: Mapping[str, Any]
    elements: tuple[Element, ...]


@dataclass(frozen=True)
class Design:
    """`size` is width and height in millimetres, as the page is held."""

    title: Text
    right_to_left: bool
    size: tuple[float, float]
    pages: tuple[Page, ...]

    @classmethod
    def load(cls, document: Mapping[str, Any]) -> "Design":
        """Raises `TemplateRefused` with the path of the fault, such as `pages[0].elements[3].font.size`."""
        _check(document)
        pages = tuple(_page(page, f"pages[{place}]") for place, page in enumerate(document["pages"]))
        title = _text(document["title"], "title")
        return cls(title, document.get("direction") == "rtl", _size(document["page"]), pages)

    @property
    def elements(self) -> Iterator[Element]:
        for page in self.pages:
            yield from page.elements

    @property
    def variables(self) -> frozenset[str]:
        """The names that every person needs a value for."""
        return frozenset().union(self.title.variables - RESERVED, *(element.variables for element in self.elements))

    @property
    def pictures(self) -> frozenset[str]:
        """The names of the uploaded pictures it shows."""
        named = [page.background.get("asset") for page in self.pages]
        named += [element.options.get("asset") for element in self.elements]
        return frozenset(name for name in named if name)

    @property
    def fonts(self) -> frozenset[str]:
        """The names of the uploaded fonts it is set in."""
        named = (element.options.get("font", {}).get("asset") for element in self.elements)
        return frozenset(name for name in named if name)

    @property
    def assets(self) -> frozenset[str]:
        return self.pictures | self.fonts

    def scripts_needed(self, values: Mapping[str, Any]) -> frozenset[str]:
        """The scripts that a person's certificate is written in."""
        texts = [element.text.literal for element in self.elements if element.text]
        return frozenset().union(*(scripts_in(text) for text in (*texts, *map(str, values.values())))) - {COMMON}


def _size(page: Mapping[str, Any]) -> tuple[float, float]:
    width, height = sorted(_SIZES[page["size"]]) if isinstance(page["size"], str) else page["size"]
    orientation = page.get("orientation")
    if (orientation == "landscape" and width < height) or (orientation == "portrait" and width > height):
        width, height = height, width
    return float(width), float(height)


def _page(page: Mapping[str, Any], path: str) -> Page:
    background = page.get("background", {})
    if "svg" in background:
        svg.check(background["svg"].encode(), f"{path}.background.svg")
    elements = (_element(element, f"{path}.elements[{place}]") for place, element in enumerate(page["elements"]))
    return Page(path, background, tuple(elements))


def _element(element: Mapping[str, Any], path: str) -> Element:
    kind = element["type"]
    source = element.get("text", _DEFAULT_TEXTS.get(kind))
    text = None if source is None else _text(source, f"{path}.text")
    if kind == "image" and ("svg" in element) == ("asset" in element):
        raise TemplateRefused(path, "needs either `asset` or `svg`")
    if "svg" in element:
        svg.check(element["svg"].encode(), f"{path}.svg")
    if text and "date" in text.variables and kind not in ("date", "expiry"):
        raise TemplateRefused(f"{path}.text", "only elements of type date and expiry have `{{ date }}`")
    return Element(kind, path, element, text)


def _text(source: str, path: str) -> Text:
    rest = _PLACEHOLDER.sub("", source)
    if "{{" in rest or "}}" in rest or "{%" in rest:
        raise TemplateRefused(path, "only plain variables such as `{{ course }}` can be filled in")
    return Text(source)


def _check(document: Mapping[str, Any]) -> None:
    _validate(None, document, "")
    for page, content in enumerate(document["pages"]):
        for place, element in enumerate(content["elements"]):
            _validate(element["type"], element, f"pages[{page}].elements[{place}].")


@cache
def _validator(kind: str | None) -> Callable[[Any], Any]:
    import fastjsonschema

    validator: Callable[[Any], Any] = fastjsonschema.compile(ELEMENTS[kind] if kind else OUTLINE, use_default=False)
    return validator


def _validate(kind: str | None, value: Any, path: str) -> None:
    from fastjsonschema import JsonSchemaValueException

    try:
        _validator(kind)(value)
    except JsonSchemaValueException as fault:
        name = fault.name or ""
        where = name.removeprefix("data").removeprefix(".")
        detail = fault.message.removeprefix(name).strip()
        raise TemplateRefused(f"{path}{where}".strip(".") or "design", detail) from None
