"""One line of text in any mixture of scripts: its runs as they are seen, each shaped in the face of its script.

The promise: digits and brackets stand where the bidirectional algorithm puts them, marks and ligatures where the face
does, and a character that no face has is an error that names it, never a box.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from certificates.face import Face, Glyph
from certificates.scripts import COMMON, script_of
from core.errors import MissingGlyph

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
# Controls, and the marks that could turn a line round; joiners stay, for names are spelled with them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")
_JOINERS = "\u200c\u200d"

FaceFor = Callable[[str, str], Face]  # script, character


class Run(NamedTuple):
    """Glyphs of one face, and for each the characters that it stands for."""

    face: Face
    right_to_left: bool
    glyphs: list[Glyph]
    texts: list[str]


@dataclass(frozen=True)
class Line:
    """`width` is that of a size of 1; `text` is in reading order. `plain`: each glyph simply is its character."""

    text: str
    runs: tuple[Run, ...]
    width: float
    plain: bool


def clean(text: str) -> str:
    """Composed, without what cannot be seen; a line ends with a newline."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\t", " ")))


def base_direction(text: str, otherwise: bool = False) -> bool:
    """Whether the first letter that has a direction reads from right to left."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return otherwise


def set_line(text: str, face_for: FaceFor, right_to_left: bool, language: str) -> Line:
    levels = _levels(text, right_to_left)
    runs: list[tuple[int, Run]] = []
    for level, face, part in _split(text, levels, face_for):
        turned = bool(level % 2)
        glyphs = face.shape(part, turned, language)
        runs.append((level, Run(face, turned, glyphs, _texts(part, glyphs, turned))))
    width = sum(glyph.advance / run.face.upem for _, run in runs for glyph in run.glyphs)
    plain = not any(levels) and all(all(run.texts) for _, run in runs)
    return Line(text, tuple(_as_seen(runs)), width, plain)


def _levels(text: str, right_to_left: bool) -> list[int]:
    if not right_to_left and not _RIGHT_TO_LEFT.search(text):
        return [0] * len(text)
    from fpdf.bidi import BidiParagraph
    from fpdf.enums import TextDirection

    direction = TextDirection.RTL if right_to_left else TextDirection.LTR
    known = {
        character.character_index: character.embedding_level
        for character in BidiParagraph(text, direction).get_characters_with_embedding_level()
    }
    levels: list[int] = []
    for place in range(len(text)):  # joiners have none of their own
        levels.append(known.get(place, levels[-1] if levels else int(right_to_left)))
    return levels


def _split(text: str, levels: list[int], face_for: FaceFor) -> Iterator[tuple[int, Face, str]]:
    """Parts of one level, script and face, in reading order."""
    place = 0
    for (level, script), group in groupby(zip(levels, _scripts(text), strict=True)):
        size = len(list(group))
        yield from _faces(text[place : place + size], level, script, face_for)
        place += size


def _scripts(text: str) -> list[str]:
    """The script of each character; common ones have that of the letter before, or else of the one after."""
    scripts = [script_of(character) for character in text]
    last = next((script for script in scripts if script != COMMON), COMMON)
    for place, script in enumerate(scripts):
        last = scripts[place] = script if script != COMMON else last
    return scripts


def _faces(text: str, level: int, script: str, face_for: FaceFor) -> Iterator[tuple[int, Face, str]]:
    """Splits where a sign is missing in the face of the script and another has it."""
    chosen: list[Face] = []
    for character in text:
        joins = chosen and (character in _JOINERS or unicodedata.combining(character))
        chosen.append(chosen[-1] if joins else face_for(script, character))
    place = 0
    for face, group in groupby(chosen):
        size = len(list(group))
        yield level, face, text[place : place + size]
        place += size


def _texts(part: str, glyphs: list[Glyph], turned: bool) -> list[str]:
    """For each glyph the characters of its cluster, given to the cluster's first glyph; brackets as they are seen."""
    starts = sorted({glyph.cluster for glyph in glyphs})
    ends = dict(zip(starts, [*starts[1:], len(part)], strict=True))
    texts, told = [], set()
    for glyph in glyphs:
        if glyph.id == 0:
            raise MissingGlyph(part[glyph.cluster])
        told_here = "" if glyph.cluster in told else part[glyph.cluster : ends[glyph.cluster]]
        texts.append(told_here.translate(_MIRRORED) if turned else told_here)
        told.add(glyph.cluster)
    return texts


def _as_seen(runs: list[tuple[int, Run]]) -> list[Run]:
    """Rule L2 of the bidirectional algorithm: from the highest level down, what is at or above it is turned round."""
    order = list(range(len(runs)))
    levels = [level for level, _ in runs]
    for level in range(max(levels, default=0), 0, -1):
        place = 0
        while place < len(order):
            end = place
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            order[place:end] = reversed(order[place:end])
            place = end + 1
    return [runs[place][1] for place in order]
