"""One figure, and how it is printed."""

from typing import NamedTuple


class Figure(NamedTuple):
    name: str
    value: float
    unit: str

    def __str__(self) -> str:
        number = f"{self.value:.3g}" if self.value < 100 else f"{self.value:.0f}"
        return f"{self.name}\t{number}\t{self.unit}"
