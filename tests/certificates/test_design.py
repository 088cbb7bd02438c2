"""A design that cannot be drawn is refused with the path of its fault; the published schema refuses the same."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from certificates import designs
from certificates.design import Design
from certificates.schema import SCHEMA
from core.errors import TemplateRefused
from tests.certificates.drawing import design_of, words

FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown version": (design_of(version=2), "version"),
    "no pages": (design_of(pages=[]), "pages"),
    "an unknown element": (design_of({"type": "video"}), "pages[0].elements[0].type"),
    "a letter too small to read": (design_of(words(text="a", font={"size": 1})), "pages[0].elements[0].font.size"),
    "no place": (design_of(words(text="a"), {"type": "text", "text": "a"}), "pages[0].elements[1]"),
    "an option nobody knows": (design_of(words(text="a", colour="#000000")), "pages[0].elements[0]"),
    "a colour by name": (design_of(words(text="a", color="red")), "pages[0].elements[0].color"),
    "logic": (design_of(words(text="{% if a %}b")), "pages[0].elements[0].text"),
    "an expression": (design_of(words(text="{{ a.b }}")), "pages[0].elements[0].text"),
    "an expression as title": (design_of(title="{{ 1 + 1 }}"), "title"),
    "a date where there is none": (design_of(words(text="{{ date }}")), "pages[0].elements[0].text"),
    "an image without a picture": (design_of(words("image")), "pages[0].elements[0]"),
    "a page too large": (design_of(page={"size": [5000, 100]}), "page.size"),
}
SVGS = {
    "a script": "<script>alert(1)</script>",
    "a handler": '<rect width="1" height="1" onclick="x()"/>',
    "an outside picture": '<image href="https://example.org/a.png"/>',
    "an outside reference": '<use href="https://example.org/a.svg#b"/>',
    "an outside style": "<style>@import 'https://example.org/a.css';</style>",
    "an outside paint": '<rect width="1" height="1" fill="url(https://example.org/a.svg#b)"/>',
    "a foreign document": "<foreignObject/>",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_by_its_path(fault: str) -> None:
    document, path = FAULTS[fault]
    with pytest.raises(TemplateRefused) as refused:
        Design.load(document)
    assert refused.value.field == path


@pytest.mark.parametrize("content", SVGS)
def test_an_svg_that_runs_or_loads_anything_is_refused(content: str) -> None:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">{SVGS[content]}</svg>'
    document = design_of()
    document["pages"][0]["background"] = {"svg": svg}
    with pytest.raises(TemplateRefused) as refused:
        Design.load(document)
    assert refused.value.field == "pages[0].background.svg"


def test_an_svg_with_entities_is_refused() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><title>&a;</title></svg>'
    bomb = f'<!DOCTYPE svg [<!ENTITY a "aaaa">]>{svg}'
    with pytest.raises(TemplateRefused):
        Design.load(design_of({**words("image"), "svg": bomb}))


@pytest.mark.parametrize("name", designs.NAMES)
def test_a_built_in_design_keeps_to_the_published_schema(name: str) -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(designs.load(name))
    assert Design.load(designs.load(name)).variables == {"name", "title", "issuer"}


def test_every_file_of_a_design_is_one_of_them() -> None:
    files = {path.name for path in Path(designs.__file__).parent.glob("*.*") if path.suffix != ".py"}
    pictures = {f"{name}.svg" for name in designs.NAMES if "svg" in designs.load(name)["pages"][0]["background"]}
    assert files == {f"{name}.json" for name in designs.NAMES} | pictures


@pytest.mark.parametrize(
    "fault", ["an unknown version", "an unknown element", "a colour by name", "a letter too small to read"]
)
def test_the_published_schema_refuses_what_is_refused(fault: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(SCHEMA).validate(FAULTS[fault][0])


def test_a_design_says_what_every_person_needs() -> None:
    design = Design.load(
        design_of(
            words(text="{{ course }} {{ code }} {{ issued }} {{ verify_url }}"),
            words("name"),
            words("grade", text="{{ grade }} of {{ points }}"),
            words("date", variable="ended"),
            words("expiry"),
            title="{{ award }}",
        )
    )
    assert design.variables == {"award", "course", "ended", "name"}


def test_a_design_says_which_pictures_it_shows() -> None:
    document = design_of(words("image", asset="logo"), words("signature", asset="hand"))
    document["pages"][0]["background"] = {"asset": "paper"}
    assert Design.load(document).assets == {"hand", "logo", "paper"}
