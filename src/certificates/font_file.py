"""A font that a site uploads for its own designs: whether certificates may and can be set in it.

The promise: what passes here is embedded with its maker's leave, and HarfBuzz can measure, shape and subset it. The
characters are counted first, from the bounds of their ranges: a dozen bytes can say that a font has all there are, and
the next dozen say so again.
"""

import struct
from collections.abc import Iterable
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from core.errors import TemplateRefused

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

_TRUETYPE: Final = (b"\0\1\0\0", b"true")
_OPENTYPE: Final = b"OTTO"
_PACKED: Final = (b"wOFF", b"wOF2", b"ttcf")
_NEEDED: Final = ("head", "hhea", "hmtx", "maxp", "cmap", "OS/2")
_READ: Final = ("head", "hhea", "maxp", "OS/2")
_TRIED: Final = 200  # characters
MAX_TABLES: Final = 100
MAX_SUBTABLES: Final = 20  # for characters: one for each system of encoding them
MAX_CHARACTERS: Final = 100_000  # a font has 65,535 glyphs at most

# OS/2's fsType: learn.microsoft.com/typography/opentype/spec/os2#fstype
_RESTRICTED, _PRINTABLE, _EDITABLE = 0x0002, 0x0004, 0x0008
_NO_SUBSETS, _BITMAPS_ONLY = 0x0100, 0x0200


def is_font(data: bytes) -> bool:
    return data.startswith((*_TRUETYPE, _OPENTYPE, *_PACKED))


def is_opentype(data: bytes) -> bool:
    """Whether its outlines are those of PostScript."""
    return data.startswith(_OPENTYPE)


def check(data: bytes, field: str) -> None:
    """Raises `TemplateRefused` for what no certificate can be set in."""
    if data.startswith(_PACKED):
        raise TemplateRefused(field, "is a web font or a collection; upload one face as TrueType or OpenType")
    try:
        font = _read(data)
        claimed = _claimed(font.reader["cmap"]) if "cmap" in font else 0
    except Exception as fault:  # fontTools raises anything over damaged files
        raise TemplateRefused(field, f"is a damaged font: {type(fault).__name__}") from None
    missing = [tag for tag in (*_NEEDED, "CFF " if is_opentype(data) else "glyf") if tag not in font]
    if missing:
        raise TemplateRefused(field, f"is a font without the table '{missing[0]}'")
    _check_leave(int(font["OS/2"].fsType), field)
    if claimed > MAX_CHARACTERS:
        raise TemplateRefused(field, f"is a font that says it has more than {MAX_CHARACTERS:,} characters")
    if not (characters := _first(data)):
        raise TemplateRefused(field, "is a font that knows no character of Unicode")
    _try(data, characters, field)


def _first(data: bytes) -> list[int]:
    """Of its characters."""
    import uharfbuzz

    return list(islice(uharfbuzz.Face(uharfbuzz.Blob(data)).unicodes, _TRIED))


def _claimed(cmap: bytes) -> int:
    """How many characters the largest of its subtables says it has."""
    [count] = struct.unpack_from(">H", cmap, 2)
    places = {place for _, _, place in struct.iter_unpack(">HHI", cmap[4 : 4 + 8 * count])}
    if len(places) > MAX_SUBTABLES:
        raise ValueError
    return max((_spanned(cmap[place:]) for place in places), default=0)


def _spanned(subtable: bytes) -> int:
    """No further than what is too much. Subtables of other formats name each character:
    learn.microsoft.com/typography/opentype/spec/cmap"""
    [form] = struct.unpack_from(">H", subtable)
    ranges: Iterable[tuple[int, int]] = ()
    if form == 4:
        [size] = struct.unpack_from(">H", subtable, 6)
        ends, starts = (memoryview(subtable)[place : place + size] for place in (14, 16 + size))
        pairs = zip(struct.iter_unpack(">H", starts), struct.iter_unpack(">H", ends), strict=True)
        ranges = ((start, end) for (start,), (end,) in pairs)
    elif form in (12, 13):
        [count] = struct.unpack_from(">I", subtable, 12)
        ranges = ((start, end) for start, end, _ in struct.iter_unpack(">III", subtable[16 : 16 + 12 * count]))
    spanned = 0
    for start, end in ranges:
        spanned += max(1, end - start + 1)  # none of a range that ends before it begins, which costs its look
        if spanned > MAX_CHARACTERS:
            break
    return spanned


def _read(data: bytes) -> "TTFont":
    """Its tables are told apart, those of `_READ` are read."""
    from fontTools.ttLib import TTFont

    if int.from_bytes(data[4:6]) > MAX_TABLES:
        raise ValueError
    font: Any = TTFont(BytesIO(data), lazy=True)
    for tag in _READ:
        if tag in font:
            font[tag]
    return font


def _check_leave(granted: int, field: str) -> None:
    if granted & _RESTRICTED and not granted & (_PRINTABLE | _EDITABLE):
        raise TemplateRefused(field, "is a font that its maker does not allow to be embedded")
    if granted & (_NO_SUBSETS | _BITMAPS_ONLY):
        raise TemplateRefused(field, "is a font that its maker does not allow to be embedded in part")


def _try(data: bytes, characters: list[int], field: str) -> None:
    """HarfBuzz passes over what it cannot read; a subset shows it."""
    from certificates.face import Face

    try:
        face = Face("trial", data)
        glyphs = {glyph.id for glyph in face.shape("".join(map(chr, characters)), False, "en")}
        drawn = glyphs - {0} and face.subset(sorted(glyphs))
    except (RuntimeError, ValueError, IndexError, struct.error, MemoryError):
        drawn = b""
    if not drawn or not face.upem:
        raise TemplateRefused(field, "is a damaged font: its glyphs cannot be drawn")
