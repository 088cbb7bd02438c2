"""Bodies that cost the most for their bytes, by format, and ordinary ones beside them."""

import gzip
import json
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from urllib.parse import quote_plus

from api.arriving import PIECE

Bodies = dict[str, bytes]


def fill(part: bytes, size: int, before: bytes = b"", after: bytes = b"") -> bytes:
    """`part` as often as it goes into `size` bytes."""
    return before + part * max(1, (size - len(before) - len(after)) // len(part)) + after


def _numbered(part: str, size: int) -> Iterator[str]:
    used, number = 0, 0
    while used < size:
        text = part % number
        used, number = used + len(text) + 1, number + 1
        yield text


def _listed(part: bytes, size: int) -> bytes:
    return fill(part + b",", size, b"[", b"0]")


# JSON

_PERSON = (
    '{"ref": "u%d", "email": "learner@campus.example", "name": "Zoë Ångström", "variables": {"course": "Biology",'
    ' "grade": 87.5}}'
)


@cache
def ordinary_json(size: int) -> bytes:
    """What a Moodle sends."""
    return ('{"recipients": [' + ",".join(_numbered(_PERSON, size - 20)) + "]}").encode()


@cache
def json_bodies(size: int) -> Bodies:
    values = {
        "objects": b"{}",
        "lists": b"[]",
        "lists in lists": b"[[[0]]]",
        "objects of one": b'{"a":0}',
        "whole numbers": b"0",
        "numbers": b"0.1",
        "numbers with exponents": b"1e5",
        "texts": b'""',
        "nothing": b"null",
        "as deep as may be": b"[" * 30 + b"]" * 30,
        "too large numbers": b"9" * 4299,
        "too long numbers": b"9" * 4301,
        "long fractions": b"0." + b"9" * 4000,
        "tiny fractions": b"1" * 300 + b".5e-300",
        "escapes": b'"' + rb"\u0041" * 100 + b'"',
        "pairs of escapes": rb'"\ud83d\ude00"',
        "quotes": b'"' + rb"\"" * 100 + b'"',
        "brackets in texts": b'"' + b"[{," * 100 + b'"',
    }
    return {name: _listed(part, size) for name, part in values.items()} | {
        "people with other names": json.dumps([{"x": text} for text in _numbered("%d", size // 4)]).encode(),
        "keys": ("{" + ",".join(_numbered('"%d":0', size)) + "}").encode(),
        "the same key": fill(b'"a":0,', size, b"{", b'"a":0}'),
        "objects with keys of their own": ("[" + ",".join(_numbered('{"%d":0}', size)) + "]").encode(),
        "one text": fill(b"x", size, b'"', b'"'),
        "one text with an emoji": fill(b"x", size, b'"', '\U0001f600"'.encode()),
        "one text with half of one": fill(b"x", size, b'"', rb'\ud83d"'),
        "emoji": fill("\U0001f600".encode(), size, b'"', b'"'),
        "blanks": fill(b" ", size, b"{", b"}"),
        "line breaks": fill(b"\n", size, b"{", b"}"),
        "never closed": fill(b"[", size),
        "objects never closed": fill(b'{"a":', size),
        "closed more often": fill(b"]", size, b"["),
        "quotes alone": fill(b'"', size),
        "backslashes": fill(b"\\", size, b'"', b'x"'),
        "bytes that are no UTF-8": fill(b"\xff", size, b'"', b'"'),
        "commas": fill(b",", size, b"[", b"]"),
        "zeros": bytes(size),
    }


# lines and tables


_ENROLLED = '{"ref": "u%d", "email": "learner@campus.example", "name": "Zoë Ångström"}'


@cache
def ordinary_lines(size: int) -> bytes:
    return "\n".join(_numbered(_ENROLLED, size)).encode()


def lines_bodies(size: int) -> Bodies:
    def line(person: str) -> bytes:
        return fill(person.encode() + b"\n", size)

    longest = json.dumps({"ref": "1", "email": "a@b.example", "variables": {str(n): n for n in range(1_000)}})
    return {
        "line breaks": fill(b"\n", size),
        "blank lines": fill(b" \r\n", size),
        "blanks": fill(b" ", size),
        "a line without an end": fill(b"x", size),
        "one person": line('{"ref":"1","email":"a@b.example"}'),
        "an address in another script": line('{"ref":"1","email":"a@bücher.example"}'),
        "addresses in another script": "\n".join(_numbered('{"ref":"1","email":"a@bücher%d.example"}', size)).encode(),
        "long addresses": "\n".join(_numbered('{"ref":"1","email":"a@ü%d.' + "ü." * 18 + 'example"}', size)).encode(),
        "an address escaped": line(r'{"ref":"1","email":"a@b\u00fccher.example"}'),
        "a long address": line(json.dumps({"ref": "1", "email": f"a@{'ü.' * 20}example"}, ensure_ascii=False)),
        "a quoted address": line(json.dumps({"ref": "1", "email": '"' + "a b" * 10 + '"@b.example'})),
        "variables": line(longest),
        "lists in variables": line('{"ref":"1","email":"a@b.example","variables":{"a":[' + "[]," * 1_000 + "0]}}"),
        "numbers in variables": line('{"ref":"1","email":"a@b.example","variables":{"a":[' + "1e5," * 2_000 + "0]}}"),
        "lists": fill(b"[" + b"[]," * 20_000 + b"0]\n", size),
        "objects": fill(b"[" + b"{}," * 20_000 + b"0]\n", size),
    }


_SUPPRESSED = "learner%d@campus.example"


@cache
def ordinary_table(size: int) -> bytes:
    return ("email\n" + "\n".join(_numbered(_SUPPRESSED, size))).encode()


def table_bodies(size: int) -> Bodies:
    head = b"email,reason\n"
    return {
        "line breaks": fill(b"\n", size, head),
        "line breaks first": fill(b"\n", size),
        "blank lines": fill(b" \r\n", size, head),
        "line breaks in a cell": fill(b"\n", size, head + b'"'),
        "line breaks in many cells": fill(b'a@b.example,"' + b"\n" * 60_000 + b'"\n', size, b"email,detail\n"),
        "pieces in a cell": fill(b"a\n", size, head + b'"'),
        "quotes": fill(b'"', size, head),
        "quotes in a cell": fill(b'""', size, head + b'"'),
        "cells": fill(b",", size, head),
        "rows of cells": fill(b"a@b.example" + b"," * 30_000 + b"\n", size, b"email" + b"," * 30_000 + b"\n"),
        "names": fill(b"a,", size),
        "one address": fill(b"a@b.example\n", size, b"email\n"),
        "an address in another script": fill("a@bücher.example\n".encode(), size, b"email\n"),
        "addresses in another script": ("email\n" + "\n".join(_numbered("a@bücher%d.example", size))).encode(),
        "a long address": fill(f"a@{'ü.' * 20}example\n".encode(), size, b"email\n"),
        "a row without an end": fill(b"x", size, head),
        "zeros": bytes(size),
    }


# gzip; its sizes are those of what is sent


@cache
def packed(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


@cache
def ordinary_packed(ordinary: Callable[[int], bytes], size: int) -> bytes:
    unpacked = size
    while len(packed(ordinary(unpacked))) < size:
        unpacked += unpacked // 4
    return packed(ordinary(unpacked))


def gzip_bodies(size: int) -> Bodies:
    chance = random.Random(1)
    empty, short = packed(b""), packed(b" ")
    return {
        "line breaks": packed(b"\n" * (size * 1_000)),
        "blanks": packed(b" " * (size * 1_000)),
        "quotes": packed(b'email\n"' + b"\n" * (size * 1_000)),
        "cells": packed(b"email" + b"," * (size * 1_000)),
        "objects": packed(b"[" + b"{}," * (size * 300)),
        "nothing, again and again": fill(empty, size),
        "next to nothing, again and again": fill(short, size),
        "blocks of nothing": empty[:10] + fill(b"\0\0\0\xff\xff", size) + empty[10:],
        "what does not pack": packed(chance.randbytes(size)),
        "what is no gzip": chance.randbytes(size),
        "what follows": packed(b"{}") + bytes(size),
    }


# forms


@cache
def ordinary_form(size: int) -> bytes:
    """A list, each of whose lines has a few words in a language that is written in escapes."""
    rows = "\r\n".join(_numbered("learner%d@campus.example,manual,,за бажанням", size // 2))
    return f"csrf=x&addresses={quote_plus(rows)}"[:size].rpartition("%0D")[0].encode()


def form_bodies(size: int) -> Bodies:
    return {
        "fields": fill(b"&", size),
        "named fields": fill(b"a=&", size),
        "other fields": "&".join(_numbered("%d=", size)).encode(),
        "as many fields as may be": fill(b"a&", 20_000) + fill(b"x", max(1, size - 20_000)),
        "escapes": fill(b"%41", size, b"a="),
        "broken escapes": fill(b"%", size, b"a="),
        "bytes of escapes": fill(b"%C3%BC", size, b"a="),
        "escapes that are no UTF-8": fill(b"%ff", size, b"a="),
        "blanks": fill(b"+", size, b"a="),
        "line breaks": fill(b"%0A", size, b"csrf=x&addresses="),
        "quotes": fill(b"%22", size, b"csrf=x&addresses="),
        "zeros": bytes(size),
    }


# pictures


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, colour: int, rows: bytes, part: int = 1 << 30, bits: int = 8) -> bytes:
    data = zlib.compress(rows, 6)
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    parts = (_chunk(b"IDAT", data[start : start + part]) for start in range(0, len(data), part))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + b"".join(parts) + _chunk(b"IEND", b"")


@cache
def ordinary_png(pixels: int) -> bytes:
    """As encoders write a drawing with soft edges: each row with another filter."""
    side, chance = int(pixels**0.5), random.Random(2)
    rows = (bytes([(1, 2, 4, 4)[row % 4]]) + bytes(chance.choices(range(9), k=side * 4)) for row in range(side))
    return png(side, side, 6, b"".join(rows))


def png_bodies(pixels: int) -> Bodies:
    """Of so many pixels."""
    side = int(pixels**0.5)
    rows = {f"filter {kind}": png(side, side, 6, (bytes([kind]) + bytes(side * 4)) * side) for kind in range(5)}
    noise = random.Random(3).randbytes(side * side * 4)
    noisy = b"".join(b"\4" + noise[row * side * 4 : (row + 1) * side * 4] for row in range(side))
    return rows | {
        "noise": png(side, side, 6, noisy),
        "one wide": png(1, pixels, 6, bytes(5 * pixels)),
        "one high": png(pixels, 1, 6, bytes(4 * pixels + 1)),
        "two wide, with a filter": png(2, pixels // 2, 4, (b"\1" + bytes(4)) * (pixels // 2)),
        "bits": png(1, pixels, 0, bytes(2 * pixels), bits=1),
        "as high as may be": png(pixels // 10_000, 10_000, 6, bytes((pixels // 10_000 * 4 + 1) * 10_000)),
        "parts of a byte": png(side, side, 2, noise[: side * (side * 3 + 1)], 1),
        "huge": png(2**31 - 1, 2**31 - 1, 2, b""),
    }


@cache
def ordinary_jpeg(size: int) -> bytes:
    frame = b"\xff\xc0\0\x11\x08\x02\0\x02\0\x03" + bytes(9)
    return b"\xff\xd8\xff\xe0\0\x10" + bytes(14) + frame + random.Random(4).randbytes(size) + b"\xff\xd9"


def jpeg_bodies(size: int) -> Bodies:
    return {
        "ends of nothing": fill(b"\xff\xd9", size, b"\xff\xd8"),
        "segments": fill(b"\xff\xe0\0\2", size, b"\xff\xd8"),
        "segments of no length": fill(b"\xff\xe0\0\0", size, b"\xff\xd8"),
        "nothing": fill(b"\0", size, b"\xff\xd8"),
        "huge": b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03" + bytes(size) + b"\xff\xd9",
    }


_SHAPES = (
    '<g transform="rotate(10 5 5)"><rect x="10.5" y="20.5" width="30" height="40" rx="2" fill="#ff0000"/>'
    '<circle cx="%d.5" cy="20" r="3" fill="#00f"/><path d="M10.2 20.5c1.5 2.5 3.5 4.5 5.5 6.5s2 2 3 3l4 5z"'
    ' fill="none" stroke="#00ff00"/></g>'
)


def _svg(inside: bytes) -> bytes:
    return b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">' + inside + b"</svg>"


@cache
def ordinary_svg(size: int) -> bytes:
    return _svg("".join(_numbered(_SHAPES, size)).encode())


def svg_bodies(size: int) -> Bodies:
    half = size // 2
    path = b'<defs><path id="a" d="M0 0' + fill(b"h1v1", half) + b'"/></defs>'
    clip = b'<defs><clipPath id="a"><path d="M0 0' + fill(b"h1v1", half) + b'"/></clipPath></defs>'
    doubled = b"".join(b'<g id="b%d">' % n + b'<use href="#b%d"/>' % (n - 1) * 10 + b"</g>" for n in range(1, 12))
    elements = {
        name: _svg(fill(element, size))
        for name, element in {
            "groups": b"<g/>",
            "words": b"<desc/>",
            "rectangles": b"<rect/>",
            "round rectangles": b'<rect width="9" height="9" rx="1"/>',
            "circles": b'<circle r="1"/>',
            "ellipses": b'<ellipse rx="1" ry="2"/>',
            "paths": b'<path d="M0 0h1"/>',
            "definitions": b'<defs><circle r="1"/></defs>',
            "links": b"<a/>",
            "scripts": b"<script/>",
            "events": b'<g onx=""/>',
            "comments": b"<!---->",
            "dashes": b'<path stroke-dasharray="' + b"1 " * 31 + b'1" stroke="red" d="M0 0h9"/>',
            "see-through shapes": b'<rect opacity=".5" width="1" height="1"/>',
        }.items()
    }
    paths = {
        name: _svg(b'<path d="M0 0' + fill(step, size) + b'"/>')
        for name, step in {"arcs": b"a1 1 0 0110 10", "lines": b"h1v1", "curves": b"s1 1 2 2", "ends": b"Z"}.items()
    }
    return (
        elements
        | paths
        | {
            "a path used again": _svg(path + fill(b'<use href="#a"/>', half)),
            "a clip used again": _svg(clip + fill(b'<rect clip-path="url(#a)" width="1" height="1"/>', half)),
            "a clip by a style": _svg(
                b"<style>.k{clip-path:url(#a)}</style>" + clip + fill(b'<rect class="k" width="1" height="1"/>', half)
            ),
            "uses of uses": _svg(b'<defs><g id="b0"><circle r="1"/></g>' + doubled + b'</defs><use href="#b11"/>'),
            "a use of itself": _svg(b'<g id="a"><use href="#a"/></g>'),
            "rules": _svg(b"<style>" + fill(b".a{fill:red}", half) + b"</style>" + fill(b'<rect class="a"/>', half)),
            "transforms": _svg(b'<g transform="' + fill(b"scale(1)", size) + b'"><rect width="1" height="1"/></g>'),
            "classes": _svg(b'<rect class="' + fill(b"a ", size) + b'" width="1" height="1"/>'),
            "a style of one word": _svg(b"<style>" + fill(b"a", size) + b"</style>"),
            "a style that leads nowhere": _svg(b'<path style="fill:url(' + fill(b" ", size) + b'" d="M0 0h1"/>'),
            "a long pattern of dashes": _svg(
                b'<g stroke="red" stroke-dasharray="'
                + fill(b"1,", half)
                + b'">'
                + fill(b'<path d="M0 0h9"/>', half)
                + b"</g>"
            ),
            "points": _svg(b'<polygon points="' + fill(b"1,1 ", size) + b'"/>'),
        }
    )


# fonts


def _tables(font: bytes) -> dict[bytes, bytes]:
    [count] = struct.unpack(">H", font[4:6])
    entries = struct.iter_unpack(">4sIII", font[12 : 12 + 16 * count])
    return {tag: font[place : place + size] for tag, _, place, size in entries}


def _font(tables: dict[bytes, bytes]) -> bytes:
    head, body = b"\0\1\0\0" + struct.pack(">HHHH", len(tables), 0, 0, 0), b""
    for tag, content in tables.items():
        head += tag + struct.pack(">III", 0, 12 + 16 * len(tables) + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    return head + body


def font_bodies(font: bytes, size: int) -> Bodies:
    """`font` with characters that it does not have."""
    tables = _tables(font)

    def with_groups(form: int, groups: list[tuple[int, int, int]], subtables: int = 1) -> bytes:
        place = 4 + 8 * subtables
        subtable = struct.pack(">HHIII", form, 0, 16 + 12 * len(groups), 0, len(groups))
        cmap = struct.pack(">HH", 0, subtables) + struct.pack(">HHI", 3, 10, place) * subtables + subtable
        return _font(tables | {b"cmap": cmap + b"".join(struct.pack(">III", *group) for group in groups)})

    count, many = 32_000, size // 12
    segments = struct.pack(">HHHHHHH", 4, 0xFFFF, 0, count * 2, 0, 0, 0)
    segments += b"\xff\xff" * count + bytes(2 + 2 * count) + b"\0\1" * count + bytes(2 * count)
    return {
        "all characters": with_groups(12, [(0, 0x10FFFF, 0)]),
        "more than all": with_groups(12, [(0, 2**32 - 1, 0)]),
        "all, again and again": with_groups(12, [(0, 0x10FFFF, 0)] * many),
        "all the same": with_groups(13, [(0, 0x10FFFF, 1)] * many),
        "backwards": with_groups(12, [(2**32 - 1, 0, 1)] * many),
        "one by one": with_groups(12, [(number * 3, number * 3, 5) for number in range(min(many, 99_000))]),
        "the same place": with_groups(12, [(65, 65, 5)] * 1_000, min(65_000, size // 8)),
        "segments over each other": _font(
            tables | {b"cmap": struct.pack(">HH", 0, 1) + struct.pack(">HHI", 3, 1, 12) + segments}
        ),
        "tables": b"\0\1\0\0" + struct.pack(">HHHH", min(65_535, size // 16), 0, 0, 0) + fill(b"abcd" * 4, size),
    }


def trickled(body: bytes) -> list[bytes]:
    """A byte at a time."""
    return [body[place : place + 1] for place in range(len(body))]


def in_pieces(body: bytes) -> list[bytes]:
    return [body[start : start + PIECE] for start in range(0, len(body), PIECE)]
