"""Words as blocks that fit their boxes, in the faces of the deployment and of the design.

Remembered, since most texts are the same for everybody.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from certificates.lines import Line, set_line

if TYPE_CHECKING:
    from certificates.block import Block
    from certificates.elements.words import Words
    from certificates.face import Face
    from certificates.fonts import FontLibrary

_REMEMBERED: Final = 256  # texts, most of them on many people's certificates


class Typesetter:
    """`assets` has the design's own fonts."""

    def __init__(self, fonts: "FontLibrary", assets: Mapping[str, bytes]) -> None:
        self._fonts = fonts
        self._assets = assets
        self._blocks: OrderedDict[tuple[str, ...], Block] = OrderedDict()
        self._own: dict[str, Face] = {}  # the design's own faces, by name

    async def fitted(
        self, words: "Words", text: str, right_to_left: bool, locale: str, box: tuple[float, float]
    ) -> "Block":
        """`box` is width and height in points. Raises `RenderingFailed`, `MissingGlyph`."""
        from certificates import block

        key = (words.path, text, locale)
        if key in self._blocks:
            self._blocks.move_to_end(key)
            return self._blocks[key]
        font = words.options.get("font", {})
        serif, bold = font.get("family") == "serif", font.get("weight") == "bold"
        own = self._own_face(font["asset"], bold) if "asset" in font else None
        choice = await self._fonts.prepare(text, serif, bold, locale, own)
        language = locale.replace("_", "-")

        def one(part: str) -> Line:
            return set_line(part, choice, right_to_left, language)

        fit = block.on_one_line if words.one_line else block.fit
        fitted = self._blocks[key] = fit(
            text, one, font.get("size", 12), font.get("line_height", 1.35), box, words.path
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
