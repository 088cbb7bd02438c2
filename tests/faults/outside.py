"""Whom the product talks to: providers that count the mails they sent, and a Moodle that keeps what it was told."""

import asyncio
import base64
import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from standardwebhooks import Webhook

from core.errors import ConnectionFailed, ResponseLost
from runtime.ports import HttpRequest, HttpResponse
from tests.faults.bindings import Reach
from tests.faults.timeline import START

KEY_WINDOW = 86_400  # seconds that the provider with keys remembers them
TOLERANCE = 300  # seconds that a signature's timestamp may be off


@dataclass
class Mails:
    """What a provider sent: the moments at which a mail left, by address."""

    left: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    attempts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    keys: dict[str, float] = field(default_factory=dict)
    replays: int = 0
    # SHA-256 of the files that left with mails, by address
    attached: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    # what an address is answered instead of being mailed, and when nobody is mailed at all
    refusing: dict[str, tuple[int, str]] = field(default_factory=dict)
    down: list[tuple[float, float, str]] = field(default_factory=list)
    throttling: list[tuple[float, float]] = field(default_factory=list)

    def accept(self, address: str, key: str | None, now: float) -> None:
        if key is not None and now - self.keys.get(key, -KEY_WINDOW) < KEY_WINDOW:
            self.replays += 1
            return
        if key is not None:
            self.keys[key] = now
        self.left[address].append(now)

    def count(self, address: str) -> int:
        return len(self.left.get(address, ()))


class Trouble(Enum):
    """What a Moodle does instead of taking events in, for as long as it lasts."""

    SILENT = "no answer within the timeout"
    UNREACHABLE = "no connection"
    BROKEN = "503, without a word on how long"
    BUSY = "503, for an hour as it says"
    MAINTENANCE = "200 with a page"
    UNWELL = "its database is down: it answers a test, and takes no event in"


@dataclass
class Moodle:
    """A site's receiver: remembers ids, as the documentation tells it to, and checks every signature."""

    secret: str
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    deliveries: int = 0
    stale: int = 0
    errors: list[str] = field(default_factory=list)
    trouble: Trouble | None = None
    # how often it was sent an event and a test, answered or not
    posts: int = 0
    probes: int = 0

    def take(self, request: HttpRequest, now: float) -> HttpResponse:
        self.deliveries += 1
        event_id = request.headers["webhook-id"]
        if abs(int(request.headers["webhook-timestamp"]) - now) > TOLERANCE:
            self.stale += 1
            return HttpResponse(400, {}, b"the signature is too old")
        at = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)
        if Webhook(self.secret).sign(event_id, at, request.body.decode()) not in request.headers["webhook-signature"]:
            self.errors.append(f"{event_id} is not signed")
        event = json.loads(request.body)
        if event["type"] == "webhook.test":
            return HttpResponse(200, {}, json.dumps({"accepted": event_id}).encode())
        if self.events.setdefault(event_id, event) != event:
            self.errors.append(f"{event_id} says something else the second time")
        return HttpResponse(200, {}, json.dumps({"accepted": event_id}).encode())

    def of_job(self, job: str) -> list[dict[str, Any]]:
        """Its events in the order that their sequence restores."""
        told = [event for event in self.events.values() if event["data"]["job"] == job]
        return sorted(told, key=lambda event: event["data"]["sequence"])


