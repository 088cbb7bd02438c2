"""Which script a character belongs to: what the face is chosen by, and what a line is split into.

Only scripts that the project has a face for are told apart; a letter of any other is `OTHER`, which no face claims.
"""

import unicodedata
from functools import lru_cache
from typing import Final

COMMON: Final = ""  # digits, punctuation, marks: they go with their neighbours
OTHER: Final = "other"
LATIN: Final = "latin"

# By Unicode's four letters for them (UAX 24); common and inherited ones are of no script.
_SCRIPTS: Final = {
    "Arab": "arabic",
    "Beng": "bengali",
    "Cyrl": "cyrillic",
    "Deva": "devanagari",
    "Grek": "greek",
    "Hang": "hangul",
    "Hani": "han",
    "Hebr": "hebrew",
    "Hira": "kana",
    "Kana": "kana",
    "Latn": LATIN,
    "Taml": "tamil",
    "Thai": "thai",
    "Zinh": COMMON,
    "Zyyy": COMMON,
}
_EUROPEAN: Final = frozenset({LATIN, "greek", "cyrillic"})
# Signs, digits and wide Latin letters that only the East Asian faces have.
_EAST_ASIAN: Final = frozenset({"CJK Symbols and Punctuation", "Halfwidth and Fullwidth Forms"})


@lru_cache(4096)
def script_of(character: str) -> str:
    from fontTools.unicodedata import block, script, script_extension

    if unicodedata.category(character)[0] not in "LMN":
        return "han" if block(character) in _EAST_ASIAN else COMMON
    found = _SCRIPTS.get(script(character), OTHER)
    if found == COMMON:
        users = {_SCRIPTS[code] for code in script_extension(character) if code in _SCRIPTS}
        # a mark or a digit of one script alone is of that; European ones stand in the face of what is common anyway
        found = users.pop() if len(users) == 1 and not users & _EUROPEAN else COMMON
    return "han" if found in (COMMON, LATIN) and block(character) in _EAST_ASIAN else found


def scripts_in(text: str) -> frozenset[str]:
    """The scripts of a text; common characters alone count as none."""
    return frozenset(map(script_of, text)) - {COMMON}
