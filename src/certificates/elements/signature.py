"""A place for a signature, or a picture of one: a line, and beneath it whose it is."""

from typing import TYPE_CHECKING, ClassVar

from certificates import shapes
from certificates.elements.properties import ASSET, PLACE, WORDS
from certificates.elements.words import Words

if TYPE_CHECKING:
    from certificates.sheet import Box, Sheet

# Shares of the box: the picture's from above, then from below where the line is and the words end.
_PICTURE, _LINE, _WORDS = 0.62, 0.36, 0.33


class Signature(Words):
    type = "signature"
    about = "A line to sign on, words beneath it"
    properties: ClassVar = {**WORDS, "asset": ASSET}

    def draw_common(self, sheet: "Sheet") -> None:
        if "asset" in self.options:
            x, y, width, height = (self.options[edge] for edge in PLACE)
            sheet.picture(sheet.assets[self.options["asset"]], (x, y, width, height * _PICTURE), self.path)
        left, bottom, width, height = sheet.box(self.options)
        above = bottom + height * _LINE
        sheet.write(shapes.line(left, above, left + width, above, 0.6, self.color))

    def room(self, sheet: "Sheet") -> "tuple[Box, str]":
        left, bottom, width, height = sheet.box(self.options)
        return (left, bottom, width, height * _WORDS), "top"
