"""One job: how it stands, what went wrong in it and what to do about it, and what happened."""

import json
from typing import Any

from starlette.responses import Response

from api import present
from console import timeline
from console.frame import page
from console.jobs import find
from console.reasons import JOBS, STATES, of_person
from console.routing import Page
from console.visit import Visit
from core.problems import NOT_FOUND, Problem
from core.states import JobState
from jobs.people import COUNTED, groups
from runtime.ports import Row
from store import audit, job_lists, people_lists, sites
from store import jobs as job_rows
from store.audit import Filter

_OVER = (JobState.COMPLETED, JobState.CANCELLED)
RETRIABLE = (JobState.QUEUED, JobState.RUNNING, JobState.PAUSED, JobState.COMPLETED)
# what can be done in each state: address, label, look; a person's press alone, or after a question
PRESS = {
    JobState.QUEUED: [("pause", "Pause", "")],
    JobState.RUNNING: [("pause", "Pause", "")],
    JobState.PAUSED: [("resume", "Resume", "first")],
}
ASK = {
    JobState.DRAFT: [("start", "Start", "first"), ("cancel", "Cancel", "danger")],
    **{
        state: [("hand-back", "Hand back to Moodle", "danger"), ("cancel", "Cancel", "danger")]
        for state in (JobState.SCHEDULED, JobState.QUEUED, JobState.RUNNING, JobState.PAUSED)
    },
}

