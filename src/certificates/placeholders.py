"""Texts of a design, with `{{ placeholders }}` that each person's values are filled into: no logic, no expressions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.errors import MissingVariable, RenderingFailed, TemplateRefused

# What the renderer itself gives to every text.
RESERVED: Final = frozenset({"code", "verify_url", "issued", "date"})
MAX_VALUE: Final = 1000  # characters of one value
_PLACEHOLDER: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]{0,63})\s*\}\}")


@dataclass(frozen=True)
class Text:
    """`literal`: what it says whoever it is for."""

    source: str

    @property
    def variables(self) -> frozenset[str]:
        return frozenset(_PLACEHOLDER.findall(self.source))

    @property
    def literal(self) -> str:
        return _PLACEHOLDER.sub("", self.source)

    def check(self, path: str) -> None:
        """Raises `TemplateRefused` for what only looks like a placeholder."""
        if any(mark in self.literal for mark in ("{{", "}}", "{%")):
            raise TemplateRefused(path, "only plain variables such as `{{ course }}` can be filled in")

    def filled(self, values: Mapping[str, str]) -> str:
        """Raises `MissingVariable`, `RenderingFailed` for a value that is too long."""
        for name in sorted(self.variables):
            if name not in values:
                raise MissingVariable(name)
            if len(values[name]) > MAX_VALUE:
                raise RenderingFailed(f"variable '{name}' has more than {MAX_VALUE:,} characters")
        return _PLACEHOLDER.sub(lambda found: values[found[1]], self.source)
