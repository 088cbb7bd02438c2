"""`GET /metrics`: the overview's numbers as Prometheus reads them.

The promise: every number is what the overview shows, in base units; labels are ids, states and reasons, never a
person's data; and a scrape costs what the overview costs. The form is version 0.0.4 of
prometheus.io/docs/instrumenting/exposition_formats/.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from starlette.responses import Response

from api.calls import Call, Operation
from monitoring import overview
from monitoring.overview import Batches, Overview, SiteStanding, ThisMonth

MOST_DATABASE = 10_000_000_000  # bytes: developers.cloudflare.com/d1/platform/limits

Sample = tuple[tuple[str, ...], float]


class Seen(NamedTuple):
    """Everything that a scrape tells."""

    overview: Overview
    month: ThisMonth

    def age(self, time: int | None) -> float | None:
        """Seconds since, or nothing where there is nothing."""
        return None if time is None else max(0, self.overview.at - time) / 1000


Samples = Callable[[Seen], Iterable[Sample]]


@dataclass(frozen=True)
class Metric:
    name: str
    type: Literal["gauge", "counter"]
    labels: tuple[str, ...]
    samples: Samples
    help: str

    def lines(self, seen: Seen) -> Iterator[str]:
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.type}"
        for values, number in self.samples(seen):
            pairs = zip(self.labels, values, strict=True)
            labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in pairs)
            yield f"{self.name}{f'{{{labels}}}' if labels else ''} {number:.15g}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _one(number: Callable[[Seen], float | None]) -> Samples:
    """A single sample, where there is a number."""
    return lambda seen: [] if (value := number(seen)) is None else [((), value)]


def _sites(number: Callable[[SiteStanding], float | None]) -> Samples:
    """A sample a site, where there is a number."""
    return lambda seen: (((site.id,), value) for site in seen.overview.sites if (value := number(site)) is not None)


def _ages(time: Callable[[SiteStanding], int | None]) -> Samples:
    return lambda seen: (((site.id,), age) for site in seen.overview.sites if (age := seen.age(time(site))) is not None)


def _counted(counts: Callable[[SiteStanding], dict[str, int]], always: tuple[str, ...] = ()) -> Samples:
    """A sample for each site and name; those `always` told are 0 where there is nothing."""
    return lambda seen: (
        ((site.id, name), count)
        for site in seen.overview.sites
        for name, count in (dict.fromkeys(always, 0) | counts(site)).items()
    )


def _batches(number: Callable[[Batches], float]) -> Samples:
    return lambda seen: (((state,), number(batches)) for state, batches in seen.overview.batches.items())


def _done(column: str) -> Samples:
    return lambda seen: (((row["site_id"],), row[column]) for row in seen.month.done)


def _posts(seen: Seen) -> Iterator[Sample]:
    for row in seen.month.done:
        yield (row["site_id"], "accepted"), row["posts_accepted"]
        yield (row["site_id"], "not_accepted"), row["posts"] - row["posts_accepted"]


def _dead_letters(seen: Seen) -> Iterator[Sample]:
    yield from _sites(lambda site: site.numbers.dead_letters)(seen)
    yield ("",), seen.overview.total.dead_letters - sum(site.numbers.dead_letters for site in seen.overview.sites)


_OPEN = ("scheduled", "queued", "running", "paused")
_SITE, _STATE = ("site",), ("site", "state")

METRICS = (
    Metric("offload_jobs", "gauge", _STATE, _counted(lambda s: s.numbers.jobs, _OPEN), "Open jobs by state."),
    Metric(
        "offload_jobs_paused",
        "gauge",
        ("site", "reason"),
        _counted(lambda s: s.numbers.paused),
        "Paused jobs by reason.",
    ),
    Metric("offload_recipients_pending", "gauge", _SITE, _sites(lambda s: s.numbers.pending), "People of open jobs."),
    Metric("offload_recipients_sending", "gauge", _SITE, _sites(lambda s: s.numbers.sending), "People in flight."),
    Metric(
        "offload_recipients_week",
        "gauge",
        _STATE,
        _counted(lambda s: s.numbers.people),
        "People of the jobs created in the last 7 days, by the state they ended in.",
    ),
    Metric(
        "offload_batches",
        "gauge",
        ("state",),
        _batches(lambda b: b.count),
        "Batches that wait (pending), are on the queue (queued) or are being sent (processing); 10,000 at most.",
    ),
    Metric(
        "offload_oldest_due_seconds",
        "gauge",
        (),
        _one(lambda seen: seen.age(seen.overview.batches["pending"].earliest)),
        "How long the batch that is due longest has waited for its turn.",
    ),
    Metric(
        "offload_leases_expired",
        "gauge",
        (),
        _one(lambda seen: seen.overview.batches["processing"].past),
        "Batches whose consumer died and that nobody has taken over yet.",
    ),
    Metric(
        "offload_mails_per_second", "gauge", _SITE, _sites(lambda s: s.numbers.rate), "Accepted over the last minute."
    ),
    Metric(
        "offload_mails_accepted_total",
        "counter",
        _SITE,
        _done("sent"),
        "Mails that the provider accepted; starts anew with the month, as do the other counters.",
    ),
    Metric("offload_mails_bounced_total", "counter", _SITE, _done("bounced"), "Hard bounces."),
    Metric("offload_mails_complained_total", "counter", _SITE, _done("complained"), "Complaints."),
    Metric(
        "offload_bounce_ratio",
        "gauge",
        _SITE,
        _sites(lambda s: s.numbers.bounces.value),
        "Hard bounces by mails accepted in the last 7 days.",
    ),
    Metric(
        "offload_complaint_ratio",
        "gauge",
        _SITE,
        _sites(lambda s: s.numbers.complaints.value),
        "Complaints by mails accepted in the last 7 days.",
    ),
    Metric("offload_quota_used", "gauge", _SITE, _sites(lambda s: s.used), "Mails of today."),
    Metric("offload_quota_limit", "gauge", _SITE, _sites(lambda s: s.quota), "The site's own quota a day, if any."),
    Metric("offload_eta_seconds", "gauge", _SITE, _sites(lambda s: s.eta_seconds), "Until nobody is pending."),
    Metric(
        "offload_callbacks",
        "gauge",
        _STATE,
        _counted(lambda s: s.numbers.callbacks, ("pending", "dead")),
        "Events still to be delivered, and those given up.",
    ),
    Metric(
        "offload_callback_oldest_seconds",
        "gauge",
        _SITE,
        _ages(lambda s: s.numbers.oldest_callback),
        "Age of the oldest event still to be delivered.",
    ),
    Metric(
        "offload_callback_success_ratio",
        "gauge",
        _SITE,
        _sites(lambda s: s.numbers.delivery.value),
        "Attempts to deliver an event that were accepted, in the last 24 hours.",
    ),
    Metric(
        "offload_callback_posts_total",
        "counter",
        ("site", "result"),
        _posts,
        "Attempts to deliver an event, by result.",
    ),
    Metric(
        "offload_callbacks_off",
        "gauge",
        _SITE,
        _sites(lambda s: int(s.callbacks_off)),
        "1 where the receiver answered 410.",
    ),
    Metric(
        "offload_dead_letters_open",
        "gauge",
        _SITE,
        _dead_letters,
        "Messages that no consumer could handle; site is empty where a message did not say.",
    ),
    Metric(
        "offload_sweeper_last_run_timestamp_seconds",
        "gauge",
        (),
        _one(lambda seen: seen.overview.swept_at and seen.overview.swept_at / 1000),
        "When the sweeper last ran.",
    ),
    Metric(
        "offload_database_bytes", "gauge", (), _one(lambda seen: seen.month.database_bytes), "What the database takes."
    ),
    Metric("offload_database_limit_bytes", "gauge", (), _one(lambda _: MOST_DATABASE), "What it may take."),
    Metric(
        "offload_cost_month_dollars",
        "gauge",
        (),
        _one(lambda seen: seen.month.cost.total),
        "What the platform has cost this month.",
    ),
    Metric("offload_cost_budget_dollars", "gauge", (), _one(lambda seen: seen.month.cost.budget), "What it may cost."),
)


async def metrics(call: Call) -> Response:
    seen = Seen(await overview.read(call.services, None), await overview.this_month(call.services))
    text = "".join(f"{line}\n" for metric in METRICS for line in metric.lines(seen))
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


OPERATIONS = (
    Operation(
        "GET",
        "/metrics",
        "operator",
        metrics,
        "How everything stands, for Prometheus",
        {200: None},
        file="text/plain",
    ),
)
