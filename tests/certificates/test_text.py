"""Names in every script look right and can be copied out, and a character that no font has is named."""

import re

import pytest

from certificates import designs
from certificates.design import Design
from certificates.lines import clean
from certificates.render import Renderer
from core.errors import MissingGlyph
from tests.certificates.drawing import (
    CODE,
    FINER,
    GOLDEN,
    ISSUED,
    NAMES,
    URL,
    Picture,
    built_in,
    by_pdfium,
    design_of,
    drawn,
    evened,
    fetch_font,
    library,
    line_of,
    rendered,
    text_by_pdfium,
    text_of,
    words,
)

TOLERANCE = 80  # an accent is over 100; PDFium beside poppler is under it, so another version of poppler is as well
READERS = {"poppler": text_of, "PDFium": text_by_pdfium}


def golden(name: str) -> Picture:
    return Picture.read((GOLDEN / f"{name}.png").read_bytes())


@pytest.mark.parametrize("script", NAMES)
async def test_a_name_looks_as_it_should(script: str) -> None:
    assert golden(script).furthest(evened(await line_of(NAMES[script]))) < TOLERANCE


@pytest.mark.parametrize("script", NAMES)
async def test_a_bold_name_looks_as_it_should(script: str) -> None:
    bold = evened(await line_of(NAMES[script], weight="bold", family="serif"))
    assert golden(f"{script}-bold").furthest(bold) < TOLERANCE


@pytest.mark.parametrize("name", designs.NAMES)
async def test_a_built_in_design_looks_as_it_should(name: str) -> None:
    assert golden(f"design-{name}").furthest(evened(await built_in(name), 30)) < TOLERANCE


@pytest.mark.parametrize(
    ("script", "right", "wrong"),
    [
        ("latin", "Ž", "Z"),
        ("latin", "Đ", "D"),
        ("latin", "Ł", "L"),
        ("latin", "ę", "e"),
        ("latin", "Å", "A"),
        ("arabic", "خ", "ح"),
        ("hebrew", "כ", "ב"),
        ("devanagari", "ि", "ी"),
        ("thai", "น้ำ", "นำ"),
        ("chinese", "偉", "偏"),
    ],
)
async def test_the_tolerance_tells_one_accent_apart(script: str, right: str, wrong: str) -> None:
    assert right in NAMES[script]
    assert golden(script).furthest(evened(await line_of(NAMES[script].replace(right, wrong)))) > TOLERANCE


@pytest.mark.parametrize("script", NAMES)
async def test_the_tolerance_takes_what_another_renderer_draws(script: str) -> None:
    drawing = by_pdfium(await line_of(NAMES[script]), 60 * FINER).coarser(FINER)
    assert golden(script).furthest(drawing) < TOLERANCE


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("script", sorted(NAMES.keys() - {"mixed"}))
async def test_a_name_can_be_copied_out_in_reading_order(script: str, reader: str) -> None:
    assert READERS[reader](await line_of(NAMES[script])).strip() == NAMES[script]


async def test_a_mixed_name_can_be_copied_out_word_by_word() -> None:
    text = text_by_pdfium(await line_of(NAMES["mixed"]))  # poppler guesses the direction of a line by its letters
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
