"""Runs on Pyodide: certificates of a batch, ours and plain fpdf2's of as many words. Prints JSON."""

import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from certificates import designs
from certificates.design import Design
from certificates.fonts import FontLibrary
from certificates.render import Renderer

PEOPLE, PLAIN = 50, 8
ISSUED = 1_795_536_000_000
LATIN = [("Željko", "Đurović"), ("Zoë", "Nguyễn"), ("Łucja", "Dvořáková"), ("Søren", "Ångström"), ("José", "Müller")]
ARABIC = [("محمد", "الخطيب"), ("فاطمة", "الزهراء"), ("عبد الرحمن", "خوري"), ("ليلى", "حداد"), ("يوسف", "منصور")]
FULL = Path("/project/node_modules/dejavu-fonts-ttf/ttf")  # whole faces, for all these scripts
URL = "https://certificates.example.org/verify/QK7M-2XPD-94TC-W"


def people(names: list[tuple[str, str]]) -> list[str]:
    """Fifty different ones."""
    return [f"{first} {last} {place}" for place in range(PEOPLE) for first, last in [names[place % len(names)]]]


async def fetch(name: str) -> bytes:
    return Path(f"/project/fonts/{name}.ttf").read_bytes()  # noqa: ASYNC240 - nothing else runs here


async def ours(design: str, names: list[str], title: str, issuer: str, locale: str) -> tuple[float, list[int]]:
    renderer = Renderer(Design.load(designs.load(design)), FontLibrary(fetch), {})

    async def one(name: str) -> bytes:
        values = {"name": name, "title": title, "issuer": issuer, "grade": "92 %"}
        return await renderer.render(values, code="QK7M-2XPD-94TC-W", verify_url=URL, issued=ISSUED, locale=locale)

    return await measured(one, names)


async def plain(names: list[str], shaping: bool) -> tuple[float, list[int]]:
    """As anybody would write it with fpdf2: a document a person, its fonts embedded."""
    import fpdf

    async def one(name: str) -> bytes:
        import segno

        pdf = fpdf.FPDF(orientation="landscape")
        pdf.creation_date = datetime.fromtimestamp(ISSUED / 1000, UTC)
        pdf.add_page()
        pdf.add_font("body", "", FULL / "DejaVuSans.ttf")
        pdf.add_font("body", "B", FULL / "DejaVuSans-Bold.ttf")
        pdf.set_text_shaping(shaping)
        pdf.rect(10, 10, 277, 190)
        for style, size, y, text in (("", 13, 26, name), ("B", 34, 34, name), ("B", 42, 70, name), ("", 14, 99, name)):
            pdf.set_font("body", style, size)
            pdf.set_xy(30, y)
            pdf.cell(237, 10, text, align="C")
        for y, row in enumerate(segno.make_qr(URL, error="m").matrix):
            for x, dark in enumerate(row):
                if dark:
                    pdf.rect(210 + x * 0.7, 146 + y * 0.7, 0.7, 0.7, style="F")
        return bytes(pdf.output())

    return await measured(one, names)


async def measured(one: Callable[[str], Awaitable[bytes]], names: list[str]) -> tuple[float, list[int]]:
    """Milliseconds each and the sizes; the first person pays for what is loaded on first use and is not counted."""
    await one(names[0])
    began = time.perf_counter()
    sizes = [len(await one(name)) for name in names[1:]]
    return (time.perf_counter() - began) * 1000 / len(sizes), sizes


async def main() -> None:
    result: dict[str, Any] = {}
    began = time.perf_counter()
    import certificates.document  # noqa: F401

    result["import_seconds"] = time.perf_counter() - began
    latin, arabic = people(LATIN), people(ARABIC)
    result["latin_ms"], latin_sizes = await ours("classic", latin, "Marine Biology", "University", "en")
    result["shaped_ms"], shaped_sizes = await ours("rtl", arabic, "علم الأحياء البحرية", "جامعة البحر الشمالي", "ar")
    result["plain_ms"], _ = await plain(latin[:PLAIN], shaping=False)
    result["plain_shaped_ms"], _ = await plain(arabic[:PLAIN], shaping=True)
    result["bytes"] = max(*latin_sizes, *shaped_sizes)
    print(json.dumps(result))
