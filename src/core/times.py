"""Times as JSON has them.

The promise: one form everywhere, in the API's answers and in events: RFC 3339, in UTC, with milliseconds.
"""

from datetime import UTC, datetime


def rfc3339(milliseconds: int) -> str:
    """Such as 2026-11-24T15:00:00.000Z."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC).replace(microsecond=milliseconds % 1000 * 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
