"""Small fonts made on the spot: a box for every letter, TrueType or OpenType, with any leave to embed them."""

from io import BytesIO
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen

LETTERS = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def truetype(*, permission: int = 0, letters: str = LETTERS, without: str = "") -> bytes:
    """`permission`: OS/2's fsType."""
    builder, names = _begun(letters, is_ttf=True)
    builder.setupGlyf({name: _box(TTGlyphPen(None)).glyph() for name in names})
    return _ended(builder, names, permission, without)


def opentype(*, permission: int = 0, letters: str = LETTERS) -> bytes:
    builder, names = _begun(letters, is_ttf=False)
    shapes = {name: _box(T2CharStringPen(600, None)).getCharString() for name in names}
    builder.setupCFF("Boxes-Regular", {"FullName": "Boxes"}, shapes, {})
    return _ended(builder, names, permission, "")


def _begun(letters: str, *, is_ttf: bool) -> tuple[Any, list[str]]:
    builder: Any = FontBuilder(1000, isTTF=is_ttf)
    names = [".notdef", *(f"u{ord(letter):04X}" for letter in letters)]
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(letter): f"u{ord(letter):04X}" for letter in letters})
    return builder, names


def _box(pen: Any) -> Any:
    pen.moveTo((50, 0))
    for corner in ((50, 700), (550, 700), (550, 0)):
        pen.lineTo(corner)
    pen.closePath()
    return pen


def _ended(builder: Any, names: list[str], permission: int, without: str) -> bytes:
    builder.setupHorizontalMetrics(dict.fromkeys(names, (600, 50)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Boxes", "styleName": "Regular"})
    builder.setupOS2(fsType=permission, sCapHeight=700)
    builder.setupPost()
    if without:
        del builder.font[without]
    file = BytesIO()
    builder.font.save(file)
    return file.getvalue()
