"""A stand-in for Moodle's side of the callbacks: a real HTTP server on this machine, for tests and the demo.

It does what a receiver has to: verifies the signature with the reference package, answers with the id it accepted,
remembers ids, and orders by sequence, so that late and repeated events change nothing. What it holds in the end must
not depend on whether events were pushed (`POST`) or polled (`apply`). It fails on demand, through `faults`.
"""

import base64
import json
import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from standardwebhooks import Webhook

from dev.loopback import Handler, LoopbackServer, StandIn

PREFIX = "whsec_"
PATH = "/local/offload/callback.php"


@dataclass(frozen=True)
class Fault:
    """How one request is answered instead. `applied`: the event is taken in all the same, as if the answer got lost."""

    status: int = 500
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0
    drop: bool = False  # end the connection without an answer
    applied: bool = False


@dataclass(frozen=True)
class Request:
    """A request as it came; `verified`: its signature and timestamp hold; `status`: the answer (0: dropped)."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    verified: bool
    status: int

    @property
    def id(self) -> str:
        return self.headers.get("webhook-id", "")


@dataclass
class Outcome:
    """What became of one person in one job, and by which event we know."""

    sequence: int
    state: str
    reason: str | None
    message_id: str | None


def is_secret(text: str) -> bool:
    """The package takes any text, and makes an empty key of what is no base64: with that anybody can sign."""
    try:
        return text.startswith(PREFIX) and 24 <= len(base64.b64decode(text.removeprefix(PREFIX), validate=True)) <= 64
    except ValueError:
        return False


class Moodle(StandIn):
    """`with Moodle(secret) as moodle:` serves at `moodle.url`; `secret` may be set or changed at any time."""

    def __init__(self, secret: str = "", port: int = 0) -> None:
        self.secret = secret
        self.requests: list[Request] = []
        self.faults: deque[Fault] = deque()  # for the next requests, one each
        self.fault: Fault | None = None  # for every request, once `faults` is used up
        self.events: dict[str, Mapping[str, Any]] = {}  # by id, in the order they were applied
        self.repeats: Counter[str] = Counter()
        self.outcomes: dict[tuple[str, str], Outcome] = {}  # by job and ref
        self.jobs: dict[str, Mapping[str, Any]] = {}  # the latest job.* data by job
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        super().__init__(_Server(self, port))

    @property
    def url(self) -> str:
        return f"{super().url}{PATH}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        super().__exit__(kind, error, trace)

    def apply(self, event_id: str, event: Mapping[str, Any]) -> bool:
        """Take an event in, pushed or polled. False where its id has been seen before."""
        with self._lock:
            if event_id in self.events:
                self.repeats[event_id] += 1
                return False
            self.events[event_id] = event
            if event["type"].startswith("job."):
                self._apply_job(event["data"])
            elif event["type"] == "batch.completed":
                self._apply_batch(event["data"])
            return True

    def _apply_job(self, data: Mapping[str, Any]) -> None:
        known = self.jobs.get(data["job"])
        if known is None or known["sequence"] < data["sequence"]:
            self.jobs[data["job"]] = data

    def _apply_batch(self, data: Mapping[str, Any]) -> None:
        for person in data["recipients"]:
            key = (data["job"], person["ref"])
            known = self.outcomes.get(key)
            if known is None or known.sequence < data["sequence"]:
                self.outcomes[key] = Outcome(
                    data["sequence"], person["state"], person.get("reason"), person.get("message_id")
                )

    def verifies(self, headers: Mapping[str, str], body: bytes) -> bool:
        if not is_secret(self.secret):
            return False
        try:
            Webhook(self.secret).verify(body, dict(headers), json_parse=False)
        except Exception:  # the package raises several types on a malformed header
            return False
        return True

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Fault:
        """Judge a request; the answer to give, in the form of a fault."""
        with self._lock:
            fault = self.faults.popleft() if self.faults else self.fault
        verified = self.verifies(headers, body)
        if fault is None or fault.applied:
            answer = self._answer(headers, body, verified)
        if fault is not None:
            answer = fault
        with self._lock:
            self.requests.append(Request(path, headers, body, verified, 0 if answer.drop else answer.status))
        self._stopping.wait(answer.delay)
        return answer

    def _answer(self, headers: Mapping[str, str], body: bytes, verified: bool) -> Fault:
        if not verified:
            return Fault(401, '{"error": "the signature does not hold"}')
        event_id = headers["webhook-id"]
        self.apply(event_id, json.loads(body))
        return Fault(200, json.dumps({"accepted": event_id}))


class _Server(LoopbackServer):
    def __init__(self, moodle: Moodle, port: int) -> None:
        self.moodle = moodle
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(Handler):
    server: _Server

    def do_POST(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.moodle.take(self.path, headers, self.body())
        if answer.drop:
            self.close_connection = True
            return
        self.reply(answer.status, answer.body.encode(), {"content-type": "application/json", **answer.headers})
