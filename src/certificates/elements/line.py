"""A line."""

from typing import TYPE_CHECKING, ClassVar

from certificates import shapes
from certificates.elements.base import Element
from certificates.elements.properties import BOX, PLACE, STROKE

if TYPE_CHECKING:
    from certificates.sheet import Sheet


class Line(Element):
    type = "line"
    about = "From the box's upper left to its lower right corner"
    properties: ClassVar = {**BOX, **STROKE}
    required = PLACE

    def draw_common(self, sheet: "Sheet") -> None:
        left, bottom, width, height = sheet.box(self.options)
        sheet.write(shapes.line(left, bottom + height, left + width, bottom, self.thickness, self.color))
