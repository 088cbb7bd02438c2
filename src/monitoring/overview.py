"""How everything stands, in numbers: the console's first page and `/metrics` show the same.

The promise: one transaction that reads a bounded number of rows, whatever has been sent before; nothing of a person,
and nothing of another scope.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import reduce

from core.scope import Scope
from core.states import JobState
from monitoring import costs
from providers import rate_of
from runtime.ports import Row
from runtime.services import Services
from sending import pacing
from store import heartbeats
from store import overview as rows

DAYS = 7  # of the rates of bounces and complaints, and of what became of people
COMPLAINT_LIMIT = 0.001  # what Gmail and Yahoo ask bulk senders to stay below
CALLBACK_GOAL = 0.99
OPEN_JOBS = 50  # that are shown
_DAY, _MINUTE = 86_400_000, 60_000
_PEOPLE = ("sent", "failed", "uncertain", "suppressed", "cancelled")


@dataclass(frozen=True)
class Share:
    """`part` of `whole`; 0 of 0 is no share at all."""

    part: float
    whole: float

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None


@dataclass
class Numbers:
    """What can be added up over sites. Times are in milliseconds; None where there is nothing."""

    jobs: Counter[str] = field(default_factory=Counter)  # open ones, by state
    paused: Counter[str] = field(default_factory=Counter)  # by reason
    people: Counter[str] = field(default_factory=Counter)  # of the jobs of the last 7 days, by the state they ended in
    pending: int = 0  # people of open jobs
    sending: int = 0
    rate: float = 0  # mails a second, over the last minute
    sent: int = 0  # in the last 7 days, as are the next two
    bounced: int = 0
    complained: int = 0
    posts: float = 0  # attempts to deliver callbacks, in the last 24 hours, about
    posts_accepted: float = 0
    callbacks: Counter[str] = field(default_factory=Counter)  # pending and dead
    oldest_callback: int | None = None
    dead_letters: int = 0
    oldest_dead_letter: int | None = None

    def __add__(self, other: "Numbers") -> "Numbers":
        return Numbers(
            *(self.jobs + other.jobs, self.paused + other.paused, self.people + other.people),
            *(self.pending + other.pending, self.sending + other.sending, self.rate + other.rate),
            *(self.sent + other.sent, self.bounced + other.bounced, self.complained + other.complained),
            *(self.posts + other.posts, self.posts_accepted + other.posts_accepted, self.callbacks + other.callbacks),
            _earlier(self.oldest_callback, other.oldest_callback),
            self.dead_letters + other.dead_letters,
            _earlier(self.oldest_dead_letter, other.oldest_dead_letter),
        )

    @property
    def bounces(self) -> Share:
        return Share(self.bounced, self.sent)

    @property
    def complaints(self) -> Share:
        return Share(self.complained, self.sent)

    @property
    def delivery(self) -> Share:
        return Share(self.posts_accepted, self.posts)


@dataclass(frozen=True)
class Batches:
    """Of one state: how many, the earliest of their times, and how many are past it."""

    count: int
    earliest: int | None
    past: int


@dataclass(frozen=True)
class SiteStanding:
    """`used` and `quota`: mails of today; None where that is none of the scope's. `eta_seconds` None: nothing waits."""

    id: str
    name: str
    provider: str
    numbers: Numbers
    used: int | None
    quota: int | None
    eta_seconds: int | None
    disabled: bool
    callbacks_off: bool


@dataclass(frozen=True)
class Overview:
    at: int
    total: Numbers  # of all sites, and of dead letters without one
    sites: list[SiteStanding]
    open_jobs: list[Row]  # of `jobs`; running ones first
    batches: dict[str, Batches]  # pending (those that are not held back), queued, processing
    swept_at: int | None


@dataclass(frozen=True)
class ThisMonth:
    """Of all sites since the month began; `done` is a row of `done_since` for each that did anything."""

    done: list[Row]
    cost: costs.Month
    database_bytes: int


