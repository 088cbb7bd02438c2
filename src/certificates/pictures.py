"""JPEG and PNG pictures as a PDF takes them, without a decoder: JPEG goes in as it is, PNG nearly so."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any, Final

from errors import TemplateRefused

MAX_PIXELS: Final = 12_000_000
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended and progressive JPEG


def is_svg(data: bytes) -> bool:
    head = data[:1000].lstrip(b"\xef\xbb\xbf \r\n\t")
    return head.startswith((b"<?xml", b"<svg", b"<!--")) and b"<svg" in data


def raster(data: bytes, field: str) -> dict[str, Any]:
    """What fpdf2 keeps of a picture. Raises `TemplateRefused` for what is neither or is too large."""
    try:
        if data.startswith(_PNG):
            return _png(data)
        if data.startswith(b"\xff\xd8"):
            return _jpeg(data)
    except (struct.error, LookupError, zlib.error):
        raise TemplateRefused(field, "is a damaged picture") from None
    except ValueError as fault:
        raise TemplateRefused(field, str(fault)) from None
    raise TemplateRefused(field, "is neither a PNG, a JPEG nor an SVG picture")


def _info(
    width: int, height: int, space: str, bits: int, data: bytes, kind: str, parameters: str = ""
) -> dict[str, Any]:
    if not width or not height or width * height > MAX_PIXELS:
        raise ValueError(f"has {width} by {height} pixels; at most {MAX_PIXELS:,} in all are allowed")
    return {"w": width, "h": height, "cs": space, "bpc": bits, "f": kind, "dp": parameters, "data": data}


def _jpeg(data: bytes) -> dict[str, Any]:
    place = 2
    while True:
        marker, size = struct.unpack(">xBH", data[place : place + 4])
        if marker in _FRAMES:
            bits, height, width, colours = struct.unpack(">BHHB", data[place + 4 : place + 10])
            if colours not in (1, 3):
                raise ValueError("is a CMYK picture; save it as RGB")
            return _info(width, height, "DeviceGray" if colours == 1 else "DeviceRGB", bits, data, "DCTDecode")
        place += 2 + size


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_PNG)
    while place + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        yield kind, data[place + 8 : place + 8 + size]
        place += 12 + size


def _png(data: bytes) -> dict[str, Any]:
    parts: dict[bytes, bytes] = {}
    for kind, content in _chunks(data):
        parts[kind] = parts.get(kind, b"") + content if kind == b"IDAT" else content
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    if interlaced or bits > 8:
        raise ValueError("is an interlaced or 16-bit PNG; save it as plain 8-bit")
    colours = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    parameters = f"/Predictor 15 /Colors {colours} /Columns {width}"
    _info(width, height, "", bits, b"", "")  # refuses a large one before it is unpacked
    pixels = parts[b"IDAT"]
    size = ((width * colours * bits + 7) // 8 + 1) * height
    unpacked = zlib.decompressobj().decompress(pixels, size)
    if len(unpacked) < size:
        raise IndexError
    if colour in (4, 6):
        return _with_alpha(width, height, colours, unpacked)
    space = {0: "DeviceGray", 2: "DeviceRGB", 3: "Indexed"}[colour]
    info = _info(width, height, space, bits, pixels, "FlateDecode", parameters)
    if colour == 3:
        info["pal"] = parts[b"PLTE"]
    return info


def _with_alpha(width: int, height: int, colours: int, filtered: bytes) -> dict[str, Any]:
    """Colours and opacity go in apart."""
    rows = _unfiltered(filtered, width * colours, colours, height)
    opacity = bytes(b"".join(b"\0" + row[colours - 1 :: colours] for row in rows))
    plain = bytearray()
    for row in rows:
        shown = bytearray(width * (colours - 1))
        for channel in range(colours - 1):
            shown[channel :: colours - 1] = row[channel::colours]
        plain += b"\0" + shown
    parameters = f"/Predictor 15 /Colors {colours - 1} /Columns {width}"
    space = "DeviceGray" if colours == 2 else "DeviceRGB"
    info = _info(width, height, space, 8, zlib.compress(bytes(plain)), "FlateDecode", parameters)
    info["smask"] = zlib.compress(opacity)
    return info


def _unfiltered(packed: bytes, stride: int, step: int, height: int) -> list[bytes]:
    """PNG's five filters undone (RFC 2083, section 6)."""
    rows, above = [], bytearray(stride)
    for start in range(0, (stride + 1) * height, stride + 1):
        kind, row = packed[start], bytearray(packed[start + 1 : start + 1 + stride])
        for place in range(stride) if kind else ():
            left = row[place - step] if place >= step else 0
            up = above[place]
            corner = above[place - step] if place >= step else 0
            guess = (left, up, (left + up) // 2, _paeth(left, up, corner))[kind - 1]
            row[place] = (row[place] + guess) & 0xFF
        rows.append(bytes(row))
        above = row
    return rows


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    distances = (abs(guess - left), abs(guess - up), abs(guess - corner))
    return (left, up, corner)[distances.index(min(distances))]
