"""A frame about the page."""

from typing import TYPE_CHECKING, ClassVar

from certificates import shapes
from certificates.elements.base import Element
from certificates.elements.properties import LENGTH, STROKE
from certificates.sheet import POINTS

if TYPE_CHECKING:
    from certificates.sheet import Sheet


class Border(Element):
    type = "border"
    about = "A frame at a distance from the page's edges"
    properties: ClassVar = {
        **STROKE,
        "inset": LENGTH,
        "style": {"enum": ["single", "double"], "default": "single"},
    }
    required = ()

    def draw_common(self, sheet: "Sheet") -> None:
        inset = self.options.get("inset", 10) * POINTS
        self._frame(sheet, inset, self.thickness)
        if self.options.get("style") == "double":
            self._frame(sheet, inset + (2.2 * self.thickness + 2), self.thickness / 3)

    def _frame(self, sheet: "Sheet", inset: float, thickness: float) -> None:
        width, height = (edge * POINTS for edge in sheet.size)
        sheet.write(shapes.rectangle(inset, inset, width - 2 * inset, height - 2 * inset, None, self.color, thickness))
