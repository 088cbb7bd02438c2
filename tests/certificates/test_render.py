"""One certificate: what is on it, what may be missing, and that the same input gives the same bytes."""

import asyncio
import hashlib
import io
import subprocess
import sys
from typing import Any

import pikepdf
import pytest

from certificates import designs
from certificates.design import Design
from certificates.render import Renderer
from core.errors import MissingVariable, RenderingFailed, TemplateRefused
from tests.certificates.drawing import (
    CODE,
    ISSUED,
    ROOT,
    URL,
    built_in,
    codes_in,
    design_of,
    drawn,
    library,
    rendered,
    text_of,
    words,
)


def ink(pdf: bytes) -> int:
    return sum(255 - pixel for pixel in drawn(pdf).pixels)


@pytest.mark.parametrize("name", designs.NAMES)
async def test_the_qr_code_leads_to_the_verify_page(name: str) -> None:
    assert codes_in(drawn(await built_in(name), 130)) == [URL]


async def test_every_address_can_be_read_from_its_code() -> None:
    renderer = Renderer(Design.load(design_of({"type": "qr", "x": 5, "y": 5, "size": 30})), library(), {})
    for place in range(40):
        address = f"https://certificates.example.org/verify/{place * 7919:012X}"
        pdf = await renderer.render({}, code=CODE, verify_url=address, issued=ISSUED)
        assert codes_in(drawn(pdf, 150)) == [address]


@pytest.mark.parametrize("name", designs.NAMES)
async def test_a_built_in_design_says_everything(name: str) -> None:
    text = text_of(await built_in(name))
    for said in (CODE, "92", "2026", "2029"):
        assert said in text


@pytest.mark.parametrize("name", designs.NAMES)
async def test_a_certificate_is_small(name: str) -> None:
    assert len(await built_in(name)) < 40_000


async def test_the_same_input_gives_the_same_bytes_in_any_process_and_any_order() -> None:
    renderer = Renderer(Design.load(designs.load("classic")), library(), {})
    values = {"title": "T", "issuer": "I"}
    for name in ("Ali", "Zoë"):
        last = await renderer.render({**values, "name": name}, code=CODE, verify_url=URL, issued=ISSUED)
    script = (
        "import asyncio, hashlib; from tests.certificates.drawing import *;"
        "pdf = asyncio.run(rendered(designs.load('classic'), name='Zoë', title='T', issuer='I'));"
        "print(hashlib.sha256(pdf).hexdigest())"
    )
    command = [sys.executable, "-c", script]
    environment = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PYTHONHASHSEED": "7"}
    run = await asyncio.to_thread(
        subprocess.run, command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
    )
    assert run.stdout.strip() == hashlib.sha256(last).hexdigest()


async def test_a_person_without_a_grade_or_an_end_has_neither_on_paper() -> None:
    document = design_of(
        words("grade", text="Grade {{ grade }}"), words("expiry", text="Until {{ date }}"), words("code")
    )
    assert text_of(await rendered(document, grade=None, expires="")).strip() == CODE
    assert "Grade 92" in text_of(await rendered(document, grade=92))
    assert "Until 1 March 2030" in text_of(await rendered(document, expires="2030-03-01"))


async def test_a_date_is_written_in_the_persons_language() -> None:
    document = design_of(words("date", text="{{ date }}"))
    assert text_of(await rendered(document, locale="de")).strip() == "24. November 2026"
    assert text_of(await rendered(document, locale="ja")).strip() == "2026年11月24日"
    assert text_of(await rendered(document, locale="pt_br")).strip() == "24 de novembro de 2026"
    assert text_of(await rendered(document, locale="xx")).strip() == "2026-11-24"


async def test_a_missing_value_is_named() -> None:
    for value in ({}, {"course": None}):
        with pytest.raises(MissingVariable) as missing:
            await rendered(design_of(words(text="{{ course }}")), **value)
        assert missing.value.name == "course"
    with pytest.raises(MissingVariable):
        await rendered(design_of(words("date", variable="ended")))


async def test_a_date_that_is_none_is_the_persons_fault() -> None:
    with pytest.raises(RenderingFailed, match="ended"):
        await rendered(design_of(words("date", variable="ended")), ended="soon")


async def test_a_long_name_shrinks_into_its_box() -> None:
    document = design_of({**words("name", font={"size": 40}), "x": 40, "width": 60})
    picture = drawn(await rendered(document, name="Bartholomew Featherstonehaugh-Cholmondeley"))
    edge = 38 * 60 // 25
    margins = [picture.pixels[at + x] for at in range(0, len(picture.pixels), picture.width) for x in range(edge)]
    assert min(margins) == 255
    assert min(picture.pixels) < 128


async def test_words_wrap_and_shrink_and_at_last_do_not_fit() -> None:
    document = design_of({**words(text="{{ course }}", font={"size": 20}), "width": 60})
    assert "Introduction" in text_of(await rendered(document, course="Introduction to everything " * 10))
    with pytest.raises(RenderingFailed, match=r"pages\[0\]\.elements\[0\]"):
        await rendered(document, course="everything and more " * 50)
    with pytest.raises(RenderingFailed, match="course"):
        await rendered(document, course="a" * 2000)


async def test_a_turned_element_is_turned() -> None:
    level = drawn(await rendered(design_of(words(text="Sample"))))
    turned = drawn(await rendered(design_of(words(text="Sample", rotation=30))))
    assert level.difference(turned) > 0.5


@pytest.mark.parametrize(
    "element",
    [
        {"type": "line", "x": 5, "y": 5, "width": 100, "height": 0, "thickness": 1},
        {"type": "rectangle", "x": 5, "y": 5, "width": 50, "height": 20, "fill": "#336699", "radius": 4},
        {"type": "rectangle", "x": 5, "y": 5, "width": 50, "height": 20},
        {"type": "border", "inset": 4, "style": "double", "thickness": 1},
        {"type": "signature", "x": 5, "y": 5, "width": 60, "height": 25, "text": "Dean"},
    ],
)
async def test_a_shape_is_drawn(element: dict[str, Any]) -> None:
    assert ink(await rendered(design_of(element))) > 10_000


async def test_a_design_may_have_several_pages() -> None:
    document = design_of(words("name"))
    document["pages"].append({"background": {"color": "#eeeeee"}, "elements": [words(text="Second page")]})
    pdf = await rendered(document, name="Zoë")
    assert len(pikepdf.open(io.BytesIO(pdf)).pages) == 2
    assert text_of(pdf, 1).strip() == "Second page"


async def test_a_picture_that_was_not_uploaded_is_named() -> None:
    with pytest.raises(TemplateRefused, match="logo"):
        await rendered(design_of(words("image", asset="logo")))


async def test_the_mail_path_loads_none_of_it() -> None:
    script = "import sys, queue_consumer, jobs.actions, sending.group, certificates.design, certificates.render;"
    script += "print([name for name in ('fpdf', 'fontTools', 'uharfbuzz', 'segno') if name in sys.modules])"
    command = [sys.executable, "-c", script]
    run = await asyncio.to_thread(
        subprocess.run,
        command,
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert run.stdout.strip() == "[]"
