"""PNG of every kind, JPEG and SVG are shown; what is no picture is refused, and breaks nothing."""

import io
import random
import struct
import zlib

import pikepdf
import pytest

from certificates import pictures
from core.errors import TemplateRefused
from tests.certificates.drawing import Picture, design_of, drawn, rendered, words

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="10" height="10" fill="#000"/></svg>'
# dark all over, baseline JPEG
JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010101000400040000ffdb004300281c1e231e19282321232d2b28303c64413c37373c7b585d49"
    "64918099968f808c8aa0b4e6c3a0aadaad8a8cc8ffcbdaeef5ffffff9bc1fffffffaffe6fdfff8ffdb0043012b2d2d3c353c"
    "76414176f8a58ca5f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8"
    "f8f8f8f8f8f8f8f8ffc00011080007001703012200021101031101ffc4001500010100000000000000000000000000000004"
    "ffc4001f100001030403010000000000000000000000010304111553a20212d151ffc4001401010000000000000000000000"
    "0000000000ffc40014110100000000000000000000000000000000ffda000c03010002110311003f009ed9330ec9e8b64cc3"
    "b27a0014408325998db8e374e295aaf64f8a0003ffd9"
)


def png(colour: int, channels: int, filters: bytes, palette: bytes = b"", interlaced: int = 0) -> bytes:
    """A square that is dark (and, with alpha, opaque) on the left half only; each row filtered in its own way."""
    size = len(filters)
    rows = []
    above = bytes(size * channels)
    for kind in filters:
        row = bytearray()
        for x in range(size):
            left = x < size // 2
            pixel = {0: [0 if left else 255], 2: [0 if left else 255] * 3, 3: [0 if left else 1]}.get(colour)
            row += bytes(pixel if pixel else [0] * (channels - 1) + [255 if left else 0])
        rows.append(bytes([kind]) + filtered(kind, bytes(row), above, channels))
        above = bytes(row)
    parts = [(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, colour, 0, 0, interlaced))]
    parts += [(b"PLTE", palette)] if palette else []
    parts += [(b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )


def filtered(kind: int, row: bytes, above: bytes, step: int) -> bytes:
    out = bytearray()
    for place, value in enumerate(row):
        left = row[place - step] if place >= step else 0
        corner = above[place - step] if place >= step else 0
        up = above[place]
        straight = left + up - corner
        nearest = min((left, up, corner), key=lambda known: abs(straight - known))
        out.append((value - (0, left, up, (left + up) // 2, nearest)[kind]) & 0xFF)
    return bytes(out)


FILTERS = bytes([0, 1, 2, 3, 4, 4, 3, 1])
PNGS = {
    "grey": png(0, 1, FILTERS),
    "colour": png(2, 3, FILTERS),
    "palette": png(3, 1, FILTERS, b"\0\0\0\xff\xff\xff"),
    "grey with alpha": png(4, 2, FILTERS),
    "colour with alpha": png(6, 4, FILTERS),
}


async def shown(data: bytes) -> Picture:
    element = {"type": "image", "x": 50, "y": 0, "width": 40, "height": 40, "asset": "logo"}
    return drawn(await rendered(design_of(element), {"logo": data}), 30)


@pytest.mark.parametrize("kind", PNGS)
async def test_a_png_is_shown(kind: str) -> None:
    picture = await shown(PNGS[kind])
    row = picture.pixels[picture.width * 20 : picture.width * 21]
    assert row[70] < 60  # left half of the picture
    assert row[95] > 200
    assert row[20] == 255


async def test_a_jpeg_is_shown() -> None:
    assert min((await shown(JPEG)).pixels) < 200


async def test_an_svg_is_shown() -> None:
    assert min((await shown(SVG)).pixels) < 60


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + bytes(40),
        b"%PDF-1.7",
        PNGS["grey"][:30],
        PNGS["colour with alpha"][:60],
        b"\xff\xd8\xff",
        png(0, 1, FILTERS, interlaced=1),
        SVG.replace(b"<rect", b"<script/><rect"),
    ],
)
async def test_what_cannot_be_shown_is_refused(data: bytes) -> None:
    with pytest.raises(TemplateRefused):
        await shown(data)


def test_a_picture_that_unpacks_to_gigabytes_is_refused_unread() -> None:
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    with pytest.raises(TemplateRefused, match="pixels"):
        pictures.raster(bomb, "logo")


async def test_a_picture_of_a_signature_stands_above_its_line() -> None:
    document = design_of(words("signature", asset="hand", text="Dean"))
    with_picture = drawn(await rendered(document, {"hand": SVG}))
    without = drawn(await rendered(design_of(words("signature", text="Dean"))))
    assert without.difference(with_picture) > 0.5


def broken(data: bytes, chance: random.Random) -> bytes:
    """The start of a picture, or one with some wrong bytes, or with a piece missing or twice there."""
    damaged = bytearray(data)
    kind = chance.randrange(4)
    start, end = sorted(chance.randrange(len(data)) for _ in range(2))
    if kind == 0:
        del damaged[start:]
    elif kind == 1:
        del damaged[start:end]
    elif kind == 2:
        damaged[start:start] = data[start:end]
    else:
        for _ in range(chance.choice((1, 2, 16))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


@pytest.mark.parametrize("kind", [*PNGS, "jpeg"])
async def test_a_damaged_picture_is_refused_or_shown_and_raises_nothing_else(kind: str) -> None:
    chance = random.Random(kind)
    data = PNGS.get(kind, JPEG)
    shown_at_all = 0
    for _ in range(300):
        damaged = broken(data, chance)
        try:
            pictures.raster(damaged, "logo")
        except TemplateRefused:
            continue
        shown_at_all += 1
        if shown_at_all <= 10:
            element = {"type": "image", "x": 50, "y": 0, "width": 40, "height": 40, "asset": "logo"}
            assert not pikepdf.open(
                io.BytesIO(await rendered(design_of(element), {"logo": damaged}))
            ).check_pdf_syntax()
    assert shown_at_all < 300


def test_a_png_without_a_part_that_it_needs_is_damaged() -> None:
    for part in (b"IHDR", b"IDAT", b"PLTE"):
        with pytest.raises(TemplateRefused, match="damaged"):
            pictures.raster(PNGS["palette"].replace(part, b"xxXx"), "logo")


def test_what_is_partly_transparent_may_have_fewer_pixels() -> None:
    def sized(colour: int) -> bytes:
        head = b"IHDR" + struct.pack(">IIBBBBB", 2000, 1500, 8, colour, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))

    with pytest.raises(TemplateRefused, match="2,000,000"):
        pictures.raster(sized(6), "logo")
    with pytest.raises(TemplateRefused, match="damaged"):  # as far as its size goes, it is fine
        pictures.raster(sized(2), "logo")
