"""A box, with round corners or without."""

from typing import TYPE_CHECKING, ClassVar

from certificates import shapes
from certificates.elements.base import BLACK, Element
from certificates.elements.properties import BOX, COLOUR, LENGTH, PLACE, STROKE
from certificates.sheet import POINTS

if TYPE_CHECKING:
    from certificates.sheet import Sheet


class Rectangle(Element):
    type = "rectangle"
    about = "A box, filled, outlined or both"
    properties: ClassVar = {**BOX, **STROKE, "fill": COLOUR, "radius": LENGTH}
    required = PLACE

    def draw_common(self, sheet: "Sheet") -> None:
        fill = self.options.get("fill")
        stroke = self.options.get("color", None if fill else BLACK)
        radius = self.options.get("radius", 0) * POINTS
        sheet.write(shapes.rectangle(*sheet.box(self.options), fill, stroke, self.thickness, radius))
