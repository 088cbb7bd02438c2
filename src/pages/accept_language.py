"""Which language a browser asks for.

The promise: the first language of `Accept-Language` that we have, by its weights; else English.
"""

import re
from collections.abc import Collection

DEFAULT = "en"
_LONGEST = 1_000  # characters looked at
_RANGE = re.compile(r"([a-z]{2,8})(?:-[a-z0-9-]+)?(?:\s*;\s*q=([01](?:\.\d{0,3})?))?", re.IGNORECASE)


def choose(accept_language: str, known: Collection[str]) -> str:
    best, weight = DEFAULT, 0.0
    for part in accept_language[:_LONGEST].split(","):
        found = _RANGE.fullmatch(part.strip())
        if found and found[1].lower() in known and (its := float(found[2] or 1)) > weight:
            best, weight = found[1].lower(), its
    return best
