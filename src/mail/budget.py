"""What rendering one part of one mail may use up.

The promise: whatever a value holds is counted before anything is done with it, and no value grows beyond `MAX_VALUE`.
There is no clock to stop a rendering by (time stands still inside a Worker), so work is counted in units.
"""

from jinja2 import Undefined
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context

UNITS = 100_000  # of work one part of one mail may take; about a microsecond each
UNIT_SIZE = 100  # characters copied or compared for one unit
FILTER_UNIT_SIZE = 10  # the same for filters and tests, which are slower
MAX_VALUE = 1_000_000  # characters, counted through nested lists
ELEMENT = 10  # characters an element of a list counts as, beside its own
MAX_NUMBER_BITS = 1024
FRACTION = 20  # characters that one may have
BITS_A_CHARACTER = 4  # of a number, rounded up: three digits have ten
# The interpreter inside a Worker dies where CPython reports a recursion, so no value may come near.
MAX_DEPTH = 20


class Run(Context):
    """What one rendering of one part has used up so far, and the values left out of its skeleton."""

    units = UNITS
    depth = 0
    holes: dict[str, int]

    def spend(self, units: int) -> None:
        self.units -= units
        if self.units < 0:
            raise SecurityError("the template does more work than one mail may take")


def weigh(value: object) -> int:
    """How much a value holds; refuses what is too large or too deep, and what no expression has business with."""
    if isinstance(value, str):  # as most are
        return refuse_large(len(value), "is")
    total, level = 1, [value]
    for _ in range(MAX_DEPTH):
        deeper: list[object] = []
        for item in level:
            if isinstance(item, str):
                total += len(item)
            elif isinstance(item, (list, tuple)):
                total += ELEMENT * len(item)
                deeper.extend(item)
            elif isinstance(item, dict):
                total += ELEMENT * len(item)
                deeper.extend(item)
                deeper.extend(item.values())
            elif isinstance(item, int):
                if item.bit_length() > MAX_NUMBER_BITS:
                    raise SecurityError("a number is too large")
                total += item.bit_length() // BITS_A_CHARACTER
            elif isinstance(item, float):
                total += FRACTION
            elif item is not None and not isinstance(item, Undefined):
                raise SecurityError(f"a {type(item).__name__.lower()} cannot be used as a value")
            if total > MAX_VALUE:
                break
        refuse_large(total, "is")
        if not deeper:
            return total
        level = deeper
    raise SecurityError("lists are nested too deeply")


def refuse_large(size: int, verb: str = "would become") -> int:
    """The size, where a value may have it."""
    if size > MAX_VALUE:
        raise SecurityError(f"a value {verb} larger than {MAX_VALUE:,} characters")
    return size
