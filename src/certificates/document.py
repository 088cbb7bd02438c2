"""One certificate's PDF/A-2u file, written by fpdf2 but for its fonts: `Face` embeds those in a millisecond.

The promise: the same calls give the same bytes; every character drawn can be copied out again; no date comes from a
clock. Imported on first use, for fpdf2 takes seconds.
"""

import copy
import hashlib
import logging
import warnings
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # it misses Pillow, which only its own handling of pictures needs
    import fpdf

from fpdf.enums import (
    DocumentCompliance,
    FontDescriptorFlags,
    OutputIntentSubType,
    PDFResourceType,
    ResourceAccessPolicy,
)
from fpdf.fonts import PDFFontDescriptor
from fpdf.image_datastructures import RasterImageInfo, VectorImageInfo
from fpdf.output import CIDSystemInfo, OutputProducer, PDFFont, PDFFontStream, PDFICCProfile, PDFPage, ResourceCatalog
from fpdf.prefs import ViewerPreferences
from fpdf.svg import SVGObject
from fpdf.syntax import Name, PDFArray, PDFContentStream, PDFString
from fpdf.util import builtin_srgb2014_bytes

from certificates.face import Face
from core.errors import TemplateRefused
from core.times import moment

logging.getLogger("fpdf").setLevel(logging.ERROR)  # it warns of each element that it passes over

_SRGB = {
    "output_condition_identifier": "sRGB",
    "output_condition": "IEC 61966-2-1:1999",
    "registry_name": "http://www.color.org",
    "info": "sRGB2014 (v2)",
}
DEEPEST = 26  # PDF/A allows 28 (ISO 19005-2, 6.1.13), of which an element has two itself
MAPPED_TO_NOTHING = "\u200b"  # PDF/A-2u wants a character for each glyph, and some stand for a part of one


class Embedded:
    """What a document uses of a face."""

    def __init__(self, index: int, face: Face) -> None:
        self.index = index
        self.face = face
        self.text: dict[int, str] = {}

    def use(self, glyph: int, text: str) -> bool:
        """Whether a reader that knows only this glyph would get `text`."""
        known = self.text.setdefault(glyph, text or MAPPED_TO_NOTHING)
        if known == MAPPED_TO_NOTHING and text:
            self.text[glyph] = known = text
        return known == text


class Document(fpdf.FPDF):
    """`issued` is milliseconds since 1970 and the only date in the file; `lang` is a BCP 47 tag."""

    def __init__(self, title: str, lang: str, issued: int, size: tuple[float, float]) -> None:
        super().__init__(unit="mm", format=size, enforce_compliance=DocumentCompliance.PDFA_2U)
        self.resource_access_policy = ResourceAccessPolicy.NONE
        self.set_auto_page_break(False)
        self.set_margin(0)
        self.alias_nb_pages("")
        self.faces: dict[str, Embedded] = {}
        self.beneath: list[PDFContentStream] = []
        self.add_output_intent(OutputIntentSubType.PDFA, **_SRGB, dest_output_profile=copy.copy(_profile()))
        self.creation_date = moment(issued)
        self.set_title(title)
        self.set_lang(lang)
        self.set_xmp_metadata(_xmp(title, lang, self.creation_date))
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)

    def embedded(self, face: Face) -> Embedded:
        used = self.faces.get(face.name)
        if used is None:
            used = self.faces[face.name] = Embedded(len(self.faces) + 1, face)
        self._resource_catalog.add(PDFResourceType.FONT, used.index, self.page)
        return used

    def write(self, operators: bytes) -> None:  # type: ignore[override]
        """Puts content on the page, in points from its lower left corner."""
        self._out(operators)

    def written(self) -> bytes:
        """What is on the current page."""
        return bytes(self.pages[self.page].contents)  # type: ignore[arg-type]

    def svg(self, source: bytes, x: float, y: float, width: float, height: float, field: str) -> None:
        """Draws a picture inside a box, in millimetres, keeping its proportions. Raises `TemplateRefused`."""
        try:
            self._svg(source, x, y, width, height)
        except Exception as fault:  # fpdf2's own parser raises anything
            raise TemplateRefused(field, f"cannot be drawn: {str(fault)[:200] or type(fault).__name__}") from None

    def _svg(self, source: bytes, x: float, y: float, width: float, height: float) -> None:
        picture = SVGObject(source, self.image_cache, self.resource_access_policy)
        box = picture.viewbox or [0.0, 0.0, float(picture.width or width), float(picture.height or height)]
        picture.viewbox = box
        scale = min(width / box[2], height / box[3])
        wide, high = box[2] * scale, box[3] * scale
        info = VectorImageInfo(data=picture, w=wide, h=high)
        before = len(self.written())
        self._vector_image("svg", picture, info, x + (width - wide) / 2, y + (height - high) / 2, wide, high)
        if _depth(self.written()[before:]) > DEEPEST:
            raise ValueError("its groups are in each other too deep")

    def raster(self, name: str, info: dict[str, object]) -> int:
        """Adds a picture as `pictures.raster` gives it to the page; the number it is drawn by."""
        images = self.image_cache.images
        if name not in images:
            images[name] = RasterImageInfo(info, i=len(images) + 1, usages=1)
        index: int = images[name]["i"]  # type: ignore[assignment]
        self._resource_catalog.add(PDFResourceType.X_OBJECT, index, self.page)
        return index

    def lies_on(self, other: "Document") -> None:
        """Draws everything upon the other's pages, and takes over what they refer to."""
        self.beneath = other.beneath
        catalog = other._resource_catalog
        if catalog.resources or catalog.soft_mask_xobjects or catalog.form_xobjects:
            self._resource_catalog = copy.deepcopy(catalog)  # gradients get numbers of their own in each file
        else:
            mine = self._resource_catalog = ResourceCatalog()
            mine.graphics_styles = copy.copy(catalog.graphics_styles)
            mine.next_xobject_index = catalog.next_xobject_index
            for key, names in catalog.resources_per_page.items():
                mine.resources_per_page[key] = set(names)
        for name, info in other.image_cache.images.items():
            self.image_cache.images[name] = RasterImageInfo(info)

    def end_beneath(self) -> None:
        """Ends the part of the current page that others may lie on; it is compressed here, once."""
        contents = self.pages[self.page].contents
        assert isinstance(contents, bytearray)
        self.beneath.append(PDFContentStream(contents, compress=True))
        contents.clear()

    def finished(self) -> bytes:
        return bytes(self.output(output_producer_class=_Producer))


