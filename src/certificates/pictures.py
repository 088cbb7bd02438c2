"""JPEG and PNG pictures as a PDF takes them, without a decoder: JPEG goes in as it is, PNG nearly so.

The promise: what a picture costs is known from its header, before anything of it is unpacked.
"""

import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final

from core.errors import TemplateRefused

MAX_PIXELS: Final = 12_000_000
MAX_SIDE: Final = 10_000  # a row costs as much as some hundred pixels
MAX_TRANSPARENT: Final = 2_000_000  # pixels that each have to be looked at
MAX_PARTS: Final = 2_000  # chunks of a PNG, segments before a JPEG's frame: encoders write some hundred
_PIECE: Final = 65_536
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of PNG's colour types
_SHALLOW: Final = (0, 3)  # those that may have fewer bits than 8
_WITH_ALPHA: Final = (4, 6)
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_TOO_MANY_PARTS: Final = f"has more than {MAX_PARTS:,} parts; save it anew"
_JPEG_ENDS: Final = b"\xff\xd9"
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended and progressive JPEG


def is_svg(data: bytes) -> bool:
    head = data[:1000].lstrip(b"\xef\xbb\xbf \r\n\t")
    return head.startswith((b"<?xml", b"<svg", b"<!--")) and b"<svg" in data


def raster(data: bytes, field: str) -> dict[str, Any]:
    """What fpdf2 keeps of a picture. Raises `TemplateRefused` for what is neither or is too large."""
    try:
        if data.startswith((_PNG, b"\xff\xd8")):
            return dict(_read(data))
    except (struct.error, LookupError, zlib.error):
        raise TemplateRefused(field, "is a damaged picture") from None
    except ValueError as fault:
        raise TemplateRefused(field, str(fault)) from None
    raise TemplateRefused(field, "is neither a PNG, a JPEG nor an SVG picture")


@lru_cache(4)
def _read(data: bytes) -> dict[str, Any]:
    """Remembered: every batch of a job shows the same, and one that is partly transparent takes seconds."""
    return _png(data) if data.startswith(_PNG) else _jpeg(data)


def _info(
    width: int, height: int, space: str, bits: int, data: bytes, kind: str, parameters: str = ""
) -> dict[str, Any]:
    _check_size(width, height, MAX_PIXELS)
    return {"w": width, "h": height, "cs": space, "bpc": bits, "f": kind, "dp": parameters, "data": data}


def _check_size(width: int, height: int, most: int) -> None:
    if not width or not height or width * height > most or max(width, height) > MAX_SIDE:
        raise ValueError(
            f"has {width} by {height} pixels; at most {most:,} in all are allowed, and {MAX_SIDE:,} on a side"
        )


def _jpeg(data: bytes) -> dict[str, Any]:
    place = 2
    for _ in range(MAX_PARTS):
        start, marker, size = struct.unpack(">BBH", data[place : place + 4])
        if start != 0xFF:
            raise LookupError
        if marker in _FRAMES:
            bits, height, width, colours = struct.unpack(">BHHB", data[place + 4 : place + 10])
            if colours not in (1, 3):
                raise ValueError("is a CMYK picture; save it as RGB")
            if bits != 8 or data.rfind(_JPEG_ENDS) < place:
                raise LookupError
            return _info(width, height, "DeviceGray" if colours == 1 else "DeviceRGB", bits, data, "DCTDecode")
        place += 2 + size
    raise ValueError(_TOO_MANY_PARTS)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_PNG)
    for _ in range(MAX_PARTS):
        if place + 8 > len(data):
            return
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        [told] = struct.unpack(">I", data[place + 8 + size : place + 12 + size])
        if zlib.crc32(data[place + 4 : place + 8 + size]) != told:
            raise LookupError
        yield kind, data[place + 8 : place + 8 + size]
        place += 12 + size
    raise ValueError(_TOO_MANY_PARTS)


