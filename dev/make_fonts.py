"""Makes the font files of this project from the Noto families: `python -m dev.make_fonts FOLDER`.

FOLDER holds the unpacked npm packages `@expo-google-fonts/noto-…` (`npm pack NAME`, each in a folder named after the
family, such as `noto-sans`; the two Arabic families from Debian's fonts-noto-core instead: there a letter is one glyph,
so that a name can be copied out of a PDF; newer ones compose letters from parts). The faces every Worker carries go to
src/certificates/faces; the others to fonts/, which an operator uploads to R2.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).parent.parent
BUNDLED = ROOT / "src/certificates/faces"
UPLOADED = ROOT / "fonts"

# Punctuation, currencies and signs that stand beside names in any script.
COMMON = "20-7E A0-BF 2C6-2DD 2000-206F 20A0-20BF 2116 2122 25CC"
EUROPEAN = (
    f"{COMMON} C0-24F 250-2AF 2B0-2C5 2DE-36F 370-3FF 400-52F 1C80-1C88 1E00-1FFF 2070-209F 2100-214F 2190-2193"
    " 2212 2215 2C60-2C7F A720-A7FF FB00-FB06"
)
CJK_SIGNS = "20-7E A0-FF 2010-2027 2030-203B 3000-303F FF00-FFEF"
CODINGS = {"noto-sans-sc": ("gb2312", "big5"), "noto-sans-jp": ("cp932",), "noto-sans-kr": ("cp949",)}
WEIGHTS = {"regular": "400Regular", "bold": "700Bold"}


def ranges(text: str) -> Iterator[int]:
    for part in text.split():
        first, _, last = part.partition("-")
        yield from range(int(first, 16), int(last or first, 16) + 1)


def coded(*names: str) -> Iterator[int]:
    """The characters of legacy codings: the common ones of a language. Big5's second level is rare ones, left out."""
    for name in names:
        for first in range(0xA1, 0xFE) if name in ("gb2312", "big5") else range(0x81, 0xFD):
            if name == "big5" and first > 0xC6:
                break
            for second in range(0x40, 0xFF):
                try:
                    text = bytes((first, second)).decode(name)
                except UnicodeDecodeError:
                    continue
                if len(text) == 1 and not 0xE000 <= ord(text) < 0xF900:
                    yield ord(text)


def smaller(path: Path, characters: set[int] | None) -> bytes:
    """The face without hinting (print and screens do without) and with the layout tables its script is shaped by."""
    options = subset.Options(hinting=False, notdef_outline=True, name_IDs=[0, 1, 2, 4, 6, 13, 14], glyph_names=False)
    options.layout_features = (
        ["*"] if characters is None else ["ccmp", "kern", "liga", "locl", "mark", "mkmk", "calt", "rlig"]
    )
    options.drop_tables += ["STAT", "DSIG", "BASE", "vhea", "vmtx", "VORG", "meta", "gasp"]
    font = TTFont(path, recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=set(font.getBestCmap()) if characters is None else characters)
    subsetter.subset(font)
    file = BytesIO()
    font.save(file)
    return file.getvalue()


def source(folder: Path, family: str, weight: str) -> Path:
    [path] = (folder / family / WEIGHTS[weight]).glob("*.ttf")
    return path


def main(folder: Path) -> None:
    for family in ("noto-sans", "noto-serif"):
        for weight in ("regular", "bold"):
            write(BUNDLED, f"{family}-{weight}", smaller(source(folder, family, weight), set(ranges(EUROPEAN))))
    others = ["noto-sans-arabic", "noto-naskh-arabic", "noto-sans-hebrew", "noto-serif-hebrew"]
    others += ["noto-sans-devanagari", "noto-serif-devanagari", "noto-sans-bengali", "noto-serif-bengali"]
    others += ["noto-sans-tamil", "noto-sans-thai"]
    for family in others:
        for weight in ("regular", "bold"):
            write(UPLOADED, f"{family}-{weight}", smaller(source(folder, family, weight), None))
    for family, names in CODINGS.items():
        characters = {*ranges(CJK_SIGNS), *coded(*names)}
        write(UPLOADED, f"{family}-regular", smaller(source(folder, family, "regular"), characters))


def write(folder: Path, name: str, face: bytes) -> None:
    (folder / f"{name}.ttf").write_bytes(face)
    print(f"{name}\t{len(face) // 1000} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
