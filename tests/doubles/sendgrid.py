"""SendGrid on this machine: it takes what its published description allows, and nothing else.

A mail counts as taken when it has arrived, whatever becomes of the answer: that is the fault that matters most. Tests
that share one server tell their mails apart by job.
"""

import json
import threading
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from jsonschema import Draft202012Validator

from dev.loopback import Handler, LoopbackServer, StandIn

KEY = "SG.on-this-machine"
DESCRIPTION = Path(__file__).resolve().parents[1] / "providers/contracts/sendgrid-mail-v3.openapi.json"
LONGEST_HOLD = 600  # seconds; longer than any test waits

Mail = dict[str, Any]


def errors_in(payload: Any) -> list[str]:
    """What the description says against the body of a request to send."""
    return [error.message for error in _validator().iter_errors(payload)]


@cache
def _validator() -> Draft202012Validator:
    schema = _strict(deepcopy(json.loads(DESCRIPTION.read_text())))
    schema["$ref"] = "#/components/requestBodies/PostMailSend/content/application~1json/schema"
    return Draft202012Validator(schema)


def _strict(schema: Any) -> Any:
    """The same schema, refusing members it does not know."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    known = {name: _strict(part) for name, part in schema.items()}
    if known.get("type") == "object" and "properties" in known:
        known.setdefault("additionalProperties", False)
    return known


@dataclass(frozen=True)
class Reply:
    """`drop`: the connection ends without an answer, although the mail is taken."""

    status: int = 202
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False

    @property
    def takes(self) -> bool:
        return self.drop or self.status == 202


class Hold:
    """Answers to a job are held back, from its mail number `after` + 1 on, until `release()`."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.reached = threading.Event()
        self._released = threading.Event()

    def wait(self) -> None:
        self.reached.set()
        self._released.wait(LONGEST_HOLD)

    def release(self) -> None:
        self._released.set()


class SendGridServer(StandIn):
    """`with SendGridServer() as server:` serves at `server.url`."""

    def __init__(self) -> None:
        self.errors: list[str] = []  # what did not follow the description
        self.replies: defaultdict[str, deque[Reply]] = defaultdict(deque)  # the next ones, by recipient
        self.holds: dict[str, Hold] = {}  # by job
        self._taken: defaultdict[str, list[Mail]] = defaultdict(list)
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()
        super().__init__(_Server(self))

    def settings(self) -> dict[str, str]:
        return {"SENDGRID_ENDPOINT": self.url, "SENDGRID_API_KEY": KEY}

    def mails(self, job: str) -> list[Mail]:
        """Those taken for a job, in the order they came."""
        with self._lock:
            return list(self._taken[job])

    def mailed(self, job: str) -> Counter[str]:
        """How often each address was mailed for a job."""
        return Counter(address_of(mail) for mail in self.mails(job))

    def hold(self, job: str, after: int = 0) -> Hold:
        self.holds[job] = hold = Hold(after)
        return hold

    def reply(self, mail: Mail) -> Reply:
        errors = errors_in(mail)
        if errors:
            self.errors += errors
            return Reply(400, errors[0])
        job, address = mail["headers"]["X-Offload-Job"], address_of(mail)
        with self._lock:
            waiting = self.replies[address]
            reply = waiting.popleft() if waiting else Reply()
            self._asked[job] += 1
            asked = self._asked[job]
            if reply.takes:
                self._taken[job].append(mail)
        hold = self.holds.get(job)
        if hold and asked > hold.after:
            hold.wait()
        return reply

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for hold in self.holds.values():
            hold.release()
        super().__exit__(kind, error, trace)


def address_of(mail: Mail) -> str:
    return str(mail["personalizations"][0]["to"][0]["email"])


class _Server(LoopbackServer):
    def __init__(self, sendgrid: SendGridServer) -> None:
        self.sendgrid = sendgrid
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(Handler):
    server: _Server

    def do_GET(self) -> None:
        if self.path != "/v3/scopes":
            self._answer(Reply(404, "not found"))
        elif not self._authorized():
            self._answer(Reply(401, "The provided authorization grant is invalid, expired, or revoked"))
        else:
            self._answer(Reply(200), {"scopes": ["mail.send"]})

    def do_POST(self) -> None:
        body = self.body()
        if self.path != "/v3/mail/send":
            self._answer(Reply(404, "not found"))
        elif not self._authorized():
            self._answer(Reply(401, "The provided authorization grant is invalid, expired, or revoked"))
        else:
            self._answer(self.server.sendgrid.reply(json.loads(body)))

    def _authorized(self) -> bool:
        return self.headers.get("authorization") == f"Bearer {KEY}"

    def _answer(self, reply: Reply, content: Any = None) -> None:
        if reply.drop:
            self.close_connection = True
            return
        if reply.message:
            content = {"errors": [{"message": reply.message, "field": None, "help": None}]}
        body = b"" if content is None else json.dumps(content).encode()
        taken = {"x-message-id": f"sg-{uuid.uuid4().hex}"} if reply.status == 202 else {}
        self.reply(reply.status, body, {**taken, **reply.headers})
