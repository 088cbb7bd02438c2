"""A whole deployment in simulated time: the real API, consumers, sweeper and callbacks over a platform that fails.

`simulate(scenario, …)` runs one history from its start to its end and then holds it to the invariants.
"""

import asyncio
import contextlib
import io
import json
import random
import tomllib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx

import callback
import queue_consumer
from app import app
from runtime.ports import Row
from runtime.services import Services
from runtime.settings import Settings
from sweep import sweep
from tests.doubles.bindings import CountingLimiter, DeliveredMessage
from tests.doubles.crypto import HostCrypto
from tests.doubles.provider import Crash
from tests.faults.bindings import INVOCATION_SECONDS, Bucket, Clock, Database, Queue, Randomness, Reach
from tests.faults.injection import Calm, Plan
from tests.faults.outside import Internet, Mails, Moodle
from tests.faults.timeline import Invocation, Timeline, invoke

ROOT = Path(__file__).resolve().parents[2]
QUEUES = {
    consumer["queue"]: consumer
    for consumer in tomllib.loads((ROOT / "wrangler.toml").read_text())["queues"]["consumers"]
}
OPERATOR = "operator-of-the-fault-suite"
SETTINGS = {
    "OPERATOR_TOKEN": OPERATOR,
    "SENDGRID_API_KEY": "SG.faults",
    "RESEND_API_KEY": "re_faults",
    "BATCH_SIZE": "100",
}
MESSAGE = {"subject": "For {{ name }}", "html": "<p>Dear {{ name }}, your course ends soon.</p>"}
ENDED = ("sent", "failed", "uncertain", "suppressed", "cancelled")
Json = dict[str, Any]


class Answer(NamedTuple):
    """`status` 0: the caller saw no answer, so nobody knows whether it was done."""

    status: int
    body: Json

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def unknown(self) -> bool:
        return self.status == 0 or self.status >= 500


@dataclass
class Site:
    """A Moodle, as it uses the API. `mails` is what its provider did."""

    deployment: "Deployment"
    id: str
    token: str
    moodle: Moodle
    mails: Mails
    jobs: list[str] = field(default_factory=list)
    # what its people asked for: (action, job) -> how often it was asked, how often it was answered that it is done
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    done: Counter[tuple[str, str]] = field(default_factory=Counter)
    # mails beyond the first that a person explicitly allowed, by address
    resent: Counter[str] = field(default_factory=Counter)
    resolved: set[str] = field(default_factory=set)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        return await self.deployment.ask(self.token, method, path, body, **headers)

    async def sure(self, method: str, path: str, body: Any = None, **headers: str) -> Json:
        """Asked again until it is answered, as a Moodle does it."""
        for _ in range(100):
            answer = await self.ask(method, path, body, **headers)
            if not answer.unknown:
                assert answer.ok, f"{method} {path}: {answer}"
                return answer.body
            await asyncio.sleep(5)
        raise AssertionError(f"{method} {path} is not answered")

    async def job(self, people: int | Sequence[Json], **fields: Any) -> str:
        """A started job. The people's addresses belong to it alone."""
        number = len(self.jobs) + 1
        self.jobs.append("")
        listed = [person(each, number) for each in range(people)] if isinstance(people, int) else list(people)
        key = f"submission-{number}"
        body = {"kind": "email", "message": MESSAGE, "recipients": listed[:1000], **fields}
        job = str((await self.sure("POST", "/v1/jobs", body, **{"Idempotency-Key": key}))["id"])
        for start in range(1000, len(listed), 1000):
            await self.sure("POST", f"/v1/jobs/{job}/recipients", listed[start : start + 1000])
        await self.sure("POST", f"/v1/jobs/{job}/start")
        self.jobs[number - 1] = job
        return job

    async def act(self, action: str, job: str, body: Any = None) -> Answer:
        """Ask for something to be done with a job, once."""
        self.asked[action, job] += 1
        answer = await self.ask("POST", f"/v1/jobs/{job}/{action}", body)
        if answer.ok:
            self.done[action, job] += 1
        return answer

    async def resend(self, job: str, state: str, refs: Sequence[str]) -> Answer:
        """A person has these people mailed again. Whoever failed was not mailed: that allows no second mail."""
        if state == "uncertain":
            for row in self.people(job):
                if row["ref"] in refs:
                    self.resent[row["email"]] += 1
        return await self.act("retry", job, {"filter": {"state": state, "refs": list(refs)}})

    async def resolve(self, job: str, refs: Sequence[str]) -> Answer:
        """A person says that these people were mailed."""
        self.resolved |= {row["email"] for row in self.people(job) if row["ref"] in refs}
        return await self.act("resolve", job, {"filter": {"refs": list(refs)}})

    def suppress(self, email: str, reason: str = "complaint") -> None:
        self.deployment.database.query(
            "INSERT OR IGNORE INTO suppressions (site_id, email, reason, created_at) VALUES (?, ?, ?, 0)",
            *(self.id, email.lower(), reason),
        )

    def people(self, job: str) -> list[Row]:
        return self.deployment.database.query("SELECT * FROM recipients WHERE job_id = ? ORDER BY position", job)

    def states(self, job: str) -> Counter[str]:
        return Counter(row["state"] for row in self.people(job))

    def row(self, job: str) -> Row:
        return self.deployment.database.query("SELECT * FROM jobs WHERE id = ?", job)[0]


