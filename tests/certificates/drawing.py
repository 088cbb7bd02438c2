"""Certificates as the tests see them: rendered, turned into grey pixels by poppler, read back by it and by zbar."""

import re
import struct
import subprocess
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pypdfium2

from certificates import designs
from certificates.design import Design
from certificates.fonts import FontLibrary
from certificates.render import Renderer
from dev.debian import find

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
ISSUED = 1_795_536_000_000  # 2026-11-24
CODE = "QK7M-2XPD-94TC-W"
FINER = 4
BIDI = re.compile("[\u202a-\u202e]")
URL = f"https://certificates.example.org/verify/{CODE}"

NAMES = {
    "latin": "Željko Đurović Łęcka-Ågren",
    "vietnamese": "Nguyễn Thị Hạnh Phượng",
    "greek": "Αλεξάνδρα Παπαδοπούλου",
    "cyrillic": "Екатерина Щербакова Їжак",
    "arabic": "محمد عبد الرحمن الخطيب",
    "hebrew": "יעקב בן שלום כהן",
    "devanagari": "श्रीकृष्ण त्रिपाठी क्षत्रिय",
    "bengali": "শ্রীকৃষ্ণ চট্টোপাধ্যায়",
    "tamil": "ஸ்ரீகிருஷ்ணன் கௌரி",
    "thai": "สุภาพร น้ำผึ้ง ญาณี",
    "chinese": "王小明 張偉 龍",
    "japanese": "髙橋 さくら タロウ",
    "korean": "김민수 홍길동 똠",
    "mixed": "Ali علي 123 (محمد) 王 कृ",
}


async def fetch_font(name: str) -> bytes:
    return (ROOT / "fonts" / f"{name}.ttf").read_bytes()


def library() -> FontLibrary:
    return FontLibrary(fetch_font)


def design_of(*elements: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "title": "A test",
        "page": {"size": [140, 40]},
        "pages": [{"elements": list(elements)}],
        **more,
    }


def words(kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"type": kind, "x": 5, "y": 5, "width": 130, "height": 30, **more}


async def rendered(document: Mapping[str, Any], assets: Mapping[str, bytes] | None = None, **values: Any) -> bytes:
    locale = values.pop("locale", "en")
    renderer = Renderer(Design.load(document), library(), assets or {})
    return await renderer.render(values, code=CODE, verify_url=URL, issued=ISSUED, locale=locale)


async def line_of(name: str, **font: Any) -> bytes:
    return await rendered(design_of(words("name", font={"size": 24, **font})), name=name)


async def built_in(name: str) -> bytes:
    arabic = name == "rtl"
    values: dict[str, Any] = {
        "name": "فاطمة الزهراء" if arabic else "Zoë Dvořáková",
        "title": "علم الأحياء البحرية" if arabic else "Introduction to Marine Biology and Ecology",
        "issuer": "جامعة البحر الشمالي" if arabic else "University of the Northern Sea",
        "grade": "92",
        "expires": "2029-11-24",
    }
    return await rendered(designs.load(name), None, locale="ar" if arabic else "en", **values)


class Picture(NamedTuple):
    """Grey pixels, row by row."""

    width: int
    height: int
    pixels: bytes

    def png(self) -> bytes:
        rows = (b"\0" + self.pixels[at : at + self.width] for at in range(0, len(self.pixels), self.width))
        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 0, 0, 0, 0)
        chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)

    @classmethod
    def read(cls, data: bytes) -> "Picture":
        """One that `png` wrote."""
        width, height = struct.unpack(">II", data[16:24])
        at = data.index(b"IDAT")
        size = int.from_bytes(data[at - 4 : at])
        packed = zlib.decompress(data[at + 4 : at + 4 + size])
        rows = (packed[row + 1 : row + 1 + width] for row in range(0, len(packed), width + 1))
        return cls(width, height, b"".join(rows))

    def difference(self, other: "Picture") -> float:
        """The share of ink that is elsewhere: 0 for the same picture, about 1 or more for another text."""
        assert (self.width, self.height) == (other.width, other.height)
        changed = sum(abs(mine - theirs) for mine, theirs in zip(self.pixels, other.pixels, strict=True))
        ink = max(self.pixels) * len(self.pixels) - sum(self.pixels)
        return changed / max(ink, 1)

    def coarser(self, times: int) -> "Picture":
        """Each square of so many pixels as one, its mean."""
        width, height = self.width // times, self.height // times
        squares = bytearray()
        for top in range(0, height * times, times):
            rows = (self.pixels[row * self.width :][: width * times] for row in range(top, top + times))
            columns = [sum(column) for column in zip(*rows, strict=True)]
            squares += bytes(sum(columns[at : at + times]) // times**2 for at in range(0, len(columns), times))
        return Picture(width, height, bytes(squares))

    def furthest(self, other: "Picture") -> int:
        """How much ink is elsewhere in any one place, up to 255: an edge counts for little, an accent for much."""
        places = (self.coarser(2), other.coarser(2))
        assert places[0][:2] == places[1][:2]
        return max(abs(mine - theirs) for mine, theirs in zip(places[0].pixels, places[1].pixels, strict=True))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def drawn(pdf: bytes, dots_per_inch: int = 60) -> Picture:
    """The first page."""
    drawing = run("pdftoppm", "-gray", "-singlefile", "-r", str(dots_per_inch), "-", data=pdf)
    kind, size, white, pixels = drawing.split(b"\n", 3)
    assert (kind, white) == (b"P5", b"255")
    width, height = map(int, size.split())
    return Picture(width, height, pixels)


def by_pdfium(pdf: bytes, dots_per_inch: int) -> Picture:
    """The first page as browsers draw it."""
    document = pypdfium2.PdfDocument(pdf)
    bitmap = document[0].render(scale=dots_per_inch / 72, grayscale=True)
    data = bytes(bitmap.buffer)
    rows = (data[at : at + bitmap.width] for at in range(0, bitmap.stride * bitmap.height, bitmap.stride))
    picture = Picture(bitmap.width, bitmap.height, b"".join(rows))
    document.close()
    return picture


def evened(pdf: bytes, dots_per_inch: int = 60) -> Picture:
    """The first page without the ways of a renderer: where it rounds letters to pixels, how it smooths edges."""
    return drawn(pdf, dots_per_inch * FINER).coarser(FINER)


def text_of(pdf: bytes, page: int = 0) -> str:
    """As poppler copies it out, without the marks that it puts round what goes from right to left."""
    number = str(page + 1)
    return BIDI.sub("", run("pdftotext", "-f", number, "-l", number, "-", "-", data=pdf).decode())


def text_by_pdfium(pdf: bytes) -> str:
    """The first page's, as browsers copy it out."""
    document = pypdfium2.PdfDocument(pdf)
    text = str(document[0].get_textpage().get_text_range())
    document.close()
    return text


def codes_in(picture: Picture) -> list[str]:
    """What zbar reads from it; it fails where there is no code."""
    header = f"P5\n{picture.width} {picture.height}\n255\n"
    return run("zbarimg", "--raw", "-q", "-", data=header.encode() + picture.pixels).decode().splitlines()


def run(program: str, *options: str, data: bytes) -> bytes:
    done = subprocess.run((find(program), *options), input=data, capture_output=True, check=False, timeout=300)
    assert not done.returncode, f"{program}: {done.stderr.decode()}"
    return done.stdout
