"""The job routes of the fake service."""

import csv
import io
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
Answer = tuple[int, Any, dict[str, str]]  # status, content, headers

STATES = ("pending", "sending", "sent", "failed", "uncertain", "suppressed", "cancelled")
_BEGAN = datetime(2026, 11, 24, 15, 0, 0, tzinfo=UTC).timestamp()
PERSON_FIELDS = (
    *("ref", "email", "name", "state", "reason", "detail", "attempts", "message_id", "delivery", "attachment"),
    "updated_at",
)


class Problem(Exception):
    def __init__(self, status: int, title: str, detail: str = "", errors: list[Json] | None = None) -> None:
        super().__init__(title)
        self.status = status
        self.body = {"type": "urn:offload:problem:test", "title": title, "status": status, "detail": detail}
        if errors:
            self.body["errors"] = errors


@dataclass
class Job:
    id: str
    body: Json
    key: str | None
    state: str = "draft"
    reason: str | None = None
    detail: str | None = None
    people: dict[str, Json] = field(default_factory=dict)
    started: bool = False

    def show(self) -> Json:
        counts = dict.fromkeys(STATES, 0)
        for person in self.people.values():
            counts[person["state"]] += 1
        left = counts["pending"] + counts["sending"]
        rate = self.body.get("rate") or 14.0
        over = self.state in ("completed", "cancelled")
        return {
            "id": self.id,
            "company": self.body.get("company"),
            "kind": "email",
            "name": self.body.get("name", ""),
            "state": self.state,
            "reason": self.reason,
            "detail": self.detail,
            "send_at": self.body.get("send_at"),
            "created_at": time(0),
            "started_at": time(5) if self.started else None,
            "ended_at": time(60) if over else None,
            "counts": {"total": len(self.people), **counts},
            "rate": rate,
            "eta_seconds": None if over else math.ceil(left / rate),
            "measured_rate": 12.5 if self.started else None,
        }

    def append(self, people: list[Json]) -> Json:
        before = len(self.people)
        for person in people:
            extra = dict.fromkeys(PERSON_FIELDS[4:]) | {"attempts": 0, "updated_at": time(1)}
            self.people.setdefault(person["ref"], {**person, "state": "pending", **extra})
        added = len(self.people) - before
        return {"added": added, "duplicates": len(people) - added, "total": len(self.people)}

    def move(self, most: int) -> None:
        """One step: up to `most` people are mailed; what becomes of them is in their address."""
        if self.state == "queued":
            self.state, self.started = "running", True
        elif self.state == "running":
            waiting = [person for person in self.people.values() if person["state"] == "pending"]
            for person in waiting[:most]:
                person["attempts"] += 1
                person["state"], person["reason"], person["detail"] = _outcome(person["email"])
            if len(waiting) <= most:
                self.state = "completed"


def _outcome(email: str) -> tuple[str, str | None, str | None]:
    if "@" not in email:
        return "failed", "invalid_address", "there is no @"
    if email.endswith(".invalid"):
        return "failed", "mailbox_unavailable", "550 no such mailbox"
    if email.startswith("slow@"):
        return "uncertain", "response_lost", "the connection was reset"
    return "sent", None, None


