"""What the providers tell after they took a mail, applied: to people, counters, suppressions and the events for Moodle.

The promise: an event finds its person by primary key, changes them once however often it comes, and never backwards
(complained over bounced over delivered). Whoever was in doubt leaves it by the provider's word. People, counters,
suppressions and what Moodle is told change in one transaction, a thousand events at a time.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

from core.apart import alone
from core.errors import InvalidAddress, Unavailable
from core.log import log, place_of
from core.states import DeliveryState, RecipientState
from delivery_events.base import TOKENS_KEPT, DeliveryEvent, Kind, Notice, Token
from jobs import breakers
from mail import address
from runtime.ports import Row
from runtime.services import Services
from sending import dispatch
from sending.persistence import persist
from store import batches, deliveries, events, usage

FAULTS = 50  # of one request, until it counts as broken as a whole: each costs a few calls of the database
AT_A_TIME = 1000  # people in one `delivery.updated`, and well below the database's limits


class Meaning(NamedTuple):
    """`rank` orders what became of a mail; `state` is what a person in doubt becomes; `suppress` the reason why the
    address is mailed no more."""

    rank: int
    delivery: DeliveryState | None
    state: RecipientState = RecipientState.SENT
    suppress: str | None = None


MEANINGS = {
    Kind.DEFERRED: Meaning(0, None),
    Kind.UNSUBSCRIBE: Meaning(0, None, suppress="unsubscribe"),
    Kind.DELIVERED: Meaning(1, DeliveryState.DELIVERED),
    Kind.DROPPED: Meaning(2, DeliveryState.BOUNCED, RecipientState.FAILED),
    Kind.SOFT_BOUNCE: Meaning(2, DeliveryState.BOUNCED),
    Kind.HARD_BOUNCE: Meaning(2, DeliveryState.BOUNCED, suppress="hard_bounce"),
    Kind.COMPLAINT: Meaning(3, DeliveryState.COMPLAINED, suppress="complaint"),
}
_ORDER = list(MEANINGS)  # of two events of one person the later in this list decides


@dataclass(frozen=True)
class Change:
    """What the events of one request mean for one person, as the statements of `store/deliveries.py` read it."""

    job: str
    position: int
    rank: int
    delivery: str | None
    state: str
    reason: str | None
    detail: str | None
    at: int
    message_id: str | None
    suppress: str | None
    site: str
    email: str | None


async def apply(services: Services, notice: Notice) -> set[int]:
    """The places of the events whose mails are ours; none where the token was spent on others. Raises `Unavailable`;
    then the same may be applied again."""
    known: set[int] = set()
    if notice.token and not await _is_first(services, notice.token, notice.events):
        log("warning", "delivery events repeated", count=len(notice.events))
        return known
    faults = _Faults(FAULTS)
    for start in range(0, len(notice.events), AT_A_TIME):
        part = notice.events[start : start + AT_A_TIME]
        known |= {start + place for place in await _part(services, part, faults)}
    if len(known) < len(notice.events):
        log("info", "delivery events of unknown mails", count=len(notice.events) - len(known))
    return known


async def _is_first(services: Services, token: Token, content: Sequence[DeliveryEvent]) -> bool:
    """Whether the token is good for these events: nothing came with it before, or they did and were cut off."""
    digest = hashlib.sha256(json.dumps([asdict(event) for event in content]).encode()).hexdigest()
    statements = [*deliveries.spend(token.value, token.at, digest), deliveries.forget_tokens(token.oldest)]
    _, [bound], _ = await services.database.batch(statements)
    return bool(bound["content"] == digest)


@dataclass
class _Faults:
    """How many more a request may have."""

    left: int


async def _part(services: Services, part: Sequence[DeliveryEvent], faults: _Faults) -> set[int]:
    """As `apply`. What cannot be applied is parted until the event at fault stands alone; that one is logged."""
    try:
        people = await _people(services, part)
        await _apply(services, part, people)
    except Unavailable:
        raise
    except Exception as error:
        faults.left -= 1
        if faults.left < 0:
            raise
        if len(part) == 1:
            place = place_of(error)
            log("error", "delivery event not applied", job=part[0].job, reason=place)
            return set()
        half = len(part) // 2
        first = await _part(services, part[:half], faults)
        return first | {half + place for place in await _part(services, part[half:], faults)}
    return {person["place"] for person in people}


async def _people(services: Services, part: Sequence[DeliveryEvent]) -> list[Row]:
    names = json.dumps([{"job": one.job, "position": one.position, "message_id": one.message_id} for one in part])
    found = await services.database.batch([deliveries.by_reference(names), deliveries.by_message_id(names)])
    return [person for rows in found for person in rows]


async def _apply(services: Services, part: Sequence[DeliveryEvent], people: list[Row]) -> None:
    now = services.clock.now()
    changes = list(_changes(part, people))
    if not changes:
        return
    text = json.dumps([asdict(change) for change in changes])
    statements = [events.deliveries(text, now), usage.told(text)]
    if any(change.suppress for change in changes):
        statements.append(deliveries.suppress(text, now))
    if any(change.suppress == "unsubscribe" for change in changes):
        statements += [deliveries.remember_unsubscribing(text), deliveries.forget_tokens(now - TOKENS_KEPT)]
    statements.append(deliveries.update(text, now))
    touched = _batches_of(person for person in people if person["state"] != RecipientState.SENT)
    if touched:
        statements.append(batches.recount_changed(json.dumps(touched)))
    statements.append(deliveries.forget_soft_bounces(text))
    if any(change.reason == Kind.SOFT_BOUNCE for change in changes):
        statements += [
            deliveries.count_soft_bounces(text),
            deliveries.suppress_soft_bounces(text, now),
            deliveries.restart_soft_bounces(text),
        ]
    told, *_ = await persist(services, statements)
    await _tell(services, changes, {row["site_id"] for row in told})


async def _tell(services: Services, changes: list[Change], sites: set[str]) -> None:
    for site_id in sorted(sites):
        with alone(site=site_id):
            await dispatch.kick_callbacks(services, site_id)
    for job_id in sorted({change.job for change in changes if change.reason == Kind.HARD_BOUNCE}):
        with alone(job=job_id):
            await breakers.check_bounces(services, job_id)
    log("info", "delivery events applied", count=len(changes))


def _changes(part: Sequence[DeliveryEvent], people: list[Row]) -> Iterator[Change]:
    """One for each person: what weighs most of what is told of them."""
    by_person: dict[tuple[str, int], tuple[Row, list[DeliveryEvent]]] = {}
    for person in people:
        _, its_events = by_person.setdefault((person["job_id"], person["position"]), (person, []))
        its_events.append(part[person["place"]])
    for person, its_events in by_person.values():
        yield _change(person, its_events)


def _change(person: Row, its_events: list[DeliveryEvent]) -> Change:
    main = max(its_events, key=lambda event: (_ORDER.index(event.kind), -event.at))
    meaning = MEANINGS[main.kind]
    reasons = [MEANINGS[event.kind].suppress for event in its_events]
    # any sign that the mail left weighs more than that it was dropped
    left = any(MEANINGS[event.kind].state is RecipientState.SENT for event in its_events)
    plain = main.kind in (Kind.DELIVERED, Kind.DEFERRED, Kind.UNSUBSCRIBE)
    return Change(
        job=person["job_id"],
        position=person["position"],
        rank=meaning.rank,
        delivery=meaning.delivery,
        state=RecipientState.SENT if left else RecipientState.FAILED,
        reason=None if plain else main.kind,
        detail=None if plain else main.detail or None,
        at=main.at,
        message_id=main.message_id or None,
        suppress=meaning.suppress or next((reason for reason in reasons if reason), None),
        site=person["site_id"],
        email=_key(person["email"]),
    )


def _key(email: str) -> str | None:
    try:
        return address.key(email)
    except InvalidAddress:
        return None


def _batches_of(people: Iterable[Row]) -> list[dict[str, str | int]]:
    numbers = {(person["job_id"], person["position"] // person["batch_size"]) for person in people}
    return [{"job": job, "batch": number} for job, number in sorted(numbers)]
