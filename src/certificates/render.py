"""Certificates of one design: what all have in common is drawn once, and each person's words are set upon it.

The promise: one immutable PDF/A-2u file a person, the same bytes for the same input; or an error that says which of
the person's own values is at fault.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from certificates import dates, shapes
from certificates.design import Design, Page
from certificates.elements.base import Element
from certificates.fonts import FontLibrary
from certificates.lines import clean
from certificates.sheet import POINTS, Person, Sheet
from certificates.typesetting import Typesetter
from core.errors import TemplateRefused

if TYPE_CHECKING:
    from certificates.document import Document


class Renderer:
    """`assets`: the bytes of each picture and font that `design.assets` names. Use one for all people of a job."""

    def __init__(self, design: Design, fonts: FontLibrary, assets: Mapping[str, bytes]) -> None:
        missing = sorted(design.assets - assets.keys())
        if missing:
            raise TemplateRefused("assets", f"'{missing[0]}' was not uploaded")
        self._design = design
        self._assets = assets
        self._typesetter = Typesetter(fonts, assets)
        self._common: Document | None = None
        self._drawn: dict[str, bytes] = {}  # the unchanging content of each element, by its path

    async def render(
        self, values: Mapping[str, Any], *, code: str, verify_url: str, issued: int, locale: str = "en"
    ) -> bytes:
        """`issued`: milliseconds since 1970. `values`: what the design's texts name, and `expires` if it does."""
        from certificates.document import Document

        person = Person(
            {**values, "issued": issued}, _texts(values, code, verify_url, issued, locale), locale, verify_url
        )
        title = clean(self._design.title.filled(person.texts))
        if self._common is None:
            self._common = self._draw_common()
        document = Document(title, locale.replace("_", "-"), issued, self._design.size)
        document.lies_on(self._common)
        sheet = self._sheet(document)
        for page in self._design.pages:
            document.add_page()
            for element in page.elements:
                await self._draw(sheet, element, person)
        return document.finished()

    def _sheet(self, document: "Document") -> Sheet:
        return Sheet(document, self._design, self._assets, self._typesetter)

    def _draw_common(self) -> "Document":
        from certificates.document import Document

        document = Document("", "en", 0, self._design.size)
        sheet = self._sheet(document)
        for page in self._design.pages:
            document.add_page()
            self._draw_background(sheet, page)
            document.end_beneath()
            for element in page.elements:
                before = len(document.written())
                element.draw_common(sheet)
                self._drawn[element.path] = document.written()[before:]
        return document

    def _draw_background(self, sheet: Sheet, page: Page) -> None:
        width, height = sheet.size
        background = page.background
        if "color" in background:
            sheet.write(shapes.rectangle(0, 0, width * POINTS, height * POINTS, background["color"], None, 0))
        if "svg" in background:
            sheet.picture(background["svg"].encode(), (0, 0, width, height), f"{page.path}.background.svg")
        if "asset" in background:
            sheet.picture(self._assets[background["asset"]], (0, 0, width, height), f"{page.path}.background.asset")

    async def _draw(self, sheet: Sheet, element: Element, person: Person) -> None:
        rotation = element.options.get("rotation", 0)
        sheet.write(b"q")
        if rotation:
            left, bottom, width, height = sheet.box(element.options)
            sheet.write(shapes.turned(rotation, left + width / 2, bottom + height / 2))
        if drawn := self._drawn[element.path]:
            sheet.write(drawn)
        await element.draw(sheet, person)
        sheet.write(b"Q")


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
