"""One vocabulary for what providers tell, and what all of them share; a provider's own file has only its peculiarities.

The promise: an event counts only if the provider signed it, for us and lately; and what comes out of it names nobody:
a person by job and position, a mail by its id, the provider's words without addresses.
"""

import json
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

from core import bounded_json, times
from core.errors import EventMalformed, EventUnproven
from core.log import log, place_of
from providers.base import masked
from runtime.services import Services
from runtime.settings import Setting

REFERENCE = "offload_reference"  # the custom argument, tag or variable that carries `OutgoingMail.reference`
DETAIL_LIMIT = 300
_REFERENCE = re.compile(r"(job_[0-9a-f]{32})-(\d{1,9})")
TOKENS_KEPT = 3 * 86_400_000  # longer than any signature is good, also one that came a day after its event
_TOLERANCE = 300  # seconds that a clock may be ahead of ours


class Kind(StrEnum):
    DELIVERED = "delivered"
    DEFERRED = "deferred"  # not yet; the provider goes on trying
    HARD_BOUNCE = "hard_bounce"  # the address will never work
    SOFT_BOUNCE = "soft_bounce"  # this mail did not arrive; the next one may
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    DROPPED = "dropped"  # the provider did not even try


@dataclass(frozen=True)
class DeliveryEvent:
    """`job` and `position` come from the reference; without it only `message_id`, in angle brackets, finds the person.
    `at` in milliseconds since 1970."""

    kind: Kind
    at: int
    job: str | None
    position: int | None
    message_id: str
    detail: str


class Token(NamedTuple):
    """What a request was signed with, where the signature leaves the content open: good for the first content that
    comes with it. Those from before `oldest` are refused by their time."""

    value: str
    at: int
    oldest: int


@dataclass(frozen=True)
class Notice:
    """One request of a provider, proven."""

    events: list[DeliveryEvent]
    token: Token | None = None


class EventSource(ABC):
    name: ClassVar[str]
    setting: ClassVar[Setting]
    """What requests are verified with. Without it none is taken."""
    window: ClassVar[int]
    """Seconds for which a signature is good: as long as the provider repeats a request without signing it anew."""

    def __init__(self, services: Services) -> None:
        """Raises `ConfigurationError`."""
        self.services = services
        self.key = services.settings.text(self.setting).strip()

    def check_headers(self, headers: Mapping[str, str]) -> None:  # noqa: B027 - some have nothing in their headers
        """Before the body is read, which `read` is given. Raises `EventUnproven` where that cannot be signed."""

    @abstractmethod
    async def read(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """`headers` with names in lower case. Raises `EventUnproven`, `EventMalformed`, `ConfigurationError`, and
        `TransportError` where what it takes to verify cannot be fetched."""

    def check_time(self, at: int) -> None:
        """`at`: the signed time, in milliseconds."""
        age = self.services.clock.now() - at
        if not -_TOLERANCE * 1000 <= age <= self.window * 1000:
            raise EventUnproven("stale", "The signed time is not about now.")

    def seconds(self, signed: str) -> int:
        """A signed time in seconds, checked; in milliseconds."""
        if not re.fullmatch(r"\d{1,11}", signed):
            raise EventUnproven("unsigned", "The signed time is missing.")
        self.check_time(int(signed) * 1000)
        return int(signed) * 1000


def event(kind: Kind, at: int, reference: Any, message_id: str, *words: Any) -> DeliveryEvent:
    found = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    said = masked(" ".join(str(word) for word in words if word))[:DETAIL_LIMIT]
    job, position = (found[1], int(found[2])) if found else (None, None)
    return DeliveryEvent(kind, at, job, position, message_id[:255], said)


def each_read(name: str, items: Iterable[Any], read: Callable[[Any], DeliveryEvent | None]) -> list[DeliveryEvent]:
    """Those events of a request of this provider's that mean something. What cannot be read is counted in the log, by
    what was wrong with it, and keeps no other back."""
    found: list[DeliveryEvent] = []
    faults: Counter[str] = Counter()
    for item in items:
        try:
            if one := read(item):
                found.append(one)
        except Exception as error:
            faults[place_of(error)] += 1
    for place, count in faults.items():
        log("error", "delivery event malformed", reason=f"{name}: {place}", count=count)
    return found


def parse(body: bytes) -> Any:
    try:
        return bounded_json.loads(body, parse_constant=_refuse)
    except ValueError:
        raise EventMalformed("This is not the JSON that this provider sends.") from None


def _refuse(name: str) -> Any:
    raise json.JSONDecodeError(f"{name} is not JSON", "", 0)


def member(value: Any, *path: str) -> Any:
    """What is at this path of objects; None where it is not there."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text(value: Any, *path: str) -> str:
    found = member(value, *path)
    return found if isinstance(found, str) else ""


def moment(value: str) -> int:
    """RFC 3339, to milliseconds."""
    try:
        return times.milliseconds_of(value)
    except (ValueError, OverflowError):
        raise EventMalformed("A time cannot be read.") from None


def instant(value: Any) -> int:
    """Seconds since 1970, a number, to milliseconds."""
    if type(value) not in (int, float) or not 0 <= value < 10**11:
        raise EventMalformed("A time cannot be read.")
    milliseconds: int = round(value * 1000)
    return milliseconds
