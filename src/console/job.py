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
from console.words import mailbox
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
        "job.html",
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
    return page(visit, "job_content.html", "What the job says", job=job, settings=settings, sources=_sources(said))


def _said(rows: list[Row]) -> Row | None:
    """What the job says; None where it has been erased."""
    said: Row | None = json.loads(rows[0]["content"]) if rows else None
    return said


def _settings(job: Row, said: Row) -> list[tuple[str, Any]]:
    message, certificate = said["message"], said.get("certificate") or {}
    return [
        ("Subject", message["subject"]),
        ("From", mailbox(**message["from"])),
        ("Reply to", mailbox(**message["reply_to"]) if message["reply_to"] else None),
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


PAGES = (
    Page("GET", "/console/jobs/{job}", "any", show, "A job: how it stands, what went wrong, what happened"),
    Page("GET", "/console/jobs/{job}/content", "any", show_content, "A job's settings, template and design, as sent"),
)
