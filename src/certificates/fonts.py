"""The faces of a deployment: which one a script is set in, and where its file comes from.

Latin, Greek, Cyrillic and Vietnamese come with the Worker; the others are fetched from the store of files
(`fonts/<name>.ttf`, see fonts/README.md) when a person's name first needs them, and kept as long as the `FontLibrary`:
have one an isolate.
"""

from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from certificates.face import Face
from certificates.scripts import COMMON, scripts_in
from core.errors import MissingGlyph

# script: its sans and its serif family
_EUROPEAN = ("noto-sans", "noto-serif")
_FAMILIES = {
    "arabic": ("noto-sans-arabic", "noto-naskh-arabic"),
    "hebrew": ("noto-sans-hebrew", "noto-serif-hebrew"),
    "devanagari": ("noto-sans-devanagari", "noto-serif-devanagari"),
    "bengali": ("noto-sans-bengali", "noto-serif-bengali"),
    "tamil": ("noto-sans-tamil", "noto-sans-tamil"),
    "thai": ("noto-sans-thai", "noto-sans-thai"),
    "latin": _EUROPEAN,
    "greek": _EUROPEAN,
    "cyrillic": _EUROPEAN,
    COMMON: _EUROPEAN,
}
_CHINESE, _JAPANESE, _KOREAN = "noto-sans-sc", "noto-sans-jp", "noto-sans-kr"
_EAST_ASIAN = {"zh": _CHINESE, "ja": _JAPANESE, "ko": _KOREAN}

# The files in faces/.
BUNDLED: Final = frozenset(f"{family}-{weight}" for family in _EUROPEAN for weight in ("regular", "bold"))
_FOLDER: Final = Path(__file__).parent / "faces"

# The files in fonts/: every name that `fetch_font` may be asked for.
UPLOADED = (
    *(
        f"{family}-{weight}"
        for family in sorted({family for families in _FAMILIES.values() for family in families} - {*_EUROPEAN})
        for weight in ("regular", "bold")
    ),
    *(f"{family}-regular" for family in (_CHINESE, _JAPANESE, _KOREAN)),
)

FetchFont = Callable[[str], Awaitable[bytes]]


class FontLibrary:
    """`fetch_font` gives the file of one of `UPLOADED`; whatever it raises goes through to the caller of `prepare`."""

    def __init__(self, fetch_font: FetchFont) -> None:
        self._fetch = fetch_font
        self._faces: dict[str, Face] = {}

    async def prepare(self, text: str, serif: bool, bold: bool, language: str, own: Face | None = None) -> "FaceChoice":
        """Loads what a text needs; `own` is a face of the design's, which comes before ours. What no face has raises
        `MissingGlyph` in `FaceChoice`."""
        choice = FaceChoice(self._faces, text, serif, bold, language, own)
        for character in dict.fromkeys(text):
            if own and character in own:
                continue
            for name in choice.names(character):
                if name not in self._faces:
                    self._faces[name] = await self._load(name)
                if character in self._faces[name]:
                    break
        return choice

    async def _load(self, name: str) -> Face:
        if name.startswith("bold:"):
            return Face(name, await self._fetch(name[5:]), bold_by_stroke=True)
        return bundled(name) or Face(name, await self._fetch(name))


class FaceChoice:
    """The faces of one text: what `lines.set_line` asks for each character."""

    def __init__(
        self, faces: dict[str, Face], text: str, serif: bool, bold: bool, language: str, own: Face | None = None
    ) -> None:
        self._faces = faces
        self._own = own
        self._serif = serif
        self._bold = bold
        self._east_asian = _east_asian(text, language)

    def __call__(self, script: str, character: str) -> Face:
        if self._own and character in self._own:
            return self._own
        names = (*self.names_of(script), *self.names_of(COMMON), *self._names(self._east_asian[:1]))
        for name in names:
            face = self._faces.get(name)
            if face is not None and character in face:
                return face
        raise MissingGlyph(character)

    def names(self, character: str) -> Iterator[str]:
        """Where a character may be found, the likeliest first."""
        [script] = scripts_in(character) or [COMMON]
        yield from self.names_of(script)

    def names_of(self, script: str) -> tuple[str, ...]:
        if script in _FAMILIES:
            return self._names((_FAMILIES[script][self._serif],))
        return self._names(self._east_asian) if script in ("han", "kana", "hangul") else ()

    def _names(self, families: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            ("bold:" if self._bold else "") + f"{family}-regular"
            if family in _EAST_ASIAN.values()
            else f"{family}-{'bold' if self._bold else 'regular'}"
            for family in families
        )


def _east_asian(text: str, language: str) -> tuple[str, ...]:
    """Chinese characters differ between the three languages: kana and hangul tell which it is, or else the locale."""
    scripts = scripts_in(text)
    first = _EAST_ASIAN.get(language[:2], _CHINESE)
    if "kana" in scripts:
        first = _JAPANESE
    elif "hangul" in scripts:
        first = _KOREAN
    return (first, *(family for family in _EAST_ASIAN.values() if family != first))


@cache
def bundled(name: str) -> Face | None:
    return Face(name, (_FOLDER / f"{name}.ttf").read_bytes()) if name in BUNDLED else None
