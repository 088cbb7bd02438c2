"""What every element of a design is; its own file has only what is peculiar to it.

The promise: what passes the schema and `check` can be drawn for everybody whose values are there and fit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from certificates.sheet import POINTS

if TYPE_CHECKING:
    from certificates.sheet import Person, Sheet

BLACK = "#000000"


@dataclass(frozen=True)
class Element:
    """`path` is where the design has it, `options` what is said of it there."""

    type: ClassVar[str]
    """What designs name it by."""
    about: ClassVar[str]
    """The schema's description of it."""
    properties: ClassVar[dict[str, Any]]
    """What may be said of it, as JSON Schema, beside `type`."""
    required: ClassVar[tuple[str, ...]]
    """What has to be said."""

    path: str
    options: Mapping[str, Any]

    @classmethod
    def schema(cls) -> dict[str, Any]:
        return {
            "type": "object",
            "description": cls.about,
            "properties": {"type": {"const": cls.type}, **cls.properties},
            "required": ["type", *cls.required],
            "additionalProperties": False,
        }

    @property
    def color(self) -> str:
        return str(self.options.get("color", BLACK))

    @property
    def thickness(self) -> float:
        """In points."""
        return float(self.options.get("thickness", 0.3) * POINTS)

    @property
    def variables(self) -> frozenset[str]:
        """The names that every person needs a value for."""
        return frozenset()

    def check(self) -> None:
        """Raises `TemplateRefused` for what the schema cannot tell."""

    def draw_common(self, sheet: "Sheet") -> None:
        """What is the same on everybody's certificate: drawn once for all."""

    async def draw(self, sheet: "Sheet", person: "Person") -> None:
        """What is each person's own, upon that."""
