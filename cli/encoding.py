"""The encoding of a file: UTF-8 with or without a byte order mark, UTF-16 with one.

The promise: anything else is told with the line and the byte, never guessed at.
"""

import codecs
from pathlib import Path
from typing import NamedTuple

from cli.errors import BadInput

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_SAVE_AS = "Save the file as UTF-8 (in Excel: “CSV UTF-8”), or as UTF-16 with a byte order mark."


class Encoding(NamedTuple):
    """`skip` is the length of the byte order mark."""

    name: str
    skip: int


def recognise(path: Path) -> Encoding:
    with path.open("rb") as file:
        start = file.read(4096)
    # UTF-32's little-endian mark begins with UTF-16's
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise BadInput(f"{path} is in UTF-32", hint=_SAVE_AS)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return Encoding(name, len(mark))
    if (place := start.find(b"\0")) >= 0:
        # what UTF-16 without its mark looks like
        raise _fault(path, start.count(b"\n", 0, place) + 1, 0, place, "text in UTF-8")
    return Encoding("utf-8", 0)


def fault(path: Path, encoding: Encoding) -> BadInput:
    """Where decoding fails, found by decoding once more."""
    decoder = codecs.getincrementaldecoder(encoding.name)()
    offset, line = encoding.skip, 1
    with path.open("rb") as file:
        file.seek(encoding.skip)
        while True:
            chunk = file.read(65_536)
            held = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                line += error.object[: error.start].decode(encoding.name).count("\n")
                byte = error.object[error.start]
                return _fault(path, line, byte, offset - held + error.start, encoding.name.upper())
            if not chunk:
                return BadInput(f"{path} changed while it was read")
            line += text.count("\n")
            offset += len(chunk)


def read(path: Path) -> str:
    """A whole file."""
    encoding = recognise(path)
    try:
        return path.read_bytes()[encoding.skip :].decode(encoding.name)
    except UnicodeDecodeError:
        raise fault(path, encoding) from None


def _fault(path: Path, line: int, byte: int, place: int, wanted: str) -> BadInput:
    return BadInput(
        f"{path}, line {line}: byte 0x{byte:02X}, number {place + 1:,} of the file, is not {wanted}", hint=_SAVE_AS
    )
