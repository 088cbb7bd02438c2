"""Times as JSON and HTTP have them.

The promise: one form everywhere, in the API's answers and in events: RFC 3339, in UTC, with milliseconds. What is taken
lies in the years 1970 to 9999 of UTC, so every answer can show it; whatever else a row holds is shown as the nearest
time that can be written. A time that a header has is read or not, and raises nothing.
"""

import re
from datetime import UTC, date, datetime, timedelta

LATEST = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z
_EARLIEST_SHOWN = -62_135_596_800_000  # the year 1
_DAY = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


def rfc3339(milliseconds: int) -> str:
    """Such as 2026-11-24T15:00:00.000Z."""
    return moment(milliseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(milliseconds: int) -> datetime:
    """In UTC; the nearest that there is. Never raises: the row is there already."""
    return _EPOCH + timedelta(milliseconds=max(_EARLIEST_SHOWN, min(LATEST, milliseconds)))


def end_of(day: date) -> int:
    """When the day is over, in milliseconds since 1970; the last one there is ends with the last moment there is."""
    return min(LATEST, (day.toordinal() + 1 - _EPOCH.toordinal()) * _DAY)


def milliseconds_of(written: str) -> int:
    """Of RFC 3339, in milliseconds since 1970; without a zone it is UTC. Raises `ValueError` or `OverflowError` for
    what is no time, or none that is taken."""
    parsed = datetime.fromisoformat(written)
    # a difference, since the same time in UTC may lie in a year that cannot be written
    since = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)) - _EPOCH
    milliseconds = since // timedelta(milliseconds=1)
    if not 0 <= milliseconds <= LATEST:
        raise ValueError("outside the years 1970 to 9999 of UTC")
    return milliseconds


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
