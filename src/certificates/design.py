"""A design: a JSON document of version 1, checked once a job, whose faults are named by their path.

The promise: a design that loads can be rendered for everybody whose values are there and fit.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from certificates import svg
from certificates.elements import ELEMENTS
from certificates.elements.base import Element
from certificates.placeholders import RESERVED, Text
from certificates.schema import OUTLINE
from core.errors import TemplateRefused

_SIZES: Final = {
    "A3": (297, 420),
    "A4": (210, 297),
    "A5": (148, 210),
    "Letter": (215.9, 279.4),
    "Legal": (215.9, 355.6),
}


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
        title = Text(document["title"])
        title.check("title")
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


def _element(options: Mapping[str, Any], path: str) -> Element:
    element = ELEMENTS[options["type"]](path, options)
    element.check()
    return element


def _check(document: Mapping[str, Any]) -> None:
    _validate(None, document, "")
    for page, content in enumerate(document["pages"]):
        for place, element in enumerate(content["elements"]):
            _validate(element["type"], element, f"pages[{page}].elements[{place}].")


@cache
def _validator(type_: str | None) -> Callable[[Any], Any]:
    import fastjsonschema

    schema = ELEMENTS[type_].schema() if type_ else OUTLINE
    validator: Callable[[Any], Any] = fastjsonschema.compile(schema, use_default=False)
    return validator


def _validate(type_: str | None, value: Any, path: str) -> None:
    from fastjsonschema import JsonSchemaValueException

    try:
        _validator(type_)(value)
    except JsonSchemaValueException as fault:
        name = fault.name or ""
        where = name.removeprefix("data").removeprefix(".")
        detail = fault.message.removeprefix(name).strip()
        raise TemplateRefused(f"{path}{where}".strip(".") or "design", detail) from None
