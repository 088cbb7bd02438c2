"""Certificates of one design: what all have in common is drawn once, and each person's words are set upon it.

The promise: one immutable PDF/A-2u file a person, the same bytes for the same input; or an error that says which of
the person's own values is at fault.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from certificates import dates, shapes
from certificates.design import MAX_VALUE, Design, Element, Page
from certificates.fonts import FontLibrary
from certificates.lines import Line, base_direction, clean, set_line
from core.errors import MissingVariable, RenderingFailed, TemplateRefused

if TYPE_CHECKING:
    from certificates.block import Block
    from certificates.document import Document
    from certificates.face import Face

POINTS: Final = 72 / 25.4  # in a millimetre
_BLACK: Final = "#000000"
_REMEMBERED: Final = 256  # texts, most of them on many people's certificates


@dataclass(frozen=True)
class _Person:
    """What one certificate is filled with."""

    values: Mapping[str, Any]
    texts: Mapping[str, str]
    locale: str
    verify_url: str


class Renderer:
    """`assets`: the bytes of each picture and font that `design.assets` names. Use one for all people of a job."""

    def __init__(self, design: Design, fonts: FontLibrary, assets: Mapping[str, bytes]) -> None:
        missing = sorted(design.assets - assets.keys())
        if missing:
            raise TemplateRefused("assets", f"'{missing[0]}' was not uploaded")
        self._design = design
        self._fonts = fonts
        self._assets = assets
        self._common: Document | None = None
        self._drawn: dict[str, bytes] = {}  # the unchanging content of each element, by its path
        self._blocks: OrderedDict[tuple[str, ...], Block] = OrderedDict()
        self._own: dict[str, Face] = {}  # the design's own faces, by name

    async def render(
        self, values: Mapping[str, Any], *, code: str, verify_url: str, issued: int, locale: str = "en"
    ) -> bytes:
        """`issued`: milliseconds since 1970. `values`: what the design's texts name, and `expires` if it does."""
        from certificates.document import Document

        person = _Person(
            {**values, "issued": issued}, _texts(values, code, verify_url, issued, locale), locale, verify_url
        )
        title = clean(self._design.title.filled(_needed(self._design.title.variables, person.texts)))
        if self._common is None:
            self._common = self._draw_common()
        document = Document(title, locale.replace("_", "-"), issued, self._design.size)
        document.lies_on(self._common)
        for page in self._design.pages:
            document.add_page()
            for element in page.elements:
                await self._draw(document, element, person)
        return document.finished()

    # what all have in common

    def _draw_common(self) -> "Document":
        from certificates.document import Document

        document = Document("", "en", 0, self._design.size)
        for page in self._design.pages:
            document.add_page()
            self._draw_background(document, page)
            document.end_beneath()
            for element in page.elements:
                before = len(document.written())
                self._draw_static(document, element)
                self._drawn[element.path] = document.written()[before:]
        return document

    def _draw_background(self, document: "Document", page: Page) -> None:
        width, height = self._design.size
        background = page.background
        if "color" in background:
            document.write(shapes.rectangle(0, 0, width * POINTS, height * POINTS, background["color"], None, 0))
        if "svg" in background:
            self._picture(document, background["svg"].encode(), (0, 0, width, height), f"{page.path}.background.svg")
        if "asset" in background:
            self._picture(
                document, self._assets[background["asset"]], (0, 0, width, height), f"{page.path}.background.asset"
            )

    def _draw_static(self, document: "Document", element: Element) -> None:
        options = element.options
        stroke, thickness = options.get("color"), options.get("thickness", 0.3) * POINTS
        if element.kind == "border":
            self._border(
                document, stroke or _BLACK, thickness, options.get("inset", 10), options.get("style") == "double"
            )
        elif element.kind == "line":
            left, bottom, width, height = self._box(options)
            document.write(shapes.line(left, bottom + height, left + width, bottom, thickness, stroke or _BLACK))
        elif element.kind == "rectangle":
            fill = options.get("fill")
            stroke = stroke or (None if fill else _BLACK)
            document.write(
                shapes.rectangle(*self._box(options), fill, stroke, thickness, options.get("radius", 0) * POINTS)
            )
        elif element.kind in ("image", "signature") and ("asset" in options or "svg" in options):
            height = options["height"] * (0.62 if element.kind == "signature" else 1)
            source = options["svg"].encode() if "svg" in options else self._assets[options["asset"]]
            self._picture(document, source, (options["x"], options["y"], options["width"], height), element.path)
        if element.kind == "signature":
            left, bottom, width, height = self._box(options)
            y = bottom + height * 0.36
            document.write(shapes.line(left, y, left + width, y, 0.6, options.get("color", _BLACK)))

    def _border(self, document: "Document", color: str, thickness: float, inset: float, double: bool) -> None:
        width, height = (edge * POINTS for edge in self._design.size)
        edge = inset * POINTS
        document.write(shapes.rectangle(edge, edge, width - 2 * edge, height - 2 * edge, None, color, thickness))
        if double:
            edge += 2.2 * thickness + 2
            document.write(
                shapes.rectangle(edge, edge, width - 2 * edge, height - 2 * edge, None, color, thickness / 3)
            )

    def _picture(self, document: "Document", data: bytes, box: tuple[float, float, float, float], path: str) -> None:
        from certificates import pictures, svg

        if pictures.is_svg(data):
            svg.check(data, path)
            try:
                document.svg(data, *box)
            except Exception as fault:  # fpdf2's own parser raises anything
                raise TemplateRefused(path, f"cannot be drawn: {str(fault)[:200] or type(fault).__name__}") from None
            return
        info = pictures.raster(data, path)
        index = document.raster(hashlib.sha256(data).hexdigest(), info)
        x, y, wide, high = box
        scale = min(wide / info["w"], high / info["h"])
        width, height = info["w"] * scale, info["h"] * scale
        left = (x + (wide - width) / 2) * POINTS
        bottom = (self._design.size[1] - y - (high + height) / 2) * POINTS
        place = f"{width * POINTS:.3f} 0 0 {height * POINTS:.3f} {left:.3f} {bottom:.3f} cm"
        document.write(f"q {place} /I{index} Do Q".encode())

    # what is each person's own

    async def _draw(self, document: "Document", element: Element, person: _Person) -> None:
        options = element.options
        rotation = options.get("rotation", 0)
        document.write(b"q")
        if rotation:
            left, bottom, width, height = self._box(options)
            document.write(shapes.turned(rotation, left + width / 2, bottom + height / 2))
        if drawn := self._drawn[element.path]:
            document.write(drawn)
        if element.kind == "qr":
            self._qr(document, options, person.verify_url)
        elif element.text is not None:
            await self._words(document, element, person)
        document.write(b"Q")

    def _qr(self, document: "Document", options: Mapping[str, Any], address: str) -> None:
        from certificates import qr

        left, bottom, size, _ = self._box({**options, "width": options["size"], "height": options["size"]})
        document.write(shapes.rectangle(left, bottom, size, size, "#ffffff", None, 0))
        document.write(shapes.color(options.get("color", _BLACK)))
        document.write(qr.operators(address, left, bottom, size))

    async def _words(self, document: "Document", element: Element, person: _Person) -> None:
        from certificates import block

        text = self._filled(element, person)
        if not text.strip():
            return
        options = element.options
        left, bottom, width, height = self._box(options)
        valign = options.get("valign", "middle")
        if element.kind == "signature":
            height, valign = height * 0.33, "top"
        fitted = await self._fitted(element, text, person.locale, (width, height))
        code = options.get("color", _BLACK)
        color = shapes.color(code)
        if any(run.face.bold_by_stroke for line in fitted.lines for run in line.runs):
            color += b" " + shapes.color(code, stroke=True)
        align, spacing = self._align(options.get("align", "center")), options.get("font", {}).get("spacing", 0)
        block.write(document, fitted, block.Placement(left, bottom, width, height, align, valign, color, spacing))

    async def _fitted(self, element: Element, text: str, locale: str, box: tuple[float, float]) -> "Block":
        """Remembered: most texts are the same for everybody."""
        from certificates import block

        key = (element.path, text, locale)
        if key in self._blocks:
            self._blocks.move_to_end(key)
            return self._blocks[key]
        font = element.options.get("font", {})
        serif, bold = font.get("family") == "serif", font.get("weight") == "bold"
        own = self._own_face(font["asset"], bold) if "asset" in font else None
        choice = await self._fonts.prepare(text, serif, bold, locale, own)
        right_to_left, language = self._reads_from_right(element, text), locale.replace("_", "-")

        def one(part: str) -> Line:
            return set_line(part, choice, right_to_left, language)

        fit = block.on_one_line if element.kind == "name" else block.fit
        fitted = self._blocks[key] = fit(
            text, one, font.get("size", 12), font.get("line_height", 1.35), box, element.path
        )
        if len(self._blocks) > _REMEMBERED:
            self._blocks.popitem(last=False)
        return fitted

    def _own_face(self, asset: str, bold: bool) -> "Face":
        """Bold by a stroke: the bold face of a family is a file of its own."""
        from certificates.face import Face

        name = f"bold:{asset}" if bold else asset
        if name not in self._own:
            self._own[name] = Face(name, self._assets[asset], bold_by_stroke=bold)
        return self._own[name]

    def _filled(self, element: Element, person: _Person) -> str:
        assert element.text is not None
        if element.optional and person.values.get(element.optional) in (None, ""):
            return ""
        texts = person.texts
        if variable := element.date_variable:
            value = person.values.get(variable)
            if value is None:
                raise MissingVariable(variable)
            day = dates.parsed(value, variable)
            texts = {**texts, "date": dates.formatted(day, element.options.get("format", "long"), person.locale)}
        return clean(element.text.filled(_needed(element.text.variables, texts)))

    def _reads_from_right(self, element: Element, text: str) -> bool:
        """A name goes its own way; a sentence goes the way of its own words, whoever's name it begins with."""
        own = "" if element.kind == "name" or element.text is None else element.text.literal
        return base_direction(own, base_direction(text, self._design.right_to_left))

    def _align(self, align: str) -> str:
        start, end = ("right", "left") if self._design.right_to_left else ("left", "right")
        return {"start": start, "end": end}.get(align, align)

    def _box(self, options: Mapping[str, Any]) -> tuple[float, float, float, float]:
        """Left, bottom, width and height in points from the lower left corner."""
        width, height = options["width"] * POINTS, options["height"] * POINTS
        return options["x"] * POINTS, (self._design.size[1] - options["y"]) * POINTS - height, width, height


def _texts(values: Mapping[str, Any], code: str, verify_url: str, issued: int, locale: str) -> dict[str, str]:
    """What placeholders stand for; a value that is null is not there."""
    texts: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            texts[name] = str(value)
    texts |= {
        "code": code,
        "verify_url": verify_url,
        "issued": dates.formatted(dates.parsed(issued, "issued"), "long", locale),
    }
    return texts


def _needed(names: frozenset[str], texts: Mapping[str, str]) -> Mapping[str, str]:
    for name in sorted(names):
        if name not in texts:
            raise MissingVariable(name)
        if len(texts[name]) > MAX_VALUE:
            raise RenderingFailed(f"variable '{name}' has more than {MAX_VALUE:,} characters")
    return texts
