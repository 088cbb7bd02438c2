"""How the console says things: states, times, amounts, roles, and what an action leaves to say on the next page."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from certificates.codes import grouped
from core import times
from core.times import rfc3339

MENU = (
    ("/console", "Overview"),
    ("/console/jobs", "Jobs"),
    ("/console/certificates", "Certificates"),
    ("/console/dead-letters", "Dead letters"),
    ("/console/callbacks", "Callbacks"),
    ("/console/suppressions", "Suppressions"),
    ("/console/sites", "Sites and tokens"),
    ("/console/users", "Console users"),
    ("/console/privacy", "Privacy"),
    ("/console/audit", "Audit"),
    ("/console/health", "Health"),
)
OPERATORS_ONLY = {"/console/users"}
NOTHING = "—"
ROLES = {
    "operator": "Operator",
    "site": "Site manager",
    "company": "Company manager",
    "read_only": "Read-only",
}
# in the order of a job's bar: what is done, what went wrong, what is still to come
STATES = ("sent", "failed", "uncertain", "suppressed", "cancelled", "sending", "pending")
_GOOD = {"sent", "completed", "delivered", "valid", "done", "redriven", "ok"}
_BAD = {"failed", "dead", "bounced", "complained", "revoked", "open"}
_WARN = {"uncertain", "paused", "expired", "superseded", "discarded"}
_BUSY = {"running", "queued", "sending", "processing", "scheduled"}


def look_of(state: str) -> str:
    """The class of a state's badge; its word is what tells it."""
    looks = ((_GOOD, "good"), (_BAD, "bad"), (_WARN, "warn"), (_BUSY, "busy"))
    return next((look for states, look in looks if state in states), "calm")


def segments(counts: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """The parts of a job's bar that are not empty: state, start, width, in people."""
    found, start = [], 0
    for state in STATES:
        if width := counts[state]:
            found.append((state, start, width))
            start += width
    return found


def moment(milliseconds: int) -> str:
    """Such as 24 Nov 2026, 15:04:05 UTC."""
    return f"{times.moment(milliseconds):%-d %b %Y, %H:%M:%S} UTC"


def duration(seconds: float | None) -> str:
    """In the two largest units that matter, such as 2 h 5 min."""
    if seconds is None:
        return NOTHING
    left = int(seconds)
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def number(value: float) -> str:
    return f"{value:,}"


def amount(value: float) -> str:
    """With decimals where they say something."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}"


def size(count: int) -> str:
    """Of bytes, as people read it; in steps of a thousand, as the platform counts them."""
    step = min((len(str(count)) - 1) // 3, 4)
    return f"{amount(count / 1000**step)} {('bytes', 'kB', 'MB', 'GB', 'TB')[step]}"


def percent(share: float | None, digits: int = 1) -> str:
    return NOTHING if share is None else f"{share * 100:.{digits}f} %"


def spaced(code: str) -> str:
    """A code in words, such as `hard_bounce`."""
    return code.replace("_", " ")


def sentence(words: str) -> str:
    """A provider's or our own words as a sentence."""
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")


def counted(count: int, one: str, several: str) -> str:
    """Such as 1 letter, or 2,000 letters."""
    return f"{count:,} {one if count == 1 else several}"


def people(count: int) -> str:
    return counted(count, "person", "people")


def mailbox(email: str, name: str = "") -> str:
    """As a mail program shows it."""
    return f"{name} <{email}>" if name and email else email


def packed(message: str) -> str:
    """A message as a cookie takes it."""
    return base64.urlsafe_b64encode(message.encode()).decode()


def unpacked(cookie: str) -> str:
    """Nothing, where it is none of ours."""
    try:
        return base64.urlsafe_b64decode(cookie).decode()[:500]
    except (binascii.Error, UnicodeError):
        return ""


FILTERS: dict[str, Callable[..., Any]] = {
    "grouped": grouped,
    "amount": amount,
    "duration": duration,
    "moment": moment,
    "number": number,
    "size": size,
    "people": people,
    "percent": percent,
    "rfc3339": rfc3339,
    "segments": segments,
    "sentence": sentence,
    "spaced": spaced,
}
