"""Log lines: one JSON object a line, with site, job, batch and reason as far as they are known.

The promise: no person's data. Only the fields below can be logged, and none of them holds any: ids, numbers, and a
reason that is a code or a type, never somebody's words.
"""

import json
import traceback
from pathlib import PurePath
from typing import Literal

Level = Literal["info", "warning", "error"]


def log(
    level: Level,
    event: str,
    *,
    site: str | None = None,
    job: str | None = None,
    batch: int | None = None,
    callback: str | None = None,
    reason: str | None = None,
    count: int | None = None,
) -> None:
    """`event` says what happened in a few fixed words; `reason` is a code or an error's type."""
    fields = {"site": site, "job": job, "batch": batch, "callback": callback, "reason": reason, "count": count}
    present = {name: value for name, value in fields.items() if value is not None}
    print(json.dumps({"level": level, "event": event, **present}))


def place_of(error: Exception) -> str:
    """Its type and where it was raised: its words may hold a person's data."""
    frame = traceback.extract_tb(error.__traceback__, limit=-1)[-1]
    return f"{type(error).__name__} at {PurePath(frame.filename).name}:{frame.lineno}"
