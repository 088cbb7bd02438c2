"""One face: a TrueType or OpenType file read once; HarfBuzz measures, shapes and subsets it in microseconds."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

# what a PDF reader needs to draw glyphs by number
_EMBEDDED = frozenset({"glyf", "CFF ", "head", "hhea", "hmtx", "loca", "maxp"})


class Glyph(NamedTuple):
    """Of a shaped run, in font units. `cluster`: the place in the run's text of the characters it stands for."""

    id: int
    cluster: int
    advance: int
    x: int
    y: int


class Face:
    """`name` names the file. `bold_by_stroke` is set where there is no bold file and strokes have to be thickened."""

    def __init__(self, name: str, data: bytes, bold_by_stroke: bool = False) -> None:
        import uharfbuzz

        self.name = name
        self.bold_by_stroke = bold_by_stroke
        self._harfbuzz: Any = uharfbuzz
        self._face = uharfbuzz.Face(uharfbuzz.Blob(data))
        self._font = uharfbuzz.Font(self._face)
        self._characters = frozenset(self._face.unicodes)
        self._widths: dict[int, int] = {}
        self._features = {"kern": True, "liga": True}
        self.upem: int = self._face.upem
        self.has_curves_of_postscript = "CFF " in self._face.table_tags
        self.postscript_name = "".join(part.capitalize() for part in name.rpartition(":")[2].split("-"))
        extents = self._font.get_font_extents("ltr")
        self.ascent: int = extents.ascender
        self.descent: int = extents.descender
        self.box = self._box()
        self.cap_height = self._cap_height()

    def __contains__(self, character: str) -> bool:
        return ord(character) in self._characters

    def shape(self, text: str, right_to_left: bool, language: str) -> list[Glyph]:
        """The glyphs of a run of one script, from left to right as they are seen."""
        buffer = self._harfbuzz.Buffer()
        buffer.cluster_level = self._harfbuzz.BufferClusterLevel.MONOTONE_GRAPHEMES
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if right_to_left else "ltr"
        buffer.language = language
        self._harfbuzz.shape(self._font, buffer, self._features)
        return [
            Glyph(info.codepoint, info.cluster, place.x_advance, place.x_offset, place.y_offset)
            for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True)
        ]

    def width(self, glyph: int) -> int:
        width = self._widths.get(glyph)
        if width is None:
            width = self._widths[glyph] = int(self._font.get_glyph_h_advance(glyph))
        return width

    def subset(self, glyphs: Iterable[int]) -> bytes:
        """A font program with those glyphs alone, under their own numbers: a TrueType file, or the CFF of OpenType."""
        harfbuzz = self._harfbuzz
        wanted = harfbuzz.SubsetInput()
        flags = harfbuzz.SubsetFlags
        wanted.flags = flags.RETAIN_GIDS | flags.NO_HINTING | flags.NO_LAYOUT_CLOSURE | flags.NOTDEF_OUTLINE
        wanted.glyph_set.update(glyphs)
        wanted.drop_table_tag_set.update(self._dropped)
        face = harfbuzz.subset(self._subsettable, wanted)
        data: bytes = (face.reference_table("CFF ") if self.has_curves_of_postscript else face.blob).data
        return data

    @cached_property
    def _subsettable(self) -> Any:
        """With what HarfBuzz can find out ahead: ten times as fast from then on."""
        return self._harfbuzz.subset_preprocess(self._face)

    @cached_property
    def _dropped(self) -> frozenset[int]:
        return frozenset(int.from_bytes(tag.encode()) for tag in self._face.table_tags if tag not in _EMBEDDED)

    def _box(self) -> tuple[int, int, int, int]:
        head = self._face.reference_table("head").data
        x0, y0, x1, y1 = (int.from_bytes(head[at : at + 2], signed=True) for at in (36, 38, 40, 42))
        return x0, y0, x1, y1

    def _cap_height(self) -> int:
        table = self._face.reference_table("OS/2").data
        return int.from_bytes(table[88:90], signed=True) if len(table) >= 90 else self.ascent
