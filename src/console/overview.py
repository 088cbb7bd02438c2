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
_TEMPLATE = """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
{{ parts.head("Overview") }}
<div data-live id="figures" class="cards">
{% for figure in figures %}
<div class="card"><div class="quiet">{{ figure.label }}</div>
<div class="figure">{{ figure.value }}</div>
<div>{% if figure.verdict %}<span class="badge {{ figure.look }}">{{ figure.verdict }}</span> {% endif -%}
<span class="quiet">{{ figure.about }}</span></div>
{% if figure.link %}<div><a href="{{ figure.link[0] }}">{{ figure.link[1] }}</a></div>{% endif %}
</div>
{% endfor %}
</div>
<section class="card" aria-labelledby="open"><h2 id="open">Jobs under way</h2>
<div data-live id="jobs">
{% for job in overview.open_jobs %}
<article class="job">
<h3><a href="/console/jobs/{{ job.id }}">{{ job.name or job.id }}</a> {{ parts.badge(job.state) }}</h3>
<p class="quiet">{{ names[job.site_id] }}{% if job.company %}, {{ job.company }}{% endif %}
{%- if job.reason %}: {{ job.reason | spaced }}{% endif %}</p>
{{ parts.bar(job) }}</article>
{% else %}
<p>Nothing is under way. Jobs that have ended are under <a href="/console/jobs">Jobs</a>.</p>
{% endfor %}
</div></section>
<section class="card" aria-labelledby="sites"><h2 id="sites">Sites</h2>
<table><thead><tr><th scope="col">Site</th><th scope="col" class="number">Waiting</th>
<th scope="col" class="number">Mails a second</th><th scope="col" class="number">Done in</th>
<th scope="col" class="number">Quota of today</th><th scope="col" class="number">Hard bounces</th>
<th scope="col" class="number">Callbacks taken</th></tr></thead><tbody data-live id="standing">
{% for site in overview.sites %}
<tr><td data-label="Site"><span><a href="/console/sites/{{ site.id }}">{{ site.name }}</a>
{%- if site.disabled %} <span class="badge bad">disabled</span>{% endif %}
{%- if site.callbacks_off %} <span class="badge bad">callbacks off</span>{% endif %}</span></td>
<td data-label="Waiting" class="number">{{ (site.numbers.pending + site.numbers.sending) | number }}</td>
<td data-label="Mails a second" class="number">{{ "%.1f" | format(site.numbers.rate) }}</td>
<td data-label="Done in" class="number">{{ site.eta_seconds | duration }}</td>
<td data-label="Quota of today" class="number">{% if site.used is none %}{{ nothing }}{% else -%}
{{ site.used | number }}{% if site.quota %} of {{ site.quota | number }}{% endif %}{% endif %}</td>
<td data-label="Hard bounces" class="number">{{ site.numbers.bounces.value | percent }}</td>
<td data-label="Callbacks taken" class="number">{{ site.numbers.delivery.value | percent }}</td></tr>
{% endfor %}
</tbody></table></section>
{% if month %}
<section class="card" aria-labelledby="cost"><h2 id="cost">What this month has cost so far</h2>
<p><span class="figure">${{ "%.2f" | format(month.total) }}</span>
<span class="quiet">of a budget of ${{ "%.0f" | format(month.budget) }}, for the platform alone; mails cost extra at
their provider. Each amount is a count times what one was measured to use.</span></p>
<details><summary>The arithmetic</summary>
<table><thead><tr><th scope="col">What</th><th scope="col" class="number">Amount</th>
<th scope="col" class="number">Included</th><th scope="col" class="number">Price</th>
<th scope="col" class="number">Dollars</th></tr></thead><tbody>
{% for line in month.lines %}
<tr><td data-label="What">{{ line.price.what }}</td>
<td data-label="Amount" class="number">{{ line.amount | amount }} {{ line.price.unit }}</td>
<td data-label="Included" class="number">{{ line.price.included | amount }}</td>
<td data-label="Price" class="number">${{ "%g" | format(line.price.dollars) }}
{%- if line.price.per > 1 %} a million{% else %} a {{ line.price.unit }}{% endif %}</td>
<td data-label="Dollars" class="number">{{ "%.2f" | format(line.dollars) }}</td></tr>
{% endfor %}
</tbody></table></details></section>
{% endif %}
{% endblock %}"""


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
        _TEMPLATE,
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