_JOB = """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
{% set here = "/console/jobs/" ~ job.id %}
{% set live = "" if over else " data-live" %}
<div class="head"><div><h1>{{ job.name or "Job without a name" }}</h1>
<p class="quiet">{{ "Certificates" if job.kind == "certificate" else "E-mail" }} of
<a href="/console/sites/{{ site.id }}">{{ site.name }}</a>{% if job.company %}, {{ job.company }}{% endif %},
<code>{{ job.id }}</code></p></div>
{% if may_change %}
<div class="actions" id="actions"{{ live }}>
{% for path, label, look in press %}{{ parts.act(here ~ "/" ~ path, label, look=look) }}{% endfor %}
{% for path, label, look in ask %}<a class="button {{ look }}" href="{{ here }}/{{ path }}">{{ label }}</a>
{% endfor %}
</div>
{% endif %}
</div>
<section class="card" aria-labelledby="standing"><h2 id="standing">How it stands</h2>
<div id="state"{{ live }}>
<p>{{ parts.badge(job.state) }} {{ about }}</p>
{% if reason %}
<p{% if job.state == "paused" %} class="notice"{% endif %}>{{ reason[0] }}
{% if job.detail %} {{ job.detail | sentence }}{% endif %} {{ reason[1] }}
{% if job.state == "paused" and job.resume_at %} It goes on by itself at {{ parts.when(job.resume_at) }}.{% endif %}
{% if job.reason == "handed_back" %}
<a href="{{ here }}/people.csv?state=cancelled&amp;reason=handed_back">Their list as CSV</a>{% endif %}</p>
{% endif %}
{{ parts.bar(job, people=here ~ "/people?state=") }}
<dl class="figures"><div><dt>People</dt><dd>{{ job.total | number }}</dd></div>
<div><dt>Allowed, a second</dt><dd>{{ "{:,g}".format(pace.rate) }}</dd></div>
<div><dt>Measured, a second</dt><dd>{% if pace.measured_rate is none %}{{ nothing }}{% else -%}
{{ "{:,g}".format(pace.measured_rate) }}{% endif %}</dd></div>
{% if pace.eta_seconds is not none %}<div><dt>Done in{% if job.state == "paused" %}, once resumed{% endif %}</dt>
<dd>{{ pace.eta_seconds | duration }}</dd></div>
{% elif job.started_at and job.ended_at %}<div><dt>Took</dt>
<dd>{{ ((job.ended_at - job.started_at) / 1000) | duration }}</dd></div>{% endif %}</dl>
</div></section>
<section class="card" aria-labelledby="wrong"><h2 id="wrong">What went wrong</h2>
<div id="groups"{{ live }}>
{% if groups %}
<table><thead><tr><th scope="col">Reason</th><th scope="col">State</th><th scope="col" class="number">People</th>
{% if may_change %}<th scope="col">Mend</th>{% endif %}</tr></thead><tbody>
{% for group in groups %}
{% set chosen = "?state=" ~ group.state ~ "&reason=" ~ (group.reason | urlencode) %}
<tr><td data-label="Reason"><div>{{ told(group.reason) | sentence }}
<code class="quiet">{{ group.reason }}</code></div></td>
<td data-label="State">{{ parts.badge(group.state) }}</td>
<td data-label="People" class="number"><a href="{{ here }}/people{{ chosen }}">{{ group.people | number }}
{%- if group.more %} or more{% endif %}</a></td>
{% if may_change %}<td data-label="Mend"><div class="actions">
{% if retriable %}<a class="button small" href="{{ here }}/retry{{ chosen }}"
 aria-label="Retry this group: {{ told(group.reason) }}">Retry this group</a>{% endif %}
{% if group.state == "uncertain" %}<a class="button small" href="{{ here }}/resolve{{ chosen }}"
 aria-label="Resolve: {{ told(group.reason) }}">Resolve</a>{% endif %}</div></td>{% endif %}</tr>
{% endfor %}
</tbody></table>
<div class="actions">
{% if may_change and retriable and job.failed %}
<a class="button" href="{{ here }}/retry?state=failed">Retry all {{ job.failed | number }} failed</a>{% endif %}
{% if may_change and job.uncertain %}
<a class="button" href="{{ here }}/resolve">Resolve all {{ job.uncertain | number }} uncertain</a>{% endif %}
{% for state in ("failed", "uncertain") if job[state] %}
<a href="{{ here }}/people.csv?state={{ state }}">{{ state | capitalize }} people as CSV</a>
{% endfor %}
</div>
{% else %}
<p>Nobody failed, and of nobody it is uncertain whether they were mailed.</p>
{% endif %}
</div></section>
<section class="card" aria-labelledby="people"><h2 id="people">People</h2>
<form class="filter" method="get" action="{{ here }}/people">
{{ parts.search("ref", "Reference, or how it begins", "") }}<button>Find</button>
<a class="button" href="{{ here }}/people">All people</a>
{% if job.total %}<a class="button" href="{{ here }}/people/0/preview">Preview the mail</a>{% endif %}</form>
</section>
<section class="card" aria-labelledby="says"><h2 id="says">What it says</h2>
{% if content %}{% set message, certificate = content.message, content.get("certificate") %}
<dl><dt>Subject</dt><dd>{{ message.subject }}</dd>
<dt>From</dt><dd>{{ mailbox(message["from"]) }}</dd>
<dt>Reply to</dt><dd>{{ mailbox(message.reply_to) if message.reply_to else nothing }}</dd>
<dt>If uncertain</dt>
<dd>{{ "Hold: a person decides" if job.on_uncertain == "hold" else "Send again: once too often at worst" }}</dd>
{% if certificate %}<dt>Certificate</dt>
<dd>{{ certificate.title }}, issued by {{ certificate.issuer }}</dd>{% endif %}</dl>
<p><a href="{{ here }}/content">All settings
{{- ", the template and the design" if certificate else " and the template" }}</a></p>
{% else %}<p>It was erased with its people, whose time was over.</p>{% endif %}
</section>
<section class="card" aria-labelledby="happened"><h2 id="happened">What happened</h2>
<ol class="timeline" id="moments"{{ live }}>
{% for moment in moments %}
<li><div>{{ parts.when(moment.at) }}</div><div><b>{{ moment.what }}</b>
{%- if moment.ahead %} <span class="badge busy">to come</span>{% endif %}
{%- if moment.about %}: {{ moment.about }}{% endif %}
{%- if moment.by %} <span class="quiet">{{ moment.by }}</span>{% endif %}</div></li>
{% endfor %}
</ol></section>
<section class="card" aria-labelledby="elsewhere"><h2 id="elsewhere">What belongs to it</h2>
<div id="batches"{{ live }}><p>Batches:
{% for batch in batches %}{{ batch.count | number }} {{ parts.badge(batch.state) }} {% else %}none yet{% endfor %}</p>
<ul class="plain">
<li><a href="/console/callbacks?job={{ job.id }}">Callbacks that tell Moodle of it</a></li>
<li><a href="/console/dead-letters?job={{ job.id }}">Dead letters</a>: {{ letters | number }} open</li>
{% if job.kind == "certificate" %}
<li><a href="/console/certificates?job={{ job.id }}">Its certificates</a></li>{% endif %}
<li><a href="/console/audit?target={{ job.id }}">Who did what with it</a></li></ul></div></section>
{% endblock %}"""

