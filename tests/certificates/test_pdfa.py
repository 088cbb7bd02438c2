"""Certificates are PDF/A-2u as far as their structure shows: no registry has a validator's package (veraPDF).

Clauses are those of ISO 19005-2. qpdf reads every file; what it does not know of archives is looked at here.
"""

import io
import re
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import pikepdf
import pytest
from defusedxml.ElementTree import fromstring

from certificates import designs
from tests.certificates.drawing import NAMES, built_in, design_of, line_of, rendered, run, words
from tests.certificates.fonts import opentype, truetype
from tests.certificates.test_pictures import JPEG, PNGS

XMP = "{http://www.aiim.org/pdfa/ns/id/}"
# 6.2.2: those of ISO 32000-1, Annex A, and no others
OPERATORS = """b B b* B* BDC BMC BT BX c cm CS cs d d0 d1 Do DP EMC ET EX f f* F g G gs h i j J k K l m M MP n q Q
    re rg RG ri s S SC sc SCN scn sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W W* y ' \""""
BLEND_MODES = """Normal Multiply Screen Overlay Darken Lighten ColorDodge ColorBurn HardLight SoftLight Difference
    Exclusion Hue Saturation Color Luminosity"""
SEE_THROUGH = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><defs>
<linearGradient id="a"><stop offset="0" stop-color="#f00" stop-opacity=".5"/><stop offset="1" stop-color="#00f"/>
</linearGradient><clipPath id="c"><circle cx="5" cy="5" r="4"/></clipPath></defs>
<g opacity=".5"><rect width="10" height="10" fill="url(#a)"/></g>
<g clip-path="url(#c)"><path d="M0 0h9v9z" stroke="#0f0" fill-opacity=".3"/></g></svg>"""
PICTURES: dict[str, bytes] = {"svg": SEE_THROUGH.encode(), "jpeg": JPEG, **PNGS}


async def with_everything() -> bytes:
    """Pictures of every kind, transparent ones too, turned round; fonts of a site's own; several pages."""
    place = {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 30}
    images = [{"type": "image", "asset": name, **place} for name in PICTURES]
    own = [words(text="abc", font={"asset": name}, rotation=90) for name in ("truetype", "opentype")]
    document = design_of({"type": "image", "svg": SEE_THROUGH, **place}, *images, *own, words("name"))
    document["pages"].append({"background": {"asset": "colour with alpha"}, "elements": [words("name")]})
    return await rendered(document, {**PICTURES, "truetype": truetype(), "opentype": opentype()}, name="Zoë")


FILES: dict[str, Callable[[], Awaitable[bytes]]] = {
    **{name: partial(built_in, name) for name in designs.NAMES},
    **{script: partial(line_of, name) for script, name in NAMES.items()},
    **{f"{script} bold": partial(line_of, name, weight="bold", family="serif") for script, name in NAMES.items()},
    "everything": with_everything,
}
_MADE: dict[str, bytes] = {}


@pytest.fixture(params=FILES)
async def data(request: pytest.FixtureRequest) -> bytes:
    if request.param not in _MADE:
        _MADE[request.param] = await FILES[request.param]()
    return _MADE[request.param]


@pytest.fixture
def pdf(data: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(data))


def every(pdf: pikepdf.Pdf) -> Iterator[Any]:
    """Every dictionary and stream, those inside others too."""
    waiting: list[Any] = list(pdf.objects)
    while waiting:
        item = waiting.pop()
        if isinstance(item, pikepdf.Array):
            waiting += [part for part in item if isinstance(part, pikepdf.Object) and not part.is_indirect]
        elif isinstance(item, (pikepdf.Dictionary, pikepdf.Stream)):
            yield item
            waiting += [part for part in item.values() if isinstance(part, pikepdf.Object) and not part.is_indirect]


def contents(pdf: pikepdf.Pdf) -> Iterator[Any]:
    """Whatever holds operators: pages, and the forms that they draw."""
    yield from pdf.pages
    for item in pdf.objects:
        if isinstance(item, pikepdf.Stream) and item.get("/Subtype") == "/Form":
            yield item


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


def test_the_file_is_framed_as_an_archives(data: bytes, pdf: pikepdf.Pdf) -> None:
    assert data.startswith(b"%PDF-1.7\n%")  # 6.1.2: with four bytes that are no text, for whatever copies it
    assert all(byte > 127 for byte in data[10:14])
    assert data.rstrip().endswith(b"%%EOF")
    assert not pdf.is_encrypted  # 6.1.3
    assert len(pdf.trailer.ID) == 2


def test_nothing_is_forbidden_in_an_archive(pdf: pikepdf.Pdf) -> None:
    forbidden = {
        "/JavaScript",
        "/JS",
        "/AA",
        "/EmbeddedFiles",
        "/EF",
        "/AcroForm",
        "/XFA",
        "/Annots",
        "/OPI",
        "/Ref",
        "/PS",
    }
    for item in every(pdf):
        assert not forbidden & set(item.keys())
        assert item.get("/S") not in ("/JavaScript", "/Launch", "/URI", "/SubmitForm")
        assert item.get("/Interpolate") is not True  # 6.2.8
        if isinstance(item, pikepdf.Stream):
            assert "/LZWDecode" not in str(item.get("/Filter"))  # 6.1.7
            assert "/F" not in item
            assert "/Alternates" not in item


