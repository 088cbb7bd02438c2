"""A QR code as rectangles of a PDF's content: sharp at any size, and no picture to decode."""

from itertools import groupby
from typing import TYPE_CHECKING, ClassVar, Final

from certificates import shapes
from certificates.elements.base import Element
from certificates.elements.properties import COLOUR, LENGTH

if TYPE_CHECKING:
    from certificates.sheet import Person, Sheet

_MASK: Final = 2


class Qr(Element):
    type = "qr"
    about = "The address of the verify page, on white"
    properties: ClassVar = {
        "x": LENGTH,
        "y": LENGTH,
        "size": {"type": "number", "minimum": 12, "maximum": 200},
        "color": COLOUR,
    }
    required = ("x", "y", "size")

    async def draw(self, sheet: "Sheet", person: "Person") -> None:
        size = self.options["size"]
        left, bottom, size, _ = sheet.box({**self.options, "width": size, "height": size})
        sheet.write(shapes.rectangle(left, bottom, size, size, "#ffffff", None, 0))
        sheet.write(shapes.color(self.color))
        sheet.write(_modules(person.verify_url, left, bottom, size))


def _modules(address: str, left: float, bottom: float, size: float) -> bytes:
    """Fills the dark modules with the current colour, in points; the margin of four modules lies within `size`."""
    import segno

    # choosing the best of eight masks takes most of the time, and readers take any
    matrix = segno.make_qr(address, error="m", boost_error=False, mask=_MASK).matrix
    module = size / (len(matrix) + 8)
    drawn = [f"{module:.4f} 0 0 {-module:.4f} {left + 4 * module:.3f} {bottom + size - 4 * module:.3f} cm"]
    for y, row in enumerate(matrix):
        x = 0
        for dark, group in groupby(row):
            width = len(list(group))
            if dark:
                drawn.append(f"{x} {y} {width} 1 re")
            x += width
    return "\n".join([*drawn, "f"]).encode()