def time(seconds: float) -> str:
    moment = datetime.fromtimestamp(_BEGAN + seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Jobs:
    """`people_a_step` are mailed each time a running job is looked at; a page holds `page` people at most."""

    all: dict[str, Job] = field(default_factory=dict)
    people_a_step: int = 1_000
    page: int = 1_000

    def find(self, job_id: str) -> Job:
        if job_id not in self.all:
            raise Problem(404, "There is no such job", "There is no job with this id that this token may see.")
        return self.all[job_id]

    def new(self, body: Json, key: str | None = None) -> Job:
        job = Job(f"job_{len(self.all) + 1:032x}", body, key)
        self.all[job.id] = job
        return job


def _create(jobs: Jobs, *, headers: Any, body: bytes, **_: Any) -> Answer:
    wanted, key = json.loads(body), headers.get("Idempotency-Key")
    if "{{ broken" in wanted["message"]["html"]:
        fault = {"field": "/message/html", "detail": "line 3: unexpected end of template"}
        raise Problem(422, "The template has a fault", "Html: unexpected end of template.", [fault])
    for job in jobs.all.values():
        if key is not None and job.key == key:
            if job.body != wanted:
                raise Problem(409, "The Idempotency-Key belongs to another request")
            return 201, job.show(), {"Idempotent-Replayed": "true"}
    return 201, jobs.new(wanted, key).show(), {}


def _list(jobs: Jobs, *, query: dict[str, str], **_: Any) -> Answer:
    found = [job.show() for job in reversed(jobs.all.values())]
    for name in ("state", "company"):
        found = [job for job in found if query.get(name) in (None, job[name])]
    return 200, {"jobs": found[: int(query.get("limit", 100))], "next": None}, {}


def _show(jobs: Jobs, job_id: str, **_: Any) -> Answer:
    job = jobs.find(job_id)
    answer = job.show()
    job.move(jobs.people_a_step)
    return 200, answer, {}


def _append(jobs: Jobs, job_id: str, *, headers: Any, body: bytes, **_: Any) -> Answer:
    job = jobs.find(job_id)
    if job.state != "draft":
        raise Problem(409, "The job's state does not allow that", f"Cannot append to a job that is {job.state}.")
    assert headers["Content-Type"] == "application/x-ndjson"
    return 200, job.append([json.loads(line) for line in body.splitlines()]), {}


def _people(jobs: Jobs, job_id: str, *, query: dict[str, str], **_: Any) -> Answer:
    job = jobs.find(job_id)
    found = [person for person in job.people.values() if query.get("state") in (None, person["state"])]
    found = [person for person in found if query.get("reason") in (None, person["reason"])]
    shown = [{name: person[name] for name in PERSON_FIELDS} for person in found]
    if query.get("format") == "csv":
        return 200, _csv(shown), {"Content-Type": "text/csv; charset=utf-8"}
    first, size = int(query.get("cursor", 0)), min(jobs.page, int(query.get("limit", 100)))
    following = str(first + size) if first + size < len(shown) else None
    return 200, {"recipients": shown[first : first + size], "next": following}, {}


def _csv(rows: list[Json]) -> str:
    out = io.StringIO()
    table = csv.DictWriter(out, PERSON_FIELDS)
    table.writeheader()
    table.writerows(rows)
    return "\ufeff" + out.getvalue()


def _reasons(jobs: Jobs, job_id: str, **_: Any) -> Answer:
    groups: dict[tuple[str, str], int] = {}
    for person in jobs.find(job_id).people.values():
        if person["state"] in ("failed", "uncertain"):
            group = (person["state"], person["reason"])
            groups[group] = groups.get(group, 0) + 1
    found = [{"state": state, "reason": reason, "count": count} for (state, reason), count in groups.items()]
    return 200, {"reasons": sorted(found, key=lambda group: -group["count"])}, {}


# each action: the states it is allowed in, the state it leads to, and the states in which it was done already
_ACTIONS = {
    "start": (("draft",), "queued", ("queued", "running", "scheduled")),
    "pause": (("queued", "running"), "paused", ("paused",)),
    "resume": (("paused",), "queued", ("queued", "running")),
    "cancel": (("draft", "scheduled", "queued", "running", "paused"), "cancelled", ("cancelled",)),
    "handback": (("scheduled", "queued", "running", "paused"), "cancelled", ("cancelled",)),
}


def _act(jobs: Jobs, job_id: str, action: str, **_: Any) -> Answer:
    job = jobs.find(job_id)
    allowed, target, done = _ACTIONS[action]
    if job.state in allowed:
        _change(job, action, target)
    elif job.state not in done:
        raise Problem(409, "The job's state does not allow that", f"Cannot {action} a job that is {job.state}.")
    return 200, _handed_back(jobs, job) if action == "handback" else job.show(), {}


def _change(job: Job, action: str, target: str) -> None:
    needed = set(re.findall(r"\{\{ (\w+) \}\}", job.body["message"]["html"])) if action == "start" else set()
    have = {"ref", "email", "name", *(name for person in job.people.values() for name in person["variables"])}
    have |= set(job.body["message"].get("variables", ())) if action == "start" else set()
    have |= {"certificate_url", "certificate_code", "verify_url"} if "certificate" in job.body else set()
    if missing := sorted(needed - have):
        faults = [
            {"field": "/message", "detail": f"the variable '{name}' has no value for anybody"} for name in missing
        ]
        raise Problem(422, "The template names variables that nobody has", "", faults)
    job.state = "scheduled" if action == "start" and job.body.get("send_at") else target
    if target == "cancelled":
        job.reason = "handed_back" if action == "handback" else "cancelled"
        for person in job.people.values():
            if person["state"] == "pending":
                person["state"], person["reason"] = "cancelled", job.reason


def _handed_back(jobs: Jobs, job: Job) -> Json:
    people = [person for person in job.people.values() if person["reason"] == "handed_back"]
    shown = [{name: person[name] for name in ("ref", "email", "name")} for person in people[: jobs.page]]
    more = f"/v1/jobs/{job.id}/recipients?state=cancelled&reason=handed_back&limit=5000&cursor={jobs.page}"
    sending = job.show()["counts"]["sending"]
    following = more if len(people) > jobs.page else None
    return {
        "job": job.show(),
        "handed_back": len(people),
        "sending": sending,
        "recipients": shown,
        "next": following,
    }


def _retry(jobs: Jobs, job_id: str, *, body: bytes, **_: Any) -> Answer:
    job, wanted = jobs.find(job_id), json.loads(body)
    chosen = wanted.get("filter", {})
    people = [person for person in job.people.values() if person["state"] == chosen.get("state", "failed")]
    people = [person for person in people if chosen.get("reason") in (None, person["reason"])]
    people = [person for person in people if chosen.get("refs") is None or person["ref"] in chosen["refs"]]
    if not wanted.get("dry_run"):
        for person in people:
            person.update(state="pending", reason=None, detail=None)
        job.state = "queued"
    return 200, {"count": len(people), "dry_run": wanted.get("dry_run", False), "job": job.show()}, {}


def _preview(_jobs: Jobs, *, body: bytes, **_: Any) -> Answer:
    wanted = json.loads(body)
    message, person = wanted["message"], wanted["recipient"]
    values = {**message.get("variables", {}), **person["variables"], "name": person["name"], "ref": person["ref"]}

    def render(source: str) -> str:
        return re.sub(r"\{\{ (\w+) \}\}", lambda found: values[found[1]], source)

    rendered = {part: render(message.get(part) or "from the HTML") for part in ("subject", "html", "text")}
    sender = message.get("from") or {"email": "courses@example.org", "name": "Courses"}
    to = {"email": person["email"], "name": person["name"]}
    return 200, {**rendered, "from": sender, "to": to, "reply_to": message.get("reply_to"), "headers": {"X-A": "b"}}, {}


_JOB = r"/v1/jobs/(job_\w+)"
ROUTES: tuple[tuple[str, Callable[..., Answer]], ...] = (
    (r"POST /v1/jobs", _create),
    (r"GET /v1/jobs", _list),
    (rf"GET {_JOB}", _show),
    (rf"POST {_JOB}/recipients", _append),
    (rf"GET {_JOB}/recipients", _people),
    (rf"GET {_JOB}/reasons", _reasons),
    (rf"POST {_JOB}/retry", _retry),
    (rf"POST {_JOB}/(start|pause|resume|cancel|handback)", _act),
    (r"POST /v1/preview", _preview),
)
