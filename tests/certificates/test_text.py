"""Names in every script: looks, text that can be copied out, and characters that no font has."""

import re

import pytest

from certificates import designs
from certificates.design import Design
from certificates.lines import clean
from certificates.render import Renderer
from errors import MissingGlyph
from tests.certificates.drawing import (
    CODE,
    GOLDEN,
    ISSUED,
    NAMES,
    URL,
    Picture,
    built_in,
    design_of,
    drawn,
    fetch_font,
    library,
    line_of,
    rendered,
    text_of,
    words,
)

TOLERANCE = 0.05


@pytest.mark.parametrize("script", NAMES)
async def test_a_name_looks_as_it_should(script: str) -> None:
    golden = Picture.read((GOLDEN / f"{script}.png").read_bytes())
    assert golden.difference(drawn(await line_of(NAMES[script]))) < TOLERANCE


@pytest.mark.parametrize("script", NAMES)
async def test_a_bold_name_looks_as_it_should(script: str) -> None:
    golden = Picture.read((GOLDEN / f"{script}-bold.png").read_bytes())
    assert golden.difference(drawn(await line_of(NAMES[script], weight="bold", family="serif"))) < TOLERANCE


@pytest.mark.parametrize("name", designs.NAMES)
async def test_a_built_in_design_looks_as_it_should(name: str) -> None:
    golden = Picture.read((GOLDEN / f"design-{name}.png").read_bytes())
    assert golden.difference(drawn(await built_in(name), 30)) < TOLERANCE


async def test_the_tolerance_tells_one_accent_apart() -> None:
    golden = Picture.read((GOLDEN / "latin.png").read_bytes())
    assert golden.difference(drawn(await line_of(NAMES["latin"].replace("Ž", "Z")))) > 0.005
    assert golden.difference(drawn(await line_of(NAMES["latin"].replace("Łęcka", "Lecka")))) > 0.01


@pytest.mark.parametrize("script", sorted(NAMES.keys() - {"mixed"}))
async def test_a_name_can_be_copied_out_in_reading_order(script: str) -> None:
    assert text_of(await line_of(NAMES[script])).strip() == NAMES[script]


async def test_a_mixed_name_can_be_copied_out_word_by_word() -> None:
    text = text_of(await line_of(NAMES["mixed"]))
    assert all(word in text for word in re.findall(r"[^\W]+", "Ali علي 123 محمد 王"))
    assert "कृ" in text


@pytest.mark.parametrize(
    ("name", "character"), [("Zoë 😀", "😀"), ("ნინო", "ნ"), ("王𠮷", "𠮷"), ("Łucja \ue000", "\ue000"), ("☃", "☃")]
)
async def test_a_character_no_font_has_is_named(name: str, character: str) -> None:
    with pytest.raises(MissingGlyph) as missing:
        await line_of(name)
    assert missing.value.character == character
    assert f"U+{ord(character):04X}" in missing.value.detail


async def test_one_persons_missing_character_does_not_touch_the_next() -> None:
    renderer = Renderer(Design.load(design_of(words("name"))), library(), {})
    with pytest.raises(MissingGlyph):
        await renderer.render({"name": "☃"}, code=CODE, verify_url=URL, issued=ISSUED)
    later = await renderer.render({"name": "Zoë"}, code=CODE, verify_url=URL, issued=ISSUED)
    assert later == await rendered(design_of(words("name")), name="Zoë")


async def test_fonts_are_fetched_when_a_name_first_needs_them_and_kept() -> None:
    from certificates.fonts import FontLibrary

    fetched: list[str] = []

    async def fetch(name: str) -> bytes:
        fetched.append(name)
        return await fetch_font(name)

    renderer = Renderer(Design.load(design_of(words("name"))), FontLibrary(fetch), {})
    for name in ("Zoë Ελένη Наталья", "محمد", "فاطمة", "山田 さくら"):
        await renderer.render({"name": name}, code=CODE, verify_url=URL, issued=ISSUED)
    assert fetched == ["noto-sans-arabic-regular", "noto-sans-jp-regular"]


async def test_chinese_characters_have_the_form_of_the_persons_language() -> None:
    chinese, japanese = [
        drawn(await rendered(design_of(words("name")), name="直骨", locale=tag)) for tag in ("zh_cn", "ja")
    ]
    assert chinese.difference(japanese) > 0.1


async def test_accents_written_apart_become_one_letter() -> None:
    assert await line_of("Z\u030celjko") == await line_of("Željko")


def test_marks_that_turn_a_line_round_are_dropped_and_joiners_stay() -> None:
    assert clean("a\u202eb\u200bc\ufeff\x00") == "abc"
    assert clean("نمی\u200cدانم ක\u200dෂ") == "نمی\u200cدانم ක\u200dෂ"


async def test_a_sentence_goes_its_own_way_whoever_it_begins_with() -> None:
    """The name stands where the sentence begins, on the left."""
    sentence = drawn(await rendered(design_of(words(text="{{ name }} Biology", font={"size": 30})), name="محمد"))
    turned = drawn(await rendered(design_of(words(text="Biology {{ name }}", font={"size": 30})), name="محمد"))
    assert sentence.difference(turned) > 0.5


async def test_a_name_goes_its_own_way_in_any_design() -> None:
    arabic = drawn(await rendered(design_of(words("name")), name="محمد Smith"))
    assert arabic.difference(drawn(await rendered(design_of(words("name"), direction="rtl"), name="محمد Smith"))) == 0
