"""A service in the middle of its work, for the console to show: two Moodles, two companies, jobs in every state, and
something of each kind that needs a person.

The promise: everything here came about as it does in production, through the API, a mail provider and two Moodles on
this machine. Only what takes hours (a certificate that expires, the last attempt of a callback) or a crash (a batch
that no consumer survives) is brought on in the database.
"""

import csv
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx

from dev.mailgun import DOMAIN, Mailgun
from dev.moodle import Fault, Moodle
from dev.server import LocalRuntime

HERE = Path(__file__).resolve().parent
LEARNERS, GRADUATES, REMINDER = HERE / "learners.csv", HERE / "graduates.csv", HERE / "reminder.html"
PATIENCE = 300  # seconds for anything to come about; nothing takes ten, but on a busy machine
UPGRADING = Fault(503, "<html><title>Campus is being upgraded</title></html>")
NORTH, HARBOUR = "North Clinic Group", "Harbour Logistics"
AGE = """
UPDATE certificates SET expires_at = issued_at - 3600000 WHERE code = '{expired}';
UPDATE callbacks SET attempts = 7, due_at = 0 WHERE job_id = '{unheard}' AND attempts > 0 AND sequence < 3;
UPDATE batches SET redeliveries = 3 WHERE job_id = '{poisoned}';
"""

Json = dict[str, Any]
T = TypeVar("T")


@dataclass
class Client:
    """A site, or one company of it, by its token."""

    http: httpx.Client
    token: str
    id: str = ""

    def get(self, path: str, **parameters: Any) -> Json:
        return self._ask("GET", path, params=parameters)

    def post(self, path: str, body: Any = None) -> Json:
        return self._ask("POST", path, json=body)

    def put(self, path: str, body: Any) -> Json:
        return self._ask("PUT", path, json=body)

    def _ask(self, method: str, path: str, **more: Any) -> Json:
        answer = self.http.request(method, path, headers={"authorization": f"Bearer {self.token}"}, **more)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        found: Json = answer.json()
        return found

    def job(self, name: str, people: Sequence[Json], *, start: bool = True, **fields: Any) -> str:
        message = {"subject": name, "html": "<p>Dear {{ name }},</p><p>please see your course page.</p>"}
        body = {"kind": "email", "name": name, "message": message, "recipients": people, "start": start, **fields}
        return str(self.post("/v1/jobs", body)["id"])

    def until(self, job: str, state: str) -> Json:
        """The job, once it is in this state and nobody of it is being sent to."""

        def there() -> Json | None:
            found = self.get(f"/v1/jobs/{job}")
            return found if found["state"] == state and not found["counts"]["sending"] else None

        return once(f"{job} {state}", there)


