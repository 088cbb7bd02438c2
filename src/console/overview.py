"""The first page: what is running now, and whether anything needs a person."""

from typing import NamedTuple

from starlette.responses import Response

from console import words
from console.frame import page
from console.routing import Page
from console.visit import Visit
from jobs.breakers import BOUNCE_LIMIT
from monitoring import overview

LATE_SWEEP = 180  # seconds: two runs were missed


class Figure(NamedTuple):
    """`verdict` says whether `value` is as it should be; `look` is that of its badge."""

    label: str
    value: str
    about: str
    verdict: str = ""
    look: str = ""
    link: tuple[str, str] | None = None


async def show(visit: Visit) -> Response:
    standing = await overview.read(visit.services, visit.caller.scope)
    return page(
        visit,
        "overview.html",
        "Overview",
        overview=standing,
        figures=_figures(standing),
        names={site.id: site.name for site in standing.sites},
        month=await overview.month(visit.services) if visit.sees_all else None,
    )


def _figures(standing: overview.Overview) -> list[Figure]:
    total = standing.total
    waiting = total.pending + total.sending
    due = standing.batches.get("pending")
    late = f"{due.past:,} of {due.count:,} waiting batches are due" if due and due.count else "no batch waits"
    return [
        Figure("Mails a second, now", f"{total.rate:.1f}", f"{words.number(total.sent)} in {overview.DAYS} days"),
        Figure("People waiting", words.number(waiting), late),
        _dead_letters(standing),
        _uncertain(total),
        _below("Hard bounces", total.bounces, BOUNCE_LIMIT, f"of the mails of {overview.DAYS} days"),
        _below("Complaints", total.complaints, overview.COMPLAINT_LIMIT, f"of the mails of {overview.DAYS} days"),
        _callbacks(total),
        _sweeper(standing),
    ]


def _dead_letters(standing: overview.Overview) -> Figure:
    total = standing.total
    if not total.dead_letters:
        return Figure("Dead letters", "0", "nothing was given up")
    age = words.duration((standing.at - (total.oldest_dead_letter or standing.at)) / 1000)
    link = ("/console/dead-letters", "Look at them")
    return Figure("Dead letters", words.number(total.dead_letters), f"the oldest for {age}", "open", "bad", link)


def _uncertain(total: overview.Numbers) -> Figure:
    count = total.people["uncertain"]
    about = f"in jobs of {overview.DAYS} days: a mail may have left"
    if not count:
        return Figure("Uncertain people", "0", about)
    return Figure(
        "Uncertain people", words.number(count), about, "to resolve", "warn", ("/console/jobs", "Find the jobs")
    )


def _below(label: str, share: overview.Share, limit: float, about: str) -> Figure:
    """A share that must stay under its limit."""
    digits = 2 if limit < 0.01 else 1
    told = words.percent(limit, digits if limit < 0.01 else 0)
    good = share.value is None or share.value <= limit
    verdict, look = (f"below {told}", "good") if good else (f"above {told}", "bad")
    return Figure(label, words.percent(share.value, digits), about, verdict, look)


def _callbacks(total: overview.Numbers) -> Figure:
    goal, share = words.percent(overview.CALLBACK_GOAL, 0), total.delivery
    good = share.value is None or share.value >= overview.CALLBACK_GOAL
    verdict, look = (f"{goal} or more", "good") if good else (f"below {goal}", "bad")
    waiting, dead = total.callbacks["pending"], total.callbacks["dead"]
    about = f"in a day; {waiting:,} waiting, {dead:,} given up"
    return Figure(
        "Callbacks taken in", words.percent(share.value), about, verdict, look, ("/console/callbacks", "Look")
    )


def _sweeper(standing: overview.Overview) -> Figure:
    if standing.swept_at is None:
        return Figure("Sweeper", words.NOTHING, "has not run yet; it runs each minute")
    ago = (standing.at - standing.swept_at) / 1000
    late = ago > LATE_SWEEP
    verdict, look = ("late", "bad") if late else ("on time", "good")
    return Figure("Sweeper", f"{words.duration(ago)} ago", "it runs each minute", verdict, look)


PAGES = (Page("GET", "/console", "any", show, "Overview"),)