def person(number: int, job: int) -> Json:
    return {"ref": f"u{number}", "email": f"u{number}@job{job}.example", "name": f"Person {number}"}


class Deployment:
    """The platform, the product on it, and two sites: `north` with a provider without keys, `south` with keys."""

    def __init__(self, loop: Timeline, seed: int, faults: Plan, settings: Mapping[str, str]) -> None:
        self.loop = loop
        self.random = random.Random(f"deployment {seed}")
        self.calm = Calm()
        self.planned = faults
        self.reach = Reach(loop, random.Random(f"latency {seed}"), self.calm)
        self.database = Database(self.reach)
        self.clock = Clock(loop)
        self.internet = Internet(self.reach)
        self.bucket = Bucket(self.reach)
        self.skewed = 0.0  # how often an invocation's clock is off, by up to ten minutes
        self.batches = self._queue("offload-batches", self._site_of_batch)
        self.callbacks = self._queue("offload-callbacks", _site_of_callback)
        self.dead_letters = self._queue("offload-dlq", self._site_of_batch)
        self.batches.dead_letters = self.callbacks.dead_letters = self.dead_letters
        self.services = Services(
            database=self.database,
            files=self.bucket,
            batches=self.batches,
            callbacks=self.callbacks,
            dead_letters=self.dead_letters,
            fetch=self.internet,
            clock=self.clock,
            random=Randomness(seed),
            settings=Settings({**SETTINGS, **settings}),
            crypto=HostCrypto(),
            page_limit=CountingLimiter(),
            sign_in_limit=CountingLimiter(),
            event_limit=CountingLimiter(),
        )
        self.batches.handler = lambda messages: queue_consumer.consume(self.services, messages)
        self.callbacks.handler = lambda messages: callback.deliver(self.services, messages)
        self.dead_letters.handler = lambda messages: queue_consumer.dead_letter(self.services, messages)
        self.sites: list[Site] = []
        self.sweeping = True

    def _queue(self, name: str, whose: Callable[[Any], frozenset[str] | None]) -> Queue:
        queue = Queue(self.reach, QUEUES[name], whose)
        queue.skews = self._skew
        return queue

    def _skew(self) -> int:
        if self.skewed and self.random.random() < self.skewed:
            return self.random.randint(-600_000, 600_000)
        return 0

    def _site_of_batch(self, body: Any) -> frozenset[str] | None:
        found = self.database.query("SELECT site_id FROM jobs WHERE id = ?", str(body.get("job")))
        return frozenset(row["site_id"] for row in found) if found else _site_of_callback(body)

    # what happens in it

    async def sweeper(self) -> None:
        while True:
            await asyncio.sleep(60)
            if self.sweeping:
                with contextlib.suppress(Crash, Exception):
                    await self.sweep()

    async def sweep(self) -> None:
        await invoke(Invocation("sweep", None, self._skew()), sweep(self.services), INVOCATION_SECONDS)

    async def ask(self, token: str, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request, in an invocation of its own."""
        sites = frozenset(site.id for site in self.sites if site.token == token) or None
        try:
            response = await invoke(Invocation("api", sites), self._request(token, method, path, body, headers), 120)
        except Crash:
            return Answer(0, {})
        is_json = "json" in response.headers.get("content-type", "")
        return Answer(response.status_code, response.json() if is_json else {})

    async def _request(
        self, token: str, method: str, path: str, body: Any, headers: Mapping[str, str]
    ) -> httpx.Response:
        transport = httpx.ASGITransport(app(self.services), raise_app_exceptions=True)
        sent = {"Authorization": f"Bearer {token}", **headers}
        async with httpx.AsyncClient(transport=transport, base_url="https://offload.example") as client:
            return await client.request(method, path, json=body, headers=sent)

    async def add_site(self, name: str, provider: str, mails: Mails, **settings: Any) -> Site:
        url = f"https://moodle-{name}.example/hook"
        body = {"name": name, "provider": provider, "send_rate": 1000, "callback_url": url, **settings}
        body["from"] = {"email": "office@school.example", "name": "School"}
        made = (await self.ask(OPERATOR, "POST", "/v1/sites", body)).body
        moodle = self.internet.moodles[url] = Moodle(made["callback_secret"])
        site = Site(self, made["id"], made["token"], moodle, mails)
        self.sites.append(site)
        return site

    def storm(self) -> None:
        """From now on, what was planned happens."""
        self.reach.faults = self.planned

    def quiet(self) -> None:
        """From now on, nothing goes wrong any more."""
        self.reach.faults = self.calm
        self.skewed = 0.0

    @property
    def north(self) -> Site:
        return self.sites[0]

    @property
    def south(self) -> Site:
        return self.sites[1]

    def all_jobs(self) -> list[tuple[Site, str]]:
        return [(site, job) for site in self.sites for job in site.jobs if job]

    def at_rest(self) -> bool:
        """Every job has ended or waits for a person, and Moodle was told."""
        [open_jobs] = self.database.query(
            "SELECT count(*) AS count FROM jobs WHERE ended_at IS NULL AND state <> 'draft'"
            " AND NOT (state = 'paused' AND resume_at IS NULL)"
        )
        [untold] = self.database.query(
            "SELECT count(*) AS count FROM callbacks WHERE state = 'pending' AND due_at IS NOT NULL"
        )
        return not open_jobs["count"] and not untold["count"] and self.batches.idle and self.dead_letters.idle

    async def settle(self, hours: float = 240) -> None:
        """Time passes until all is done; a person resumes what a breaker paused, unless it goes on by itself."""
        end = self.loop.time() + hours * 3600
        while True:
            await asyncio.sleep(30)
            if self.at_rest():
                paused = [each for each in self.all_jobs() if each[0].row(each[1])["state"] == "paused"]
                if not paused:
                    return
                for site, job in paused:
                    await site.act("resume", job)
            assert self.loop.time() < end, f"not at rest after {hours} hours: {self.unfinished()}"

    def unfinished(self) -> list[Row]:
        """Why it is not at rest, for whoever reads the failure."""
        queues = [{queue.name: vars(queue)} for queue in (self.batches, self.dead_letters) if not queue.idle]
        jobs = self.database.query(
            "SELECT id, state, reason, total, pending, sending FROM jobs WHERE ended_at IS NULL AND state <> 'draft'"
        )
        return (
            queues
            + jobs
            + self.database.query(
                "SELECT b.*, j.state AS job_state FROM batches b JOIN jobs j ON j.id = b.job_id"
                " WHERE b.state NOT IN ('done', 'dead') LIMIT 3"
            )
            + self.database.query(
                "SELECT id, type, state, due_at, lease_until FROM callbacks WHERE state = 'pending' LIMIT 3"
            )
        )


def _site_of_callback(body: Any) -> frozenset[str] | None:
    site = body.get("site")
    return frozenset({site}) if isinstance(site, str) else None


Scenario = Callable[[Deployment], Awaitable[None]]


@contextlib.asynccontextmanager
async def _deployed(loop: Timeline, seed: int, faults: Plan, settings: Mapping[str, str]) -> AsyncIterator[Deployment]:
    deployment = Deployment(loop, seed, faults, settings)
    sweeper = loop.create_task(deployment.sweeper())
    try:
        await deployment.add_site("north", "sendgrid", deployment.internet.sendgrid)
        await deployment.add_site("south", "resend", deployment.internet.resend)
        yield deployment
    finally:
        sweeper.cancel()
        deployment.database.sqlite.connection.close()


@dataclass
class History:
    """What is left to look at."""

    log: list[Json]
    totals: dict[str, int]


def simulate(
    scenario: Scenario, *, seed: int = 0, faults: Plan | None = None, settings: Mapping[str, str] | None = None
) -> History:
    """Run the scenario on a new deployment, let it come to rest and hold it to all that must be so. `faults` begin
    when the scenario calls `storm`."""
    from tests.faults.invariants import check

    loop = Timeline()
    output = io.StringIO()

    async def run() -> dict[str, int]:
        async with _deployed(loop, seed, faults or Calm(), settings or {}) as deployment:
            await scenario(deployment)
            deployment.quiet()
            await deployment.settle()
            await check(deployment)
            return totals(deployment)

    try:
        with contextlib.redirect_stdout(output):
            counted = loop.run_until_complete(run())
    finally:
        _close(loop)
    return History([json.loads(line) for line in output.getvalue().splitlines() if line.startswith("{")], counted)


def totals(deployment: Deployment) -> dict[str, int]:
    """What happened in a history."""
    doubled = lost = 0
    for site, job in deployment.all_jobs():
        for row in site.people(job):
            lost += row["state"] not in ENDED
            doubled += site.mails.count(row["email"]) > 1 + site.resent[row["email"]]
    states = sum((site.states(job) for site, job in deployment.all_jobs()), Counter[str]())
    everybody = (deployment.internet.sendgrid, deployment.internet.resend)
    return {
        "people": states.total(),
        **{state: states[state] for state in ENDED},
        "mails": sum(len(moments) for mails in everybody for moments in mails.left.values()),
        "replays": sum(mails.replays for mails in everybody),
        "resends": sum(site.resent.total() for site in deployment.sites),
        "invocations": deployment.reach.invocations,
        "lost": lost,
        "doubled": doubled,
    }


def _close(loop: Timeline) -> None:
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.close()


__all__ = ["ENDED", "MESSAGE", "Answer", "DeliveredMessage", "Deployment", "History", "Site", "person", "simulate"]
