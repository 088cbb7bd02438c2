"""The built-in designs: documents of version 1 like any other, to be used as they are or copied and changed.

Each is a JSON file, whose backgrounds name SVG files beside it. Each needs `name`, `title` (what it is for) and
`issuer`; `grade` and `expires` are shown for those who have them.
"""

import json
from pathlib import Path
from typing import Any, Final

NAMES: Final = ("classic", "diploma", "modern", "completion", "rtl")
_FOLDER: Final = Path(__file__).parent


def load(name: str) -> dict[str, Any]:
    """One of `NAMES`, made anew: the caller may change it."""
    document: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_bytes())
    for page in document["pages"]:
        background = page.get("background", {})
        if "svg" in background:
            background["svg"] = (_FOLDER / background["svg"]).read_text(encoding="utf-8")
    return document
