"""What a guard is to `make mutants`."""

from typing import NamedTuple


class Guard(NamedTuple):
    """`old` stands once in `file`; with `new` in its place, `tests` (what pytest is given) must fail."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
