"""A picture: one that was uploaded, or an SVG in the design itself."""

from typing import TYPE_CHECKING, ClassVar

from certificates import svg
from certificates.elements.base import Element
from certificates.elements.properties import ASSET, BOX, PLACE, SVG
from core.errors import TemplateRefused

if TYPE_CHECKING:
    from certificates.sheet import Sheet


class Image(Element):
    type = "image"
    about = "A picture, its proportions kept"
    properties: ClassVar = {**BOX, "asset": ASSET, "svg": SVG}
    required = PLACE

    def check(self) -> None:
        if ("svg" in self.options) == ("asset" in self.options):
            raise TemplateRefused(self.path, "needs either `asset` or `svg`")
        if "svg" in self.options:
            svg.check(self.options["svg"].encode(), f"{self.path}.svg")

    def draw_common(self, sheet: "Sheet") -> None:
        x, y, width, height = (self.options[edge] for edge in PLACE)
        source = self.options["svg"].encode() if "svg" in self.options else sheet.assets[self.options["asset"]]
        sheet.picture(source, (x, y, width, height), self.path)
