"""The built-in designs: documents of version 1 like any other, to be used as they are or copied and changed.

Each needs `name`, `title` (what it is for) and `issuer`; `grade` and `expires` are shown for those who have them.
"""

from importlib import import_module
from typing import Any, Final

NAMES: Final = ("classic", "diploma", "modern", "completion", "rtl")


def load(name: str) -> dict[str, Any]:
    """One of `NAMES`, made anew: the caller may change it."""
    document: dict[str, Any] = import_module(f"certificates.designs.{name}").document()
    return document