class Internet:
    """fetch: SendGrid, Resend and every site's Moodle."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self.sendgrid = Mails()
        self.resend = Mails()
        self.moodles: dict[str, Moodle] = {}
        self.mail_seconds = 0.1

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        if "moodle" in request.url:
            return await self._told(request)
        mails = self.resend if "resend" in request.url else self.sendgrid
        if request.method == "GET":
            return HttpResponse(200, {}, b'{"scopes": ["mail.send"], "data": []}')
        return await self._mail(mails, request)

    async def _mail(self, mails: Mails, request: HttpRequest) -> HttpResponse:
        content = json.loads(request.body)
        key = request.headers.get("Idempotency-Key")
        to = content["to"][0] if "to" in content else content["personalizations"][0]["to"][0]["email"]
        address = str(to).rpartition("<")[2].rstrip(">")
        mails.attempts[address] += 1
        answer = self._unavailable(mails) or mails.refusing.get(address)
        struck: list[str] = []

        async def send() -> HttpResponse:
            fault = struck[0]
            if answer is not None:
                if answer[0] == 0:
                    raise ConnectionFailed("connection refused")
                return _answer(*answer)
            if fault in _REFUSALS:
                return _answer(*_REFUSALS[fault])
            mails.accept(address, key, self._reach.loop.time())
            for file in content.get("attachments", []):
                mails.attached[address].add(hashlib.sha256(base64.b64decode(file["content"])).hexdigest())
            if fault == "error_after":
                return _answer(500, "")
            if mails is self.resend:
                return HttpResponse(200, {}, json.dumps({"id": f"m-{address}"}).encode())
            return HttpResponse(202, {"x-message-id": f"m-{address}"}, b"")

        def error(fault: str) -> BaseException | None:
            struck.append(fault)
            return None if fault == "error_after" else _transport_error(fault)

        return await self._reach.call("mail", send, self.mail_seconds, error)

    def _unavailable(self, mails: Mails) -> tuple[int, str] | None:
        now = self._reach.loop.time()
        for start, end, how in mails.down:
            if start <= now < end:
                return {"unreachable": 0, "broken": 500}.get(how, 503), ""
        for start, end in mails.throttling:
            if start <= now < end:
                return 429, str(round(end - now) + 1)
        return None

    async def _told(self, request: HttpRequest) -> HttpResponse:
        moodle = self.moodles[request.url]
        struck: list[str] = []
        is_probe = request.headers["webhook-id"].startswith("ping_")
        moodle.probes += is_probe
        moodle.posts += not is_probe

        async def take() -> HttpResponse:
            if moodle.trouble is not None and not (moodle.trouble is Trouble.UNWELL and is_probe):
                return await _in_trouble(moodle.trouble, request)
            if struck[0] in _EXCUSES:
                return _EXCUSES[struck[0]]
            return moodle.take(request, START / 1000 + self._reach.loop.time())

        def error(fault: str) -> BaseException | None:
            struck.append(fault)
            return _transport_error(fault)

        return await self._reach.call("moodle", take, 0.1, error)


async def _in_trouble(trouble: Trouble, request: HttpRequest) -> HttpResponse:
    match trouble:
        case Trouble.SILENT:
            await asyncio.sleep(request.timeout)
            raise ResponseLost("timed out")
        case Trouble.UNREACHABLE:
            raise ConnectionFailed("connection refused")
        case Trouble.BROKEN:
            return HttpResponse(503, {}, b"")
        case Trouble.BUSY:
            return HttpResponse(503, {"retry-after": "3600"}, b"")
        case Trouble.MAINTENANCE:
            return _EXCUSES["error_page"]
        case Trouble.UNWELL:
            return _EXCUSES["error"]


_REFUSALS = {
    "throttled": (429, ""),
    "throttled_long": (429, "600"),
    "error_before": (500, ""),
    "unavailable": (503, ""),
}
_EXCUSES = {
    "error": HttpResponse(500, {}, b"oops"),
    "error_page": HttpResponse(200, {}, b"<html>The site is being upgraded</html>"),
    "redirect": HttpResponse(302, {"location": "https://elsewhere.example/"}, b""),
    "throttled": HttpResponse(429, {"retry-after": "30"}, b""),
}


def _answer(status: int, retry_after: str) -> HttpResponse:
    names = {429: "rate_limit_exceeded", 400: "validation_error", 401: "invalid_api_key"}
    body = json.dumps({"name": names.get(status, "error"), "message": "no", "errors": [{"message": "no"}]}).encode()
    return HttpResponse(status, {"retry-after": retry_after} if retry_after else {}, body)


def _transport_error(fault: str) -> BaseException | None:
    if fault == "unreachable":
        return ConnectionFailed("connection refused")
    return ResponseLost("timed out") if fault.startswith("lost") else None