async def read(services: Services, scope: Scope | None) -> Overview:
    """`scope` None: of everything, for the operator."""
    now = services.clock.now()
    sites, jobs, open_jobs, people, batches, letters, callbacks, usage, swept = await services.database.batch(
        [
            rows.sites(scope, now),
            rows.jobs(scope),
            rows.open_jobs(scope, OPEN_JOBS),
            rows.people(scope, now - DAYS * _DAY),
            rows.batches(scope, now),
            rows.dead_letters(scope),
            rows.callbacks(scope),
            rows.usage(scope, _day(now, DAYS - 1), now),
            heartbeats.latest("sweep"),
        ]
    )
    by_site: dict[str | None, Numbers] = {site["id"]: Numbers() for site in sites}
    _count_jobs(by_site, jobs, people)
    _count_usage(by_site, usage, now)
    for row in letters:
        numbers = by_site.setdefault(row["site_id"], Numbers())
        numbers.dead_letters, numbers.oldest_dead_letter = row["letters"], row["oldest"]
    for row in callbacks:
        by_site[row["site_id"]].callbacks[row["state"]] = row["callbacks"]
        if row["state"] == "pending":
            by_site[row["site_id"]].oldest_callback = row["oldest"]
    return Overview(
        now,
        reduce(Numbers.__add__, by_site.values(), Numbers()),
        [_standing(site, by_site[site["id"]], scope) for site in sites],
        open_jobs,
        {row["state"]: Batches(row["batches"], row["earliest"], int(row["past"])) for row in batches},
        swept[0]["at"] if swept else None,
    )


async def month(services: Services) -> costs.Month:
    """What this month has cost so far, for all sites: the platform's bill is one."""
    return (await this_month(services)).cost


async def this_month(services: Services) -> ThisMonth:
    now = services.clock.now()
    first = datetime.fromtimestamp(now / 1000, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    done, [kept] = await services.database.batch([rows.done_since(f"{first:%Y-%m-%d}"), rows.certificates()])
    size = await services.database.size()
    counts = costs.Counts(
        mails=sum(row["sent"] for row in done),
        certificates=sum(row["certificates"] for row in done),
        posts=sum(row["posts"] for row in done),
        files=kept["issued"],
        database_bytes=size,
        minutes=(now - int(first.timestamp()) * 1000) // _MINUTE,
    )
    return ThisMonth(done, costs.month(counts), size)


def _count_jobs(by_site: dict[str | None, Numbers], jobs: Sequence[Row], people: Sequence[Row]) -> None:
    for row in jobs:
        numbers = by_site[row["site_id"]]
        numbers.jobs[row["state"]] += row["jobs"]
        numbers.pending += row["pending"]
        numbers.sending += row["sending"]
        if row["state"] == JobState.PAUSED:
            numbers.paused[row["reason"]] += row["jobs"]
    for row in people:
        by_site[row["site_id"]].people = Counter({state: row[state] for state in _PEOPLE})


def _count_usage(by_site: dict[str | None, Numbers], usage: Iterable[Row], now: int) -> None:
    today, yesterday = _day(now), _day(now, 1)
    for row in usage:
        numbers = by_site[row["site_id"]]
        numbers.sent += row["sent"]
        numbers.bounced += row["bounced"]
        numbers.complained += row["complained"]
        numbers.rate += sliding(row["this_minute"], row["last_minute"], now % _MINUTE / _MINUTE) / 60
        if row["day"] in (today, yesterday):
            # of yesterday, the part that the last 24 hours still reach
            weight = 1.0 if row["day"] == today else 1 - now % _DAY / _DAY
            numbers.posts += weight * row["posts"]
            numbers.posts_accepted += weight * row["posts_accepted"]


def sliding(current: int, before: int, passed: float) -> float:
    """How many there were in a whole period up to now: this period's, of which `passed` is over, and the rest from the
    one before, as if those had come evenly."""
    return current + before * (1 - passed)


def _standing(site: Row, numbers: Numbers, scope: Scope | None) -> SiteStanding:
    whole = scope is None or scope.company is None  # a company is not told of what the others do
    unfinished = numbers.pending + numbers.sending
    pace = rate_of(site)
    return SiteStanding(
        site["id"],
        site["name"],
        site["provider"],
        numbers,
        site["used"] if whole else None,
        site["daily_quota"] if whole else None,
        pacing.eta(unfinished, pace, site["daily_quota"]) if unfinished and whole else None,
        site["disabled_at"] is not None,
        site["callback_off_at"] is not None,
    )


def _day(now: int, before: int = 0) -> str:
    return f"{datetime.fromtimestamp(now / 1000, UTC) - timedelta(days=before):%Y-%m-%d}"


def _earlier(one: int | None, other: int | None) -> int | None:
    known = [time for time in (one, other) if time is not None]
    return min(known, default=None)
