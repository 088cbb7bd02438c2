"""What is kept of a message that nobody could handle.

The promise: whatever came, bytes as well, is kept as JSON that every reader takes, with a reason in one line.
"""

import base64
import json
from typing import Any

_LONGEST_REASON = 100


def as_json(body: Any) -> str:
    """Any message; bytes as base64, and of what no JSON can hold its kind alone."""
    try:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False, default=_bytes)
    except (TypeError, ValueError, RecursionError):
        return json.dumps({"unreadable": type(body).__name__})
    return text.encode(errors="replace").decode()


def plain(body: Any) -> Any:
    """The same, to be sent on in a message."""
    return json.loads(as_json(body))


def reason_of(body: Any) -> str:
    """Why its consumer gave it up, or else the queue. What is no object is none of our messages."""
    if not isinstance(body, dict):
        return "malformed"
    return str(body.get("reason") or "redelivered_too_often")[:_LONGEST_REASON]


def _bytes(value: Any) -> dict[str, str]:
    return {"base64": base64.b64encode(memoryview(value)).decode()}
