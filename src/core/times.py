"""Times as JSON and HTTP have them.

The promise: one form everywhere, in the API's answers and in events: RFC 3339, in UTC, with milliseconds. A time that
somebody else wrote is read or not, and raises nothing.
"""

import re
from datetime import UTC, datetime

_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


def rfc3339(milliseconds: int) -> str:
    """Such as 2026-11-24T15:00:00.000Z."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC).replace(microsecond=milliseconds % 1000 * 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def retry_after(value: str, now: int) -> float | None:
    """Seconds, 0 to infinity, from a `Retry-After` header (RFC 9110, 10.2.3); None where it says nothing sound."""
    value = value.strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:  # "-0000", or none at all: HTTP's dates are in UTC
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - now / 1000)
    except (ValueError, OverflowError, TypeError, IndexError):  # the parser's own, on what is no date
        return None
