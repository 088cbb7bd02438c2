"""What elements with words have in common: placeholders filled in, set in a box, in the person's language."""

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from certificates import dates, placeholders, shapes
from certificates.elements.base import Element
from certificates.elements.properties import PLACE, WORDS
from certificates.lines import base_direction, clean
from core.errors import MissingVariable, TemplateRefused

if TYPE_CHECKING:
    from certificates.sheet import Box, Person, Sheet


class Words(Element):
    properties = WORDS
    required: ClassVar[tuple[str, ...]] = PLACE
    default_text: ClassVar[str] = ""
    """What it says where the design does not."""
    optional: ClassVar[str | None] = None
    """The variable without which it is left out."""
    one_line: ClassVar[bool] = False
    """Shrunk to fit rather than wrapped, and read the way that its own letters go."""

    @cached_property
    def text(self) -> placeholders.Text:
        return placeholders.Text(self.options.get("text", self.default_text))

    @property
    def date_variable(self) -> str | None:
        """Whose value `{{ date }}` stands for."""
        return None

    @property
    def variables(self) -> frozenset[str]:
        if self.optional:
            return frozenset()
        dated = frozenset({self.date_variable}) if self.date_variable else frozenset()
        return (self.text.variables | dated) - placeholders.RESERVED

    def check(self) -> None:
        self.text.check(f"{self.path}.text")
        if "date" in self.text.variables and self.date_variable is None:
            raise TemplateRefused(f"{self.path}.text", "only elements of type date and expiry have `{{ date }}`")

    async def draw(self, sheet: "Sheet", person: "Person") -> None:
        from certificates import block

        text = self._filled(person)
        if not text.strip():
            return
        (left, bottom, width, height), valign = self.room(sheet)
        right_to_left = self._reads_from_right(text, sheet.right_to_left)
        fitted = await sheet.typesetter.fitted(self, text, right_to_left, person.locale, (width, height))
        color = shapes.color(self.color)
        if any(run.face.bold_by_stroke for line in fitted.lines for run in line.runs):
            color += b" " + shapes.color(self.color, stroke=True)
        align, spacing = sheet.side(self.options.get("align", "center")), self.options.get("font", {}).get("spacing", 0)
        block.write(sheet.document, fitted, block.Placement(left, bottom, width, height, align, valign, color, spacing))

    def room(self, sheet: "Sheet") -> "tuple[Box, str]":
        """The box in points that the words have, and where in it they stand."""
        return sheet.box(self.options), self.options.get("valign", "middle")

    def _filled(self, person: "Person") -> str:
        if self.optional and person.values.get(self.optional) in (None, ""):
            return ""
        texts = person.texts
        if variable := self.date_variable:
            value = person.values.get(variable)
            if value is None:
                raise MissingVariable(variable)
            day = dates.parsed(value, variable)
            texts = {**texts, "date": dates.formatted(day, self.options.get("format", "long"), person.locale)}
        return clean(self.text.filled(texts))

    def _reads_from_right(self, text: str, otherwise: bool) -> bool:
        """A name goes its own way; a sentence goes the way of its own words, whoever's name it begins with."""
        own = "" if self.one_line else self.text.literal
        return base_direction(own, base_direction(text, otherwise))
