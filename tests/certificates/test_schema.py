"""The published JSON Schema of designs, held against another validator than the one that the service uses."""

import copy
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import jsonschema
import pytest

from certificates import designs
from certificates.design import Design
from certificates.elements import ELEMENTS
from certificates.schema import SCHEMA
from core.errors import TemplateRefused
from tests.api.conftest import deployment
from tests.certificates.drawing import ROOT
from tests.worlds.api import Deployment

__all__ = ["deployment"]

PUBLISHED = jsonschema.Draft7Validator(SCHEMA)
Change = Callable[[dict[str, Any]], Any]
UNSHOWN = {"image"}  # elements that no built-in design has


async def test_it_is_served_to_anybody_under_the_address_that_it_names(deployment: Deployment) -> None:
    client = await deployment.client(None)
    response = await client.get("/schemas/certificate-1.json")
    served = response.json()
    assert served.pop("$id") == "https://offload.example/schemas/certificate-1.json"
    assert served == {name: value for name, value in SCHEMA.items() if name != "$id"}
    jsonschema.Draft7Validator.check_schema(served)


@pytest.mark.parametrize("name", designs.NAMES)
def test_a_built_in_design_is_valid(name: str) -> None:
    PUBLISHED.validate(designs.load(name))


def elements(design: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for page in design["pages"]:
        yield from page["elements"]


def test_the_designs_show_every_kind_of_element_but_a_sites_own_pictures() -> None:
    shown = {element["type"] for name in designs.NAMES for element in elements(designs.load(name))}
    assert ELEMENTS.keys() - shown == UNSHOWN


def test_every_element_is_in_the_table_and_on_its_page() -> None:
    package = import_module("certificates.elements")
    files = {module.name for module in iter_modules(package.__path__)} - {"base", "words", "properties"}
    assert files == {element.__module__.rpartition(".")[2] for element in ELEMENTS.values()}
    page = (ROOT / "docs/certificates.md").read_text(encoding="utf-8")
    [listed] = re.findall(r"and elements \(([^)]*)\)", page)
    assert re.findall(r"`(\w+)`", listed) == list(ELEMENTS)


FAULTS: dict[str, Change] = {
    "another version": lambda design: design.update(version=2),
    "no title": lambda design: design.pop("title"),
    "an unknown field": lambda design: design.update(colour="#fff"),
    "no pages": lambda design: design.update(pages=[]),
    "a size that is none": lambda design: design["page"].update(size="A9"),
    "an unknown element": lambda design: design["pages"][0]["elements"].append({"type": "video"}),
    "an element without a place": lambda design: design["pages"][0]["elements"].append({"type": "name"}),
    "an unknown field of an element": lambda design: design["pages"][0]["elements"][0].update(weight=1),
    "a colour that is none": lambda design: design["pages"][0]["elements"][0].update(color="red"),
    "a font that is too small": lambda design: design["pages"][0]["elements"].append(
        {"type": "name", "x": 1, "y": 1, "width": 1, "height": 1, "font": {"size": 1}}
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_both_refuse_the_same_faults(fault: str) -> None:
    design = copy.deepcopy(designs.load("classic"))
    FAULTS[fault](design)
    assert not PUBLISHED.is_valid(design)
    with pytest.raises(TemplateRefused):
        Design.load(design)
