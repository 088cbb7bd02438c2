"""One signed POST after the Standard Webhooks specification, and what the answer to it means.

The promise: it counts only when the receiver has shown that it took it in; whatever else comes is told in words.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from callbacks import signatures
from core import bounded_json, outbound, times
from core.errors import ConfigurationError, ConnectionFailed, ResponseLost
from runtime.ports import HttpRequest, HttpResponse, Row
from runtime.services import Services

TIMEOUT = 15  # seconds
LONGEST_ANSWER = 65_536  # bytes of an answer that are looked at for the echoed id
EXCERPT = 200


@dataclass(frozen=True)
class Receiver:
    """Where to post and what counts as success; every one of `secrets` signs."""

    url: str
    success: str
    secrets: tuple[str, ...]

    @classmethod
    def of(cls, site: Row, now: int) -> "Receiver":
        """From a row of `callbacks.receiver`."""
        rotating = site["previous_callback_secret"] and (site["previous_secret_until"] or 0) > now
        secrets = (site["callback_secret"], *([site["previous_callback_secret"]] if rotating else []))
        return cls(site["callback_url"] or "", site["callback_success"], secrets)


@dataclass(frozen=True)
class Outcome:
    """Of one attempt. `code` is why it did not count, '' where it did; `detail` is the receiver's or our own words."""

    status: int | None
    code: str = ""
    detail: str = ""
    retry_after: float = 0

    @property
    def accepted(self) -> bool:
        return not self.code

    @property
    def error(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


async def ping(services: Services, site: Row) -> Outcome:
    """Whether the callback URL of a site (a row of `callbacks.receiver`) answers as it would have to."""
    now = services.clock.now()
    event = {"type": "webhook.test", "timestamp": times.rfc3339(now), "data": {"site": site["id"]}}
    return await post(services, Receiver.of(site, now), f"ping_{services.random.token(16).hex()}", event)


async def post(services: Services, receiver: Receiver, event_id: str, event: Mapping[str, Any]) -> Outcome:
    # half a surrogate pair, which JSON can carry and UTF-8 cannot, becomes a question mark on every attempt
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    try:
        outbound.check(receiver.url, services.settings.local)
        signed = signatures.headers(event_id, services.clock.now() // 1000, body, receiver.secrets)
    except ConfigurationError as error:
        return Outcome(None, "not_configured", str(error))
    headers = {"content-type": "application/json", "user-agent": "cloud-offload", **signed}
    try:
        response = await services.fetch(HttpRequest("POST", receiver.url, headers, body, TIMEOUT))
    except ConnectionFailed as error:
        return Outcome(None, "connection_failed", _excerpt(str(error)))
    except ResponseLost as error:
        return Outcome(None, "no_answer", _excerpt(str(error)))
    return judge(response, event_id, receiver.success, services.clock.now())


def judge(response: HttpResponse, event_id: str, success: str, now: int) -> Outcome:
    """Whether the receiver took the event in. Moodle answers 200 with an error page when its database is down."""
    status = response.status
    words = _excerpt(response.body[: 4 * EXCERPT].decode(errors="replace"))
    if 200 <= status < 300:
        if success == "2xx" or _echoes(response.body, event_id):
            return Outcome(status)
        code = "not_echoed"
    elif 300 <= status < 400:
        code, words = "redirect", _excerpt(response.headers.get("location", ""))
    else:
        code = f"http_{status}"
    return Outcome(status, code, words, times.retry_after(response.headers.get("retry-after", ""), now) or 0)


def _echoes(body: bytes, event_id: str) -> bool:
    if len(body) > LONGEST_ANSWER:
        return False
    try:
        answer = bounded_json.loads(body)
    except ValueError:
        return False
    return isinstance(answer, dict) and answer.get("accepted") == event_id


def _excerpt(text: str) -> str:
    """One line of printable text, bounded."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:EXCERPT]
