"""A font of a site's own: whether it may be embedded, that names are set in it, and what is in ours where it ends."""

import io
import random
from typing import Any

import pikepdf
import pytest

from certificates import font_file
from core.errors import TemplateRefused
from tests.certificates.drawing import design_of, drawn, rendered, text_of, words
from tests.certificates.fonts import opentype, truetype

FONTS = {"TrueType": truetype(), "OpenType": opentype()}
SETTING = words("name", font={"size": 24, "asset": "own"})


async def line(data: bytes, name: str, **font: Any) -> bytes:
    return await rendered(design_of(words("name", font={"size": 24, "asset": "own", **font})), {"own": data}, name=name)


@pytest.mark.parametrize("kind", FONTS)
async def test_a_name_is_set_in_it_and_can_be_copied_out(kind: str) -> None:
    pdf = await line(FONTS[kind], "Zoe Smith 42")
    assert text_of(pdf).strip() == "Zoe Smith 42"
    ours = drawn(await rendered(design_of(words("name", font={"size": 24})), name="Zoe Smith 42"))
    assert drawn(pdf).difference(ours) > 0.3
    picture = drawn(pdf)
    middle = picture.pixels[picture.width * (picture.height // 2) : picture.width * (picture.height // 2 + 1)]
    assert sum(pixel < 128 for pixel in middle) > picture.width * 0.3  # boxes, drawn full


@pytest.mark.parametrize("kind", FONTS)
async def test_it_is_embedded_as_pdfa_wants_it(kind: str) -> None:
    pdf = pikepdf.open(io.BytesIO(await line(FONTS[kind], "Zoe")))
    assert not pdf.check_pdf_syntax()
    [font] = pdf.pages[0].Resources.Font.values()
    descendant = font.DescendantFonts[0]
    if kind == "TrueType":
        assert descendant.Subtype == "/CIDFontType2"
        assert descendant.CIDToGIDMap == "/Identity"
        assert descendant.FontDescriptor.FontFile2.read_bytes()[:4] == b"\0\1\0\0"
    else:
        assert descendant.Subtype == "/CIDFontType0"
        assert "/CIDToGIDMap" not in descendant
        assert descendant.FontDescriptor.FontFile3.Subtype == "/CIDFontType0C"
        assert descendant.FontDescriptor.FontFile3.read_bytes()[:1] == b"\1"


@pytest.mark.parametrize("kind", FONTS)
async def test_what_it_lacks_is_set_in_ours(kind: str) -> None:
    pdf = await line(FONTS[kind], "Zoë محمد")
    assert "Zoë" in text_of(pdf)
    with pikepdf.open(io.BytesIO(pdf)) as read:
        assert len(read.pages[0].Resources.Font.keys()) == 3


async def test_bold_is_drawn_with_a_stroke() -> None:
    plain, bold = drawn(await line(truetype(), "lll")), drawn(await line(truetype(), "lll", weight="bold"))
    assert sum(bold.pixels) < sum(plain.pixels)


async def test_one_that_was_not_uploaded_is_named() -> None:
    with pytest.raises(TemplateRefused, match="own"):
        await rendered(design_of(SETTING), name="Zoe")


@pytest.mark.parametrize("permission", [0, 4, 8, 0x0002 | 0x0004])
def test_a_font_whose_maker_allows_it_is_taken(permission: int) -> None:
    font_file.check(truetype(permission=permission), "font")
    font_file.check(opentype(permission=permission), "font")


@pytest.mark.parametrize("permission", [2, 0x0100, 0x0200, 0x0104])
def test_a_font_whose_maker_forbids_it_is_refused(permission: int) -> None:
    with pytest.raises(TemplateRefused, match="does not allow"):
        font_file.check(truetype(permission=permission), "font")


@pytest.mark.parametrize("table", ["cmap", "OS/2", "glyf", "hmtx", "head"])
def test_a_font_without_a_table_that_it_needs_is_refused(table: str) -> None:
    data = truetype()
    place = data.index(table.encode())
    with pytest.raises(TemplateRefused):
        font_file.check(data[:place] + b"xxxx" + data[place + 4 :], "font")


def test_a_font_without_characters_is_refused() -> None:
    with pytest.raises(TemplateRefused, match="no character"):
        font_file.check(truetype(letters=""), "font")


@pytest.mark.parametrize("start", [b"wOFF", b"wOF2", b"ttcf"])
def test_a_web_font_or_a_collection_is_told_what_to_do(start: bytes) -> None:
    with pytest.raises(TemplateRefused, match="TrueType or OpenType"):
        font_file.check(start + truetype()[4:], "font")


@pytest.mark.parametrize("kind", FONTS)
async def test_a_damaged_font_is_refused_or_draws_without_an_error(kind: str) -> None:
    """Whatever byte is wrong: no exception but ours, neither when it is uploaded nor when names are set in it."""
    chance = random.Random(7)
    data = FONTS[kind]
    taken = 0
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(chance.choice((1, 4, 40))):
            damaged[chance.randrange(4, len(damaged))] = chance.randrange(256)
        if chance.random() < 0.3:
            del damaged[chance.randrange(4, len(damaged)) :]
        try:
            font_file.check(bytes(damaged), "font")
        except TemplateRefused:
            continue
        taken += 1
        assert (await line(bytes(damaged), "abc")).startswith(b"%PDF-")
    assert taken < 150
