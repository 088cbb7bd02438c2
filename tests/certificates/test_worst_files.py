"""Files that would cost more than they say are refused by what their headers and references say, with the limit."""

import struct

import pytest

from certificates import pictures
from certificates.assets import judged
from core.errors import TemplateRefused
from dev.server import ROOT
from tests.api import worst

FONT = (ROOT / "src/certificates/faces/noto-sans-bold.ttf").read_bytes()
SVG, PNG, JPEG = worst.svg_bodies(30_000), worst.png_bodies(90_000), worst.jpeg_bodies(30_000)
FONTS = worst.font_bodies(FONT, 100_000)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (PNG["one wide"], "10,000 on a side"),
        (PNG["one high"], "10,000 on a side"),
        (PNG["huge"], "12,000,000 in all"),
        (PNG["parts of a byte"], f"more than {pictures.MAX_PARTS:,} parts"),
        (JPEG["segments"], f"more than {pictures.MAX_PARTS:,} parts"),
        (JPEG["huge"], "10,000 on a side"),
        (SVG["circles"], "bytes as drawn"),
        (SVG["groups"], "bytes as drawn"),
        (worst.svg_bodies(60_000)["a path used again"], "bytes as drawn"),
        (worst.svg_bodies(60_000)["a clip used again"], "bytes as drawn"),
        (worst.svg_bodies(60_000)["a clip by a style"], "bytes as drawn"),
        (SVG["uses of uses"], "bytes as drawn"),
        (SVG["a use of itself"], "bytes as drawn"),
        (FONTS["all characters"], "more than 100,000 characters"),
        (FONTS["all, again and again"], "more than 100,000 characters"),
        (FONTS["all the same"], "more than 100,000 characters"),
        (FONTS["segments over each other"], "more than 100,000 characters"),
        (FONTS["tables"], "damaged"),
    ],
)
def test_it_is_refused_with_what_is_allowed(file: bytes, words: str) -> None:
    with pytest.raises(TemplateRefused, match=words):
        judged(file)


@pytest.mark.parametrize("offset", [8, 12, 100])
def test_a_font_whose_characters_cannot_be_counted_is_damaged(offset: int) -> None:
    place = FONT.index(b"cmap")
    [cmap] = struct.unpack(">I", FONT[place + 8 : place + 12])
    broken = FONT[: place + 12] + struct.pack(">I", offset) + FONT[place + 16 :]
    assert cmap
    with pytest.raises(TemplateRefused, match=r"damaged font|knows no character"):
        judged(broken)


def test_a_picture_whose_shapes_are_used_again_is_taken() -> None:
    petal = b'<g id="p"><path d="M0 0c9 9 20 9 30 0c-9 -9 -20 -9 -30 0z" fill="#a04"/></g>'
    uses = b"".join(b'<use href="#p" transform="rotate(%d)"/>' % (number * 10) for number in range(36))
    assert judged(worst._svg(b"<defs>" + petal + b"</defs>" + uses)).removed == []


@pytest.mark.parametrize("height", [1, 7, 300])
@pytest.mark.parametrize("kind", range(5))
def test_a_filter_is_undone_as_it_was_done(kind: int, height: int) -> None:
    """Against the definition, pixel by pixel."""
    width, step = 40, 4
    stride, state = width * step, 7
    rows = []
    for _ in range(height):
        row = bytearray()
        for _ in range(stride):
            state = (state * 1_103_515_245 + 12_345) % 2**31
            row.append(state >> 16 & (0xFF if state & 1 else 0x03))
        rows.append(bytes([kind]) + row)
    assert pictures._unfiltered(b"".join(rows), stride, step, height) == _by_definition(rows, stride, step)


def _by_definition(rows: list[bytes], stride: int, step: int) -> list[bytes]:
    made, above = [], bytes(stride)
    for filtered in rows:
        row = bytearray(filtered[1:])
        for place in range(stride):
            left = row[place - step] if place >= step else 0
            corner = above[place - step] if place >= step else 0
            row[place] = (row[place] + _guess(filtered[0], left, above[place], corner)) % 256
        above = bytes(row)
        made.append(above)
    return made


def _guess(kind: int, left: int, up: int, corner: int) -> int:
    initial = left + up - corner
    paeth = min((left, up, corner), key=lambda value: abs(initial - value))
    return (0, left, up, (left + up) // 2, paeth)[kind]