@dataclass
class Scene:
    """`with Scene() as scene:` runs what the service reaches; `fill` then makes a service busy. Ids are by name."""

    campus: Client = field(init=False)
    academy: Client = field(init=False)
    jobs: dict[str, str] = field(default_factory=dict)
    certificates: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.mailgun = Mailgun()
        self.moodle, self.silent_moodle = Moodle(), Moodle()
        self.silent_moodle.fault = UPGRADING
        self._running = ExitStack()

    def settings(self) -> dict[str, str]:
        """What the service must be told to reach the mail provider here."""
        return self.mailgun.settings()

    def __enter__(self) -> Self:
        for server in (self.mailgun, self.moodle, self.silent_moodle):
            self._running.enter_context(server)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    def fill(self, runtime: LocalRuntime, operator_token: str) -> None:
        http = httpx.Client(base_url=runtime.url, timeout=PATIENCE, trust_env=False)
        operator = Client(self._running.enter_context(http), operator_token)
        self._sites(operator)
        self._suppressions()
        self._campus_jobs()
        self._academy_jobs()
        self._certificates()
        sql = AGE.format(expired=self.certificates["expired"], unheard=self.jobs["unheard"], poisoned=self.jobs["dead"])
        runtime.wrangler("d1", "execute", "DB", "--command", sql)
        self._last_jobs()
        self._outcomes()

    def _sites(self, operator: Client) -> None:
        self.campus = self._site(
            operator,
            {
                "name": "Riverside College",
                "provider": "mailgun",
                "send_rate": 1000,
                "from": {"email": f"office@{DOMAIN}", "name": "Riverside College"},
                "callback_url": self.moodle.url,
            },
            self.moodle,
        )
        self.academy = self._site(
            operator,
            {
                "name": "St. Brigid's Academy",
                "from": {"email": "office@academy.example", "name": "St. Brigid's Academy"},
                "callback_url": self.silent_moodle.url,
                "daily_quota": 100,
            },
            self.silent_moodle,
        )
        tokens = f"/v1/sites/{self.campus.id}/tokens"
        for company in (NORTH, HARBOUR):
            operator.post(tokens, {"name": f"Moodle of {company}", "company": company})
        operator.post(tokens, {"name": "Dashboard", "read_only": True})
        look = {"reply_to": {"email": "help@clinic.example"}, "colour": "#0b57a4", "send_rate": 20}
        self.campus.put(f"/v1/companies/{quote(NORTH)}", look)

    def _site(self, operator: Client, body: Json, moodle: Moodle) -> Client:
        made = operator.post("/v1/sites", body)
        moodle.secret = made["callback_secret"]
        return Client(operator.http, made["token"], made["id"])

    def _suppressions(self) -> None:
        rows = [
            {"email": LEFT_OUT, "reason": "unsubscribe", "category": "course-reminders"},
            {"email": "gone@students.example", "reason": "hard_bounce", "detail": "550 5.1.1 no such mailbox"},
            {"email": "full@students.example", "reason": "soft_bounces", "detail": "452 4.2.2 mailbox full"},
            {"email": "annoyed@students.example", "reason": "complaint"},
            {"email": "board@campus.example", "reason": "manual", "detail": "asked by telephone"},
            {"email": "dean@campus.example", "reason": "manual", "detail": "is on leave"},
            {"email": "nurse@clinic.example", "reason": "manual", "company": NORTH},
        ]
        self.campus.post("/v1/suppressions", rows)

    def _campus_jobs(self) -> None:
        campus, add = self.campus, self.jobs.__setitem__
        subject = "{{ course }}: {{ task }} is due on {{ due }}"
        reminder = {"subject": subject, "html": REMINDER.read_text("utf-8"), "variables": {"office": "study office"}}
        reminded = learners(300)
        for learner in reminded[20:24]:
            del learner["variables"]["due"]
        silent = [person(number, "silent{}@students.example") for number in range(3)]
        for one in silent:
            one["variables"] = reminded[0]["variables"]
        fields: Json = {"message": reminder, "category": "course-reminders", "unsubscribe": True}
        add("completed", campus.job("Reminders, week 48", [*reminded, *silent], **fields))
        add("company", campus.job("Safety refresher", people(60), company=HARBOUR))
        add("paused", campus.job("Members' meeting", [person(n, INVALID if n % 3 else VALID) for n in range(90)]))
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(hour=6, minute=0, second=0, microsecond=0)
        add("scheduled", campus.job("Exam timetable", people(120), send_at=tomorrow.isoformat()))
        add("draft", campus.job("Alumni newsletter", people(25), start=False))
        add("dead", campus.job("Library notices", people(240), start=False, company=NORTH))
        add("cancelled", campus.job("Room change on Monday", people(40), start=False))
        campus.post(f"/v1/jobs/{self.jobs['cancelled']}/handback")

    def _academy_jobs(self) -> None:
        self.jobs["unheard"] = self.academy.job("Parents' evening", people(30))
        self.academy.until(self.jobs["unheard"], "completed")

    def _certificates(self) -> None:
        award = {
            "design": "classic",
            "award": "marine-biology",
            "title": "Marine Biology",
            "issuer": "Riverside College",
        }
        message = {"subject": "Your certificate", "html": "<p>{{ name }}: {{ certificate_url }}</p>"}
        with GRADUATES.open(encoding="utf-8", newline="") as file:
            graduates = [as_person(row) for row in list(csv.DictReader(file))[:10]]
        fields: Json = {"kind": "certificate", "certificate": award, "message": message}
        job = self.jobs["certificates"] = self.campus.job("Marine Biology, autumn", graduates, **fields)
        self.campus.until(job, "completed")
        codes = [each["code"] for each in self.campus.get("/v1/certificates", job=job)["certificates"]]
        self.certificates = dict(zip(CERTIFICATES, codes, strict=True))
        code = self.certificates["revoked"]
        self.campus.post(f"/v1/certificates/{code}/revoke", {"reason": "Issued to the wrong person"})
        code = self.certificates["superseded"]
        self.certificates["reissued"] = self.campus.post(f"/v1/certificates/{code}/reissue", {"name": "Zoë Brontë"})[
            "code"
        ]

    def _last_jobs(self) -> None:
        self.campus.post(f"/v1/jobs/{self.jobs['dead']}/start")
        self.jobs["heard late"] = self.academy.job("Sports day", people(20))
        self.academy.until(self.jobs["heard late"], "completed")
        self.jobs["quota"] = self.academy.job("Term report", people(80))
        self.jobs["running"] = self.campus.job("Winter term: enrolment is open", people(800), rate=3)

    def _outcomes(self) -> None:
        """What the provider tells later, and the states that all this leads to."""
        completed = self.jobs["completed"]
        self.campus.until(completed, "completed")
        sent = self.campus.get(f"/v1/jobs/{completed}/recipients", state="sent", limit=40)["recipients"]
        addresses = [each["email"] for each in sent if each["email"] in self.mailgun.mails]
        told = [
            *(self.mailgun.bounce(address) for address in addresses[:4]),
            self.mailgun.event(addresses[4], event="complained"),
            *(self.mailgun.event(address, event="delivered") for address in addresses[5:]),
        ]
        for event in told:
            self.campus.http.post("/v1/events/mailgun", json=event).raise_for_status()
        self.campus.until(self.jobs["company"], "completed")
        self.campus.until(self.jobs["paused"], "paused")
        self.academy.until(self.jobs["quota"], "paused")
        self.campus.until(self.jobs["dead"], "completed")
        once("a callback is given up", lambda: self.academy.get("/v1/callbacks", state="dead")["callbacks"])


CERTIFICATES = ("valid", "expired", "revoked", "superseded", *(f"valid {number}" for number in range(2, 8)))
VALID, INVALID = "member{}@members.example", "member{}@typo.invalid"
LEFT_OUT = "zofie.prihodova@mail.campus.example"


def once(what: str, ask: Callable[[], T | None]) -> T:
    """The first answer that is true in a Boolean sense."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not come about in {PATIENCE} s")
        time.sleep(0.2)
    return answer


def person(number: int, address: str) -> Json:
    return {"ref": f"x{number}", "email": address.format(number), "name": f"Member {number}", "variables": {}}


def people(count: int) -> list[Json]:
    """Learners of the demo, as often as it takes."""
    known = learners(count)
    return [{**known[number % len(known)], "ref": str(number)} for number in range(count)]


def learners(count: int) -> list[Json]:
    with LEARNERS.open(encoding="utf-8", newline="") as file:
        return [as_person(row) for row in list(csv.DictReader(file))[:count]]


def as_person(row: dict[str, str]) -> Json:
    own = ("ref", "email", "name")
    return {name: row[name] for name in own} | {"variables": {k: v for k, v in row.items() if k not in own}}