_CONTENT = """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
{{ parts.head("What the job says", "As it was sent to us. It cannot be changed any more.") }}
<p><a href="/console/jobs/{{ job.id }}">Back to {{ job.name or "the job" }}</a></p>
<section class="card" aria-labelledby="settings"><h2 id="settings">Settings</h2>
<dl>{% for name, value in settings %}<dt>{{ name }}</dt>
<dd>{{ nothing if value is none or value == "" else value }}</dd>
{% endfor %}</dl></section>
{% for name, source in sources %}
<section class="card" aria-labelledby="source-{{ loop.index }}"><h2 id="source-{{ loop.index }}">{{ name }}</h2>
<pre>{{ source }}</pre></section>
{% endfor %}{% endblock %}"""


async def show(visit: Visit) -> Response:
    visit, found = await find(visit)
    scope, id = visit.scope, found["id"]
    jobs, site, content, counted, batches, story, acts, letters = await visit.services.database.batch(
        [
            job_rows.find(scope, id),
            sites.find(found["site_id"]),
            job_lists.content(scope, id),
            people_lists.groups(scope, id, COUNTED),
            job_lists.batches(scope, id),
            job_lists.story(scope, id, timeline.MOST),
            audit.page(scope, Filter(target=id), None, timeline.MOST, timeline.MOST),
            job_lists.open_letters(scope, id),
        ]
    )
    job = jobs[0]
    return page(
        visit,
        _JOB,
        job["name"] or "Job",
        job=job,
        site=site[0],
        about=STATES[job["state"]],
        reason=JOBS.get(job["reason"], (f"{job['reason']}.", "")) if job["reason"] else None,
        over=job["state"] in _OVER and job["ended_at"] is not None,
        retriable=job["state"] in RETRIABLE,
        press=PRESS.get(job["state"], []),
        ask=ASK.get(job["state"], []),
        pace=present.job(job, site[0], visit.now),
        groups=groups(job, counted),
        told=of_person,
        content=_said(content),
        mailbox=mailbox,
        moments=timeline.of(job, story, acts),
        batches=batches,
        letters=letters[0]["count"],
    )


async def show_content(visit: Visit) -> Response:
    visit, job = await find(visit)
    rows = await visit.services.database.all(job_lists.content(visit.scope, job["id"]))
    said = _said(rows)
    if said is None:
        raise Problem(NOT_FOUND, "What the job said was erased with its people.")
    settings = [*_settings(job, said), ("Version", rows[0]["version"])]
    return page(visit, _CONTENT, "What the job says", job=job, settings=settings, sources=_sources(said))


def _said(rows: list[Row]) -> Row | None:
    """What the job says; None where it has been erased."""
    said: Row | None = json.loads(rows[0]["content"]) if rows else None
    return said


def _settings(job: Row, said: Row) -> list[tuple[str, Any]]:
    message, certificate = said["message"], said.get("certificate") or {}
    return [
        ("Subject", message["subject"]),
        ("From", mailbox(message["from"])),
        ("Reply to", mailbox(message["reply_to"]) if message["reply_to"] else None),
        *((f"Header {name}", value) for name, value in message["headers"].items()),
        *((f"Variable {name}", value) for name, value in message["variables"].items()),
        ("Category", job["category"]),
        ("Unsubscribe link", "yes" if said.get("unsubscribe") else "no"),
        ("If uncertain", job["on_uncertain"]),
        ("Mails a second", job["rate"] and f"{job['rate']:g}"),
        ("Send at", job["send_at"] and present.time(job["send_at"])),
        ("People in a batch", job["batch_size"]),
        ("Idempotency key", job["idempotency_key"]),
        *((f"Certificate's {name}", value) for name, value in certificate.items() if name != "design"),
    ]


def _sources(said: Row) -> list[tuple[str, str]]:
    message = said["message"]
    sources = [("HTML", message["html"])]
    if message["text"]:
        sources.append(("Plain text", message["text"]))
    if "certificate" in said:
        design = json.dumps(said["certificate"]["design"], indent=2, ensure_ascii=False)
        sources.append(("Design of the certificate", design))
    return sources


def mailbox(found: Row) -> str:
    return f"{found['name']} <{found['email']}>" if found.get("name") else str(found["email"])


PAGES = (
    Page("GET", "/console/jobs/{job}", "any", show, "A job: how it stands, what went wrong, what happened"),
    Page("GET", "/console/jobs/{job}/content", "any", show_content, "A job's settings, template and design, as sent"),
)
