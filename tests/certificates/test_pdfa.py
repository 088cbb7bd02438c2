"""PDF/A-2u as far as its structure shows: there is no validator among the registries' packages (veraPDF is not)."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pikepdf
import pytest

from certificates import designs
from tests.certificates.drawing import NAMES, built_in, line_of

XMP = "{http://www.aiim.org/pdfa/ns/id/}"


@pytest.fixture(params=[*designs.NAMES, "mixed"])
async def pdf(request: pytest.FixtureRequest) -> pikepdf.Pdf:
    data = await (line_of(NAMES["mixed"]) if request.param == "mixed" else built_in(request.param))
    return pikepdf.open(io.BytesIO(data))


def fonts(pdf: pikepdf.Pdf) -> Iterator[Any]:
    for page in pdf.pages:
        yield from page.Resources.Font.values()


def glyphs_shown(pdf: pikepdf.Pdf) -> dict[str, set[int]]:
    """By font resource, the codes that the page shows."""
    shown: dict[str, set[int]] = {}
    for page in pdf.pages:
        font = ""
        for step in pikepdf.parse_content_stream(page):
            if str(step.operator) == "Tf":
                font = str(step.operands[0])
            elif str(step.operator) == "TJ":
                for part in step.operands[0]:
                    if isinstance(part, pikepdf.String):
                        codes = bytes(part)
                        shown.setdefault(font, set()).update(
                            int.from_bytes(codes[at : at + 2]) for at in range(0, len(codes), 2)
                        )
    return shown


def test_it_says_what_it_is(pdf: pikepdf.Pdf) -> None:
    assert not pdf.check_pdf_syntax()
    assert "/Info" not in pdf.trailer
    with pdf.open_metadata() as metadata:
        assert metadata[f"{XMP}part"] == "2"
        assert metadata[f"{XMP}conformance"] == "U"
        assert metadata["dc:title"]
        assert metadata["xmp:CreateDate"].startswith("2026-11-24T")
    assert pdf.trailer.ID[0]
    assert str(pdf.Root.Lang) in ("en", "ar")
    assert pdf.Root.ViewerPreferences.DisplayDocTitle


def test_colours_have_an_output_intent(pdf: pikepdf.Pdf) -> None:
    [intent] = pdf.Root.OutputIntents
    assert intent.S == "/GTS_PDFA1"
    assert intent.DestOutputProfile.N == 3
    assert intent.DestOutputProfile.read_bytes()[36:40] == b"acsp"


def test_nothing_is_forbidden_in_an_archive(pdf: pikepdf.Pdf) -> None:
    assert not pdf.is_encrypted
    assert not {"/JavaScript", "/AA", "/EmbeddedFiles"} & set(pdf.Root.keys())
    for item in pdf.objects:
        if isinstance(item, pikepdf.Stream):
            assert "/LZWDecode" not in str(item.get("/Filter"))
            assert "/F" not in item


def test_every_font_is_embedded_as_a_subset_with_a_unicode_map(pdf: pikepdf.Pdf) -> None:
    found = list(fonts(pdf))
    assert found
    for font in found:
        [descendant] = font.DescendantFonts
        assert font.Encoding == "/Identity-H"
        assert descendant.CIDToGIDMap == "/Identity"
        assert re.match(r"/[A-Z]{6}\+", str(font.BaseFont))
        assert font.BaseFont == descendant.BaseFont == descendant.FontDescriptor.FontName
        assert descendant.FontDescriptor.FontFile2.read_bytes()[:4] == b"\0\1\0\0"


def test_every_glyph_has_a_character_and_the_width_of_its_face(pdf: pikepdf.Pdf) -> None:
    from fontTools.ttLib import TTFont

    shown = glyphs_shown(pdf)
    for page in pdf.pages:
        for name, font in page.Resources.Font.items():
            mapped = {
                int(code, 16) for code in re.findall(rb"<([0-9A-F]{4})> <[0-9A-F]+>", font.ToUnicode.read_bytes())
            }
            assert shown[name] <= mapped
            assert 0 not in shown[name]
            descendant = font.DescendantFonts[0]
            widths: dict[int, Any] = dict(
                zip(map(int, descendant.W[::2]), (width[0] for width in descendant.W[1::2]), strict=True)
            )
            face = TTFont(io.BytesIO(descendant.FontDescriptor.FontFile2.read_bytes()))
            advances = list(face["hmtx"].metrics.values())
            for glyph in shown[name]:
                assert abs(int(widths[glyph]) - advances[glyph][0] * 1000 / face["head"].unitsPerEm) <= 1


def test_no_personal_data_is_in_the_metadata_beyond_the_title(pdf: pikepdf.Pdf) -> None:
    metadata = pdf.Root.Metadata.read_bytes().decode()
    for private in ("Zoë", "فاطمة", "92", "Ali"):
        assert private not in metadata