def test_what_is_see_through_is_so_in_an_allowed_way(pdf: pikepdf.Pdf) -> None:
    for item in every(pdf):
        if item.get("/Type") == "/ExtGState":  # 6.2.5
            assert not {"/TR", "/TR2", "/HTP", "/HT"} & set(item.keys())
            assert str(item.get("/BM", "/Normal")).strip("/") in BLEND_MODES.split()  # 6.2.10
            assert all(0 <= float(item.get(name, 1)) <= 1 for name in ("/ca", "/CA"))
    for page in pdf.pages:
        assert page.Group.CS == "/DeviceRGB"


def test_only_known_operators_are_used_and_no_deeper_than_allowed(pdf: pikepdf.Pdf) -> None:
    for content in contents(pdf):
        depth = 0
        for step in pikepdf.parse_content_stream(content):
            operator = str(step.operator)
            assert operator in OPERATORS.split()
            depth += {"q": 1, "Q": -1}.get(operator, 0)
            assert 0 <= depth <= 28  # 6.1.13
        assert depth == 0


def test_colours_are_those_of_the_output_intent(pdf: pikepdf.Pdf) -> None:
    for content in contents(pdf):
        used = {str(step.operator) for step in pikepdf.parse_content_stream(content)}
        assert not {"k", "K"} & used  # 6.2.4.3: no CMYK, of which the intent says nothing
    for item in every(pdf):
        assert "/DeviceCMYK" not in (str(item.get("/ColorSpace")), str(item.get("/CS")), str(item.get("/Alternate")))


def test_metadata_is_plain_and_says_the_same_as_the_file(pdf: pikepdf.Pdf) -> None:
    stream = pdf.Root.Metadata
    assert "/Filter" not in stream
    assert (stream.Type, stream.Subtype) == (pikepdf.Name("/Metadata"), pikepdf.Name("/XML"))
    packet = fromstring(stream.read_bytes())
    spaces = {element.tag.partition("}")[0].strip("{") for element in packet.iter()}
    assert spaces == {
        "adobe:ns:meta/",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "http://purl.org/dc/elements/1.1/",
        "http://ns.adobe.com/xap/1.0/",
        "http://www.aiim.org/pdfa/ns/id/",
    }
    with pdf.open_metadata() as metadata:
        assert metadata["dc:language"] == {str(pdf.Root.Lang)}


def test_every_font_is_embedded_as_a_subset_with_a_unicode_map(pdf: pikepdf.Pdf) -> None:
    found = list(fonts(pdf))
    assert found
    for font in found:
        [descendant] = font.DescendantFonts
        assert font.Encoding == "/Identity-H"
        assert re.match(r"/[A-Z]{6}\+", str(font.BaseFont))
        assert font.BaseFont == descendant.BaseFont == descendant.FontDescriptor.FontName
        assert "/CIDSet" not in descendant.FontDescriptor
        if descendant.Subtype == "/CIDFontType0":
            assert descendant.FontDescriptor.FontFile3.Subtype == "/CIDFontType0C"
        else:
            assert descendant.CIDToGIDMap == "/Identity"
            assert descendant.FontDescriptor.FontFile2.read_bytes()[:4] == b"\0\1\0\0"


def test_every_font_is_embedded_as_a_subset_with_a_unicode_map_says_poppler(data: bytes) -> None:
    title, _, *fonts = run("pdffonts", "-", data=data).decode().splitlines()
    assert fonts
    assert title.split()[3:6] == ["emb", "sub", "uni"]
    for font in fonts:
        assert font.split()[-5:-2] == ["yes", "yes", "yes"], font


def test_every_glyph_has_a_character_and_the_width_of_its_face(pdf: pikepdf.Pdf) -> None:
    from fontTools.ttLib import TTFont

    shown = glyphs_shown(pdf)
    for page in pdf.pages:
        for name, font in page.Resources.Font.items():
            pairs = re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]+)>", font.ToUnicode.read_bytes())
            assert shown.get(name, set()) <= {int(code, 16) for code, _ in pairs}
            for _, text in pairs:  # 6.2.11.7.2
                assert not set("\0\ufeff\ufffe") & set(bytes.fromhex(text.decode()).decode("utf-16-be"))
            assert 0 not in shown.get(name, set())
            descendant = font.DescendantFonts[0]
            widths: dict[int, Any] = dict(
                zip(map(int, descendant.W[::2]), (width[0] for width in descendant.W[1::2]), strict=True)
            )
            if descendant.Subtype == "/CIDFontType0":
                continue
            face = TTFont(io.BytesIO(descendant.FontDescriptor.FontFile2.read_bytes()))
            advances = list(face["hmtx"].metrics.values())
            for glyph in shown.get(name, set()):
                assert abs(int(widths[glyph]) - advances[glyph][0] * 1000 / face["head"].unitsPerEm) <= 1


def test_no_personal_data_is_in_the_metadata_beyond_the_title(pdf: pikepdf.Pdf) -> None:
    metadata = pdf.Root.Metadata.read_bytes().decode()
    for private in ("Zoë", "فاطمة", "92", "Ali"):
        assert private not in metadata
