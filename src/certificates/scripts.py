"""Which script a character belongs to: what the face is chosen by, and what a line is split into.

Only scripts that the project has a face for are told apart; a letter of any other is `OTHER`, which no face claims.
"""

import unicodedata
from bisect import bisect_right
from functools import lru_cache
from typing import Final

COMMON: Final = ""  # digits, punctuation, marks: they go with their neighbours
OTHER: Final = "other"
LATIN: Final = "latin"

_RANGES: Final = [
    (0x370, 0x3FF, "greek"),
    (0x400, 0x52F, "cyrillic"),
    (0x590, 0x5FF, "hebrew"),
    (0x600, 0x6FF, "arabic"),
    (0x750, 0x77F, "arabic"),
    (0x870, 0x8FF, "arabic"),
    (0x900, 0x97F, "devanagari"),
    (0x980, 0x9FF, "bengali"),
    (0xB80, 0xBFF, "tamil"),
    (0xE00, 0xE7F, "thai"),
    (0x1100, 0x11FF, "hangul"),
    (0x1C80, 0x1C88, "cyrillic"),
    (0x1F00, 0x1FFF, "greek"),
    (0x2E80, 0x2FDF, "han"),
    (0x3005, 0x3007, "han"),
    (0x3040, 0x30FF, "kana"),
    (0x3130, 0x318F, "hangul"),
    (0x31F0, 0x31FF, "kana"),
    (0x3400, 0x4DBF, "han"),
    (0x4E00, 0x9FFF, "han"),
    (0xA8E0, 0xA8FF, "devanagari"),
    (0xA960, 0xA97F, "hangul"),
    (0xAC00, 0xD7FF, "hangul"),
    (0xF900, 0xFAFF, "han"),
    (0xFB1D, 0xFB4F, "hebrew"),
    (0xFB50, 0xFDFF, "arabic"),
    (0xFE70, 0xFEFC, "arabic"),
    (0xFF66, 0xFF9F, "kana"),
    (0xFFA0, 0xFFDC, "hangul"),
    (0x20000, 0x3FFFF, "han"),
]
_STARTS: Final = [first for first, _, _ in _RANGES]
_LATIN: Final = [(0x41, 0x24F), (0x250, 0x2AF), (0x1D00, 0x1EFF), (0x2C60, 0x2C7F), (0xA720, 0xA7FF), (0xFB00, 0xFB06)]
_CJK_PUNCTUATION: Final = [(0x3000, 0x303F), (0xFF00, 0xFF65), (0xFFE0, 0xFFEE)]


@lru_cache(4096)
def script_of(character: str) -> str:
    code = ord(character)
    if code < 0x41:
        return COMMON
    if unicodedata.category(character)[0] not in "LMN":
        return "han" if _within(code, _CJK_PUNCTUATION) else COMMON
    place = bisect_right(_STARTS, code) - 1
    if place >= 0 and code <= _RANGES[place][1]:
        return _RANGES[place][2]
    if _within(code, _LATIN):
        return LATIN
    if unicodedata.category(character) in ("Mn", "Me", "No", "Lm"):
        return COMMON
    return OTHER


def scripts_in(text: str) -> frozenset[str]:
    """The scripts of a text; common characters alone count as none."""
    return frozenset(map(script_of, text)) - {COMMON}


def _within(code: int, ranges: list[tuple[int, int]]) -> bool:
    return any(first <= code <= last for first, last in ranges)
