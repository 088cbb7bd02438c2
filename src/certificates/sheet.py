"""What elements are drawn on, and for whom.

A design measures in millimetres from the upper left corner of the page, a PDF in points from the lower left one.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from certificates.design import Design
    from certificates.document import Document
    from certificates.typesetting import Typesetter

POINTS: Final = 72 / 25.4  # in a millimetre

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Person:
    """What one certificate is filled with. `texts`: what placeholders stand for."""

    values: Mapping[str, Any]
    texts: Mapping[str, str]
    locale: str
    verify_url: str


class Sheet:
    """The current page of a document. `size` is its width and height in millimetres."""

    def __init__(
        self, document: "Document", design: "Design", assets: Mapping[str, bytes], typesetter: "Typesetter"
    ) -> None:
        self.document = document
        self.size = design.size
        self.right_to_left = design.right_to_left
        self.assets = assets
        self.typesetter = typesetter

    def write(self, operators: bytes) -> None:
        self.document.write(operators)

    def box(self, options: Mapping[str, Any]) -> Box:
        """Left, bottom, width and height of an element, in points."""
        width, height = options["width"] * POINTS, options["height"] * POINTS
        return options["x"] * POINTS, (self.size[1] - options["y"]) * POINTS - height, width, height

    def side(self, align: str) -> str:
        """Left, right or centre; the start of a line is on the right where the design reads from there."""
        start, end = ("right", "left") if self.right_to_left else ("left", "right")
        return {"start": start, "end": end}.get(align, align)

    def picture(self, data: bytes, box: Box, path: str) -> None:
        """Draws one in a box, in millimetres, keeping its proportions. Raises `TemplateRefused`."""
        from certificates import pictures, svg

        if pictures.is_svg(data):
            svg.check(data, path)
            self.document.svg(data, *box, path)
            return
        info = pictures.raster(data, path)
        index = self.document.raster(hashlib.sha256(data).hexdigest(), info)
        x, y, wide, high = box
        scale = min(wide / info["w"], high / info["h"])
        width, height = info["w"] * scale, info["h"] * scale
        left = (x + (wide - width) / 2) * POINTS
        bottom = (self.size[1] - y - (high + height) / 2) * POINTS
        place = f"{width * POINTS:.3f} 0 0 {height * POINTS:.3f} {left:.3f} {bottom:.3f} cm"
        self.write(f"q {place} /I{index} Do Q".encode())