def _depth(operators: bytes) -> int:
    """How many saved states are in each other."""
    depth = deepest = 0
    for operator in operators.split():
        depth += {b"q": 1, b"Q": -1}.get(operator, 0)
        deepest = max(deepest, depth)
    return deepest


@cache
def _profile() -> PDFICCProfile:
    """Compressed once an isolate."""
    return PDFICCProfile(contents=builtin_srgb2014_bytes(), n=3, alternate="DeviceRGB")


class _Producer(OutputProducer):
    def _add_pages(self, *args: Any) -> list[PDFPage]:
        pages = super()._add_pages(*args)
        shared: list[PDFContentStream] = self.fpdf.beneath  # type: ignore[attr-defined]
        for page, stream in zip(pages, shared, strict=True):
            own = copy.copy(stream)  # it gets a number of its own in each file
            self._add_pdf_obj(own, "pages")
            page.contents = PDFArray([own, page.contents])  # type: ignore[assignment]
        return pages

    def _add_fonts(self, *_args: Any) -> dict[int, Any]:
        used: Iterable[Embedded] = self.fpdf.faces.values()  # type: ignore[attr-defined]
        return {embedded.index: self._add_face(embedded) for embedded in used}

    def _add_face(self, embedded: Embedded) -> PDFFont:
        face, glyphs = embedded.face, sorted(embedded.text)
        scale = 1000 / face.upem
        name = f"{_tag(glyphs)}+{face.postscript_name}"
        font = PDFFont(subtype="Type0", base_font=name, encoding="Identity-H")
        widths = " ".join(f"{glyph} [{face.width(glyph) * scale:.0f}]" for glyph in glyphs)
        cid = PDFFont(subtype="CIDFontType2", base_font=name, d_w=0, w=f"[{widths}]")
        if face.has_curves_of_postscript:
            cid.subtype = Name("CIDFontType0")
        else:
            cid.c_i_d_to_g_i_d_map = Name("Identity")  # type: ignore[assignment]
        cid.c_i_d_system_info = CIDSystemInfo()
        cid.c_i_d_system_info.ordering = PDFString("Identity", encrypt=True)
        descriptor = PDFFontDescriptor(
            ascent=round(face.ascent * scale),
            descent=round(face.descent * scale),
            cap_height=round(face.cap_height * scale),
            flags=FontDescriptorFlags.SYMBOLIC,
            font_b_box=f"[{' '.join(str(round(edge * scale)) for edge in face.box)}]",
            italic_angle=0,
            stem_v=80,
            missing_width=0,
        )
        descriptor.font_name = Name(name)
        program = PDFFontStream(face.subset(glyphs))
        if face.has_curves_of_postscript:
            program.subtype = Name("CIDFontType0C")  # type: ignore[attr-defined]
            descriptor.font_file3 = program  # type: ignore[attr-defined]
        else:
            descriptor.font_file2 = program  # type: ignore[attr-defined]
        cid.font_descriptor = descriptor
        font.descendant_fonts = PDFArray([cid])
        font.to_unicode = PDFContentStream(_to_unicode(embedded.text).encode(), compress=True)
        for part in (font, cid, cid.c_i_d_system_info, descriptor, program, font.to_unicode):
            self._add_pdf_obj(part, "fonts")
        return font


def _tag(glyphs: list[int]) -> str:
    """Six letters that tell subsets of a face apart."""
    digest = hashlib.sha256(repr(glyphs).encode()).digest()
    return "".join(chr(65 + byte % 26) for byte in digest[:6])


def _to_unicode(text: dict[int, str]) -> str:
    lines = [
        f"<{glyph:04X}> <{characters.encode('utf-16-be').hex().upper()}>" for glyph, characters in sorted(text.items())
    ]
    blocks = (lines[start : start + 100] for start in range(0, len(lines), 100))  # a block may have no more
    body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n{body}\n"
        "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
    )


def _xmp(title: str, lang: str, date: datetime) -> str:
    when = date.isoformat(timespec="seconds")
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"><rdf:Description rdf:about="">
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{escape(lang)}</rdf:li></rdf:Bag></dc:language>
<xmp:CreateDate>{when}</xmp:CreateDate><xmp:ModifyDate>{when}</xmp:ModifyDate><xmp:MetadataDate>{when}</xmp:MetadataDate>
</rdf:Description></rdf:RDF></x:xmpmeta>"""
