"""A font that a site uploads for its own designs: whether certificates may and can be set in it.

The promise: what passes here is embedded with its maker's leave, and HarfBuzz can measure, shape and subset it.
"""

import struct
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from core.errors import TemplateRefused

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

_TRUETYPE: Final = (b"\0\1\0\0", b"true")
_OPENTYPE: Final = b"OTTO"
_PACKED: Final = (b"wOFF", b"wOF2", b"ttcf")
_NEEDED: Final = ("head", "hhea", "hmtx", "maxp", "cmap", "OS/2")
_READ: Final = ("head", "hhea", "maxp", "OS/2", "cmap", "hmtx")
_TRIED: Final = 200  # characters

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
    except Exception as fault:  # fontTools raises anything over damaged files
        raise TemplateRefused(field, f"is a damaged font: {type(fault).__name__}") from None
    missing = [tag for tag in (*_NEEDED, "CFF " if is_opentype(data) else "glyf") if tag not in font]
    if missing:
        raise TemplateRefused(field, f"is a font without the table '{missing[0]}'")
    _check_leave(int(font["OS/2"].fsType), field)
    if not (characters := font.getBestCmap()):
        raise TemplateRefused(field, "is a font that knows no character of Unicode")
    _try(data, sorted(characters)[:_TRIED], field)


def _read(data: bytes) -> "TTFont":
    from fontTools.ttLib import TTFont

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
