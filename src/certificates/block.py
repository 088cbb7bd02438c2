"""Words in a box: wrapped, made smaller until they fit, and written as a PDF's text operators."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from certificates.document import Document
from certificates.lines import Line, Run
from certificates.scripts import script_of
from core.errors import RenderingFailed

SMALLEST: Final = 5.0  # points
_STEP: Final = 0.96
_BROKEN: Final = frozenset({"han", "kana"})  # written without spaces: a line may end anywhere
_STROKE: Final = 0.032  # of the size: how much bolder a stroke makes a letter
_EAST_ASIAN: Final = re.compile(
    "[\u2e80-\u9fff\U00020000-\U0003ffff][\u3001\u3002\uff01\uff09\uff0c\uff1f\u300d\u300f]*\\s*|[^\u2e80-\u9fff\U00020000-\U0003ffff]+"
)

SetLine = Callable[[str], Line]


@dataclass(frozen=True)
class Block:
    """Lines and the size at which they fit."""

    lines: tuple[Line, ...]
    size: float
    leading: float

    @property
    def height(self) -> float:
        return len(self.lines) * self.size * self.leading


def fit(text: str, set_line: SetLine, size: float, leading: float, box: tuple[float, float], path: str) -> Block:
    """Wraps at spaces. `box` is width and height in points; a box too small for readable words is a fault."""
    width, height = box
    paragraphs = [_parts(paragraph, set_line) for paragraph in text.split("\n")]
    while size >= SMALLEST:
        lines = [line for parts in paragraphs for line in _wrapped(parts, set_line, width / size)]
        block = Block(tuple(lines), size, leading)
        if block.height <= max(height, size * leading) and all(line.width * size <= width for line in lines):
            return block
        size *= _STEP
    raise RenderingFailed(f"{path}: the text does not fit its box")


def on_one_line(
    text: str, set_line: SetLine, size: float, leading: float, box: tuple[float, float], path: str
) -> Block:
    """Shrinks to the width of the box, or to its height."""
    line = set_line(" ".join(text.split()))
    size = min(size, box[0] / line.width if line.width else size, max(box[1] / leading, SMALLEST))
    if size < SMALLEST:
        raise RenderingFailed(f"{path}: the text does not fit its box")
    return Block((line,), size, leading)


def _parts(paragraph: str, set_line: SetLine) -> list[tuple[str, float]]:
    """What a line may not end within, each with its width."""
    words = re.findall(r"\S+\s*", paragraph)
    parts = [piece for word in words for piece in _pieces(word)]
    return [(part, set_line(part).width) for part in parts]


def _pieces(word: str) -> list[str]:
    if not any(script_of(character) in _BROKEN for character in word):
        return [word]
    return _EAST_ASIAN.findall(word)


def _wrapped(parts: list[tuple[str, float]], set_line: SetLine, width: float) -> list[Line]:
    lines: list[str] = [""]
    room = width
    for part, wide in parts:
        if lines[-1] and wide > room:
            lines.append("")
            room = width
        lines[-1] += part
        room -= wide
    return [set_line(line.rstrip()) for line in lines]


@dataclass(frozen=True)
class Placement:
    """Where a block goes: the box in points from the page's lower left corner, and how the words stand in it."""

    left: float
    bottom: float
    width: float
    height: float
    align: str
    valign: str
    color: bytes
    spacing: float


def write(document: Document, block: Block, place: Placement) -> None:
    document.write(b"BT " + place.color)
    top = place.bottom + place.height
    if place.valign == "middle":
        top -= (place.height - block.height) / 2
    elif place.valign == "bottom":
        top -= place.height - block.height
    for line in block.lines:
        if line.runs:
            face = line.runs[0].face
            ascent, descent = face.ascent / face.upem, face.descent / face.upem
            baseline = top - block.size * (block.leading / 2 + (ascent + descent) / 2)
            _write_line(document, line, block.size, place, baseline)
        top -= block.size * block.leading
    document.write(b"ET")


def _write_line(document: Document, line: Line, size: float, place: Placement, baseline: float) -> None:
    spacing = place.spacing if line.plain else 0.0
    width = line.width * size + spacing * (sum(len(run.glyphs) for run in line.runs) - 1)
    if width > place.width and spacing:
        spacing, width = 0.0, line.width * size
    left = place.left + {"left": 0.0, "center": 0.5, "right": 1.0}[place.align] * (place.width - width)
    document.write(f"{spacing:.2f} Tc 1 0 0 1 {left:.3f} {baseline:.3f} Tm".encode())
    for run in line.runs:
        embedded = document.embedded(run.face)
        exact = [embedded.use(glyph.id, text) for glyph, text in zip(run.glyphs, run.texts, strict=True)]
        # a face without a bold file is made bold by a stroke of the same colour
        bold = f"2 Tr {size * _STROKE:.3f} w" if run.face.bold_by_stroke else "0 Tr"
        document.write(f"{bold} /F{embedded.index} {size:.3f} Tf".encode())
        for part, told in _readable(run, exact):
            shown = _shown(part, size)
            document.write((f"/Span <</ActualText <{_hex(told)}>>> BDC {shown} EMC" if told else shown).encode())


def _readable(run: Run, exact: list[bool]) -> Iterator[tuple[Run, str]]:
    """Parts of a run, and what each says where its glyphs alone would not tell.

    Readers put right-to-left letters in order themselves, so there only what needs it is told, a cluster at a time."""
    if all(exact):
        yield run, ""
    elif not run.right_to_left:
        yield run, "".join(run.texts)
    else:
        clusters = [glyph.cluster for glyph in run.glyphs]
        untold = {cluster for cluster, known in zip(clusters, exact, strict=True) if not known}
        place = 0
        for cluster, group in groupby(clusters, key=lambda cluster: cluster if cluster in untold else -1):
            end = place + len(list(group))
            part = run._replace(glyphs=run.glyphs[place:end], texts=run.texts[place:end])
            yield part, "".join(part.texts) if cluster >= 0 else ""
            place = end


def _hex(text: str) -> str:
    return ("\ufeff" + text).encode("utf-16-be").hex().upper()


def _shown(run: Run, size: float) -> str:
    """The glyphs of a run as TJ operators, moved where shaping has moved them; Ts raises, and is set back."""
    scale = 1000 / run.face.upem
    out: list[str] = []
    row, rise, back = "<", 0, 0.0  # back: how far left the next glyph has yet to move, in thousandths
    for glyph in run.glyphs:
        if glyph.y != rise:
            out.append(f"[{row}>] TJ {glyph.y * size / run.face.upem:.3f} Ts")
            row, rise = "<", glyph.y
        back -= glyph.x * scale
        if moved := round(back):
            row += f">{moved}<"
        row += f"{glyph.id:04X}"
        back += (glyph.x + run.face.width(glyph.id) - glyph.advance) * scale - moved
    end = f">{moved}" if (moved := round(back)) else ">"
    return " ".join([*out, f"[{row}{end}] TJ", *(["0 Ts"] if rise else [])]).replace("<>", "")