def _png(data: bytes) -> dict[str, Any]:
    parts: dict[bytes, bytes] = {}
    packed: list[bytes] = []
    for kind, content in _chunks(data):
        if kind == b"IDAT":
            packed.append(content)
        else:
            parts[kind] = content
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    if interlaced or bits > 8:
        raise ValueError("is an interlaced or 16-bit PNG; save it as plain 8-bit")
    colours = _CHANNELS[colour]
    if bits != 8 and (colour not in _SHALLOW or bits not in (1, 2, 4)):
        raise LookupError
    parameters = f"/Predictor 15 /Colors {colours} /Columns {width}"
    _check_size(width, height, MAX_TRANSPARENT if colour in _WITH_ALPHA else MAX_PIXELS)  # before it is unpacked
    pixels, row = b"".join(packed), (width * colours * bits + 7) // 8 + 1
    if colour in _WITH_ALPHA:
        return _with_alpha(width, height, colours, b"".join(_unpacked(pixels, row, height)))
    for _ in _unpacked(pixels, row, height):
        pass  # it goes in as it is, once it is known to be sound
    space = {0: "DeviceGray", 2: "DeviceRGB", 3: "Indexed"}[colour]
    info = _info(width, height, space, bits, pixels, "FlateDecode", parameters)
    if colour == 3:
        info["pal"] = parts[b"PLTE"]
        if not 0 < len(info["pal"]) <= 768 or len(info["pal"]) % 3:
            raise LookupError
    return info


def _unpacked(packed: bytes, row: int, height: int) -> Iterator[bytes]:
    """Exactly so many rows of so many bytes, and all of the stream: a reader of the PDF unpacks it as it is."""
    unpacker = zlib.decompressobj()
    size, most = 0, row * height
    for start in range(0, len(packed), _PIECE):
        waiting = packed[start : start + _PIECE]
        while piece := unpacker.decompress(waiting, _PIECE):
            filters = piece[-size % row :: row]
            size += len(piece)
            if size > most or max(filters, default=0) >= len(_FILTERS):
                raise LookupError
            yield piece
            waiting = unpacker.unconsumed_tail
    if size != most or not unpacker.eof or unpacker.unused_data:
        raise LookupError


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
    """PNG's filters undone (RFC 2083, section 6). Spelled out for speed: a large logo has millions of bytes."""
    rows, above = [], bytes(stride)
    for start in range(0, (stride + 1) * height, stride + 1):
        row = bytearray(packed[start + 1 : start + 1 + stride])
        if undo := _FILTERS[packed[start]]:
            undo(row, above, step)
        above = bytes(row)
        rows.append(above)
    return rows


def _sub(row: bytearray, above: bytes, step: int) -> None:  # noqa: ARG001 - the shape of all filters
    for channel in range(step):
        row[channel::step] = bytes(value & 0xFF for value in accumulate(row[channel::step]))


def _up(row: bytearray, above: bytes, step: int) -> None:  # noqa: ARG001
    row[:] = bytes((value + up) & 0xFF for value, up in zip(row, above, strict=True))


def _average(row: bytearray, above: bytes, step: int) -> None:
    for channel in range(step):
        left, made = 0, bytearray()
        for value, up in zip(row[channel::step], above[channel::step], strict=True):
            left = (value + (left + up) // 2) & 0xFF
            made.append(left)
        row[channel::step] = made


def _paeth(row: bytearray, above: bytes, step: int) -> None:
    for channel in range(step):
        left, corner, made = 0, 0, bytearray()
        for value, up in zip(row[channel::step], above[channel::step], strict=True):
            from_left, from_up = up - corner, left - corner
            if not from_left or not from_up:  # as in all that is flat
                guess = left + from_left
            else:
                from_corner = abs(from_left + from_up)
                from_left, from_up = abs(from_left), abs(from_up)
                other = up if from_up <= from_corner else corner
                guess = left if from_left <= from_up and from_left <= from_corner else other
            left, corner = (value + guess) & 0xFF, up
            made.append(left)
        row[channel::step] = made


_FILTERS: Final = (None, _sub, _up, _average, _paeth)
