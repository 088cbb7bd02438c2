"""What every mail provider does, and the flow they share; a provider's own file has only what is peculiar to it.

The promise: an attempt ends in a message id or a `SendFailure` that says which of the three outcomes it was, whatever
the network or the provider answers; accepted is only what the provider documents as accepted. What an error says holds
neither our secrets nor anybody's address.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from core import bounded_json, times
from core.errors import (
    ConfigurationError,
    ConnectionFailed,
    CredentialsRejected,
    OffloadError,
    ProviderBroken,
    ProviderDown,
    Rejected,
    ResponseLost,
    SendFailure,
    TemporarilyRefused,
    Throttled,
)
from mail.message import Attachment, OutgoingMail
from runtime.ports import HttpRequest, HttpResponse
from runtime.services import Services
from runtime.settings import Setting

DETAIL_LIMIT = 500
SEND_TIMEOUT = 30.0
CHECK_TIMEOUT = 10.0
LONGEST_WAIT = 31 * 86_400  # seconds: no quota lasts longer than a month, so a longer wait is a mistake
USER_AGENT = "cloud-offload"

_BREAKS = re.compile(r"[\r\n\0]")
_ODD_NAME = re.compile(r"[^A-Za-z0-9./_-]")  # of a file or its type
_LOCAL_PART = re.compile(r"(?<![^\s@<>()\[\],;:\"'])[^\s@<>()\[\],;:\"']+(?=@)")  # from a token's start: linear

# What a status says where the provider documents nothing else. A redirect is never followed: no mail went in.
BY_STATUS: Mapping[int, tuple[type[SendFailure], str]] = {
    401: (CredentialsRejected, "unauthorized"),
    402: (CredentialsRejected, "payment_required"),
    403: (CredentialsRejected, "forbidden"),
    # the address we post to is the same for everybody, so these are the deployment's fault, not the person's
    404: (CredentialsRejected, "not_found"),
    405: (CredentialsRejected, "method_not_allowed"),
    408: (TemporarilyRefused, "request_timeout"),
    409: (TemporarilyRefused, "conflict"),
    413: (Rejected, "too_large"),
    425: (TemporarilyRefused, "too_early"),
    429: (Throttled, "rate_limited"),
}


class Provider(ABC):
    name: ClassVar[str]
    key_window: ClassVar[int] = 0
    """Seconds in which the provider takes a repeated idempotency key for the same mail; 0: it has no such keys."""
    default_rate: ClassVar[float]
    """Mails a second where the site sets none."""
    settings: ClassVar[tuple[Setting, ...]] = ()
    """What of the deployment's settings is its own, what its delivery events are verified with as well."""
    required: ClassVar[tuple[Setting, ...]] = ()
    """Those of them without which nothing can be sent."""
    attachment_limit: ClassVar[int] = 0
    """Bytes that a mail with attachments may have, all its parts encoded; 0: it takes no attachments."""

    def __init__(self, services: Services, site_id: str) -> None:
        self.services = services
        self.site_id = site_id

    async def send(self, mail: OutgoingMail) -> str:
        """Send one mail; the provider's message id, "" where it did not say. Raises `SendFailure`s only."""
        if _breaks_a_header(mail):
            raise Rejected("header_injection", "a line break in an address, the subject, a header or a file's name")
        try:
            return await self.deliver(mail)
        except ConfigurationError as error:
            raise CredentialsRejected("not_configured", str(error)) from error

    @abstractmethod
    async def deliver(self, mail: OutgoingMail) -> str: ...

    @abstractmethod
    async def check(self) -> None:
        """See, sending nothing, whether the provider would take mail from us.

        Raises `ConfigurationError`, `CredentialsRejected`, `TemporarilyRefused` or `TransportError`.
        """

    def setting(self, setting: Setting) -> str:
        """Its value, as it can stand in a URL or an HTTP header. Raises `ConfigurationError`."""
        value = self.services.settings.text(setting).strip()
        if not value or not value.isascii() or not value.isprintable():
            raise ConfigurationError(setting.name, "has characters that no such value can have")
        return value


class HttpProvider(Provider):
    """A provider behind an HTTP API: one request a mail."""

    accepted_status: ClassVar[int] = 200
    """The one status with which it documents that it accepted a mail."""

    @abstractmethod
    def request(self, mail: OutgoingMail) -> HttpRequest: ...

    @abstractmethod
    def message_id(self, response: HttpResponse) -> str | None:
        """From an answer with `accepted_status`; None where it does not say what is documented of an accepted mail.

        Raises a `SendFailure` where the provider says there that it did not accept the mail.
        """

    @abstractmethod
    def check_request(self) -> HttpRequest: ...

    @abstractmethod
    def accepts_check(self, response: HttpResponse) -> bool:
        """Whether the answer to `check_request` is the documented one from which it follows that mail would be taken.

        May raise `CredentialsRejected`.
        """

    def explanation(self, response: HttpResponse) -> str:
        """The provider's own words on why it refused."""
        return response.body.decode(errors="replace")

    def retry_after(self, response: HttpResponse) -> float | None:
        return times.retry_after(response.headers.get("retry-after", ""), self.services.clock.now())

    def refusal(self, response: HttpResponse) -> SendFailure:
        """What an answer other than 2xx means."""
        status = response.status
        if status in BY_STATUS:
            return self.failure(*BY_STATUS[status], response)
        if 300 <= status < 400:
            return self.failure(CredentialsRejected, "redirected", response)
        if 400 <= status < 500:
            return self.failure(Rejected, "rejected", response)
        return self.failure(ProviderBroken, "server_error", response)

    async def deliver(self, mail: OutgoingMail) -> str:
        try:
            response = await self._fetch(self._request_of(mail))
        except ConnectionFailed as error:
            raise ProviderDown("connection_failed", self.clean(str(error))) from error
        except ResponseLost as error:
            raise ProviderBroken("response_lost", self.clean(str(error))) from error
        message_id = self.message_id(response) if response.status == self.accepted_status else None
        if message_id is None:
            raise self._fault(response)
        return message_id[:255]

    def _request_of(self, mail: OutgoingMail) -> HttpRequest:
        """What breaks here is this mail's, and has certainly not left."""
        try:
            return self.request(mail)
        except OffloadError:
            raise
        except Exception as error:
            raise Rejected("internal_error", type(error).__name__) from error

    async def check(self) -> None:
        for setting in self.required:
            self.setting(setting)
        response = await self._fetch(self.check_request())
        if self.accepts_check(response):
            return
        refusal = self._fault(response)
        if isinstance(refusal, CredentialsRejected):
            raise refusal
        raise TemporarilyRefused(refusal.code, refusal.detail)

    def failure(self, kind: type[SendFailure], code: str, response: HttpResponse) -> SendFailure:
        detail = self.clean(self.explanation(response) or f"HTTP {response.status}")
        if issubclass(kind, Throttled):
            wait = self.retry_after(response)
            return kind(code, detail, None if wait is None or wait > LONGEST_WAIT else wait)
        return kind(code, detail)

    def _fault(self, response: HttpResponse) -> SendFailure:
        """What an answer means that is not the documented success."""
        if 200 <= response.status < 300:
            # a portal, a proxy or a version of the API that we do not know: whether a mail left, it does not say
            return self.failure(ProviderBroken, "undocumented_answer", response)
        return self.refusal(response)

    def clean(self, words: str) -> str:
        """Bounded, on one line, without our secrets or the local part of anybody's address."""
        for setting in self.required:
            if setting.secret:
                words = words.replace(self.services.settings.optional(setting).strip() or "\0", "***")
        return masked(words)[:DETAIL_LIMIT]

    async def _fetch(self, request: HttpRequest) -> HttpResponse:
        # a Worker's own fetch sends no User-Agent, and some APIs refuse such requests
        return await self.services.fetch(replace(request, headers={**request.headers, "User-Agent": USER_AGENT}))


def masked(words: str) -> str:
    """On one line, in characters that every database takes, without the local part of anybody's address."""
    sound = words.encode(errors="replace").decode().replace("\0", "")
    return _LOCAL_PART.sub("***", " ".join(sound.split()))


def json_request(
    url: str, headers: Mapping[str, str], payload: Mapping[str, Any], timeout: float = SEND_TIMEOUT
) -> HttpRequest:
    # a lone surrogate is valid in a JSON string and nowhere else
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    return HttpRequest("POST", url, {**headers, "Content-Type": "application/json"}, body, timeout)


def json_object(response: HttpResponse) -> dict[str, Any]:
    """The JSON object in an answer; empty where there is none."""
    try:
        content = bounded_json.loads(response.body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def text_at(content: Mapping[str, Any], name: str) -> str:
    """A string member of what a provider answered; "" where it has none."""
    value = content.get(name)
    return value if isinstance(value, str) else ""


def errors_in(response: HttpResponse) -> list[dict[str, Any]]:
    """The objects in the list `errors` of an answer."""
    errors = json_object(response).get("errors")
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def attachment_json(file: Attachment) -> dict[str, str]:
    """A file as more than one provider takes it."""
    return {
        "content": file.as_base64(),
        "filename": file.name,
        "type": file.content_type,
        "disposition": "attachment",
    }


def _breaks_a_header(mail: OutgoingMail) -> bool:
    addresses = (mail.sender, mail.to, mail.reply_to or mail.sender)
    parts = [part for address in addresses for part in (address.email, address.name)]
    parts += [mail.subject, mail.message_id, mail.key, *mail.headers, *mail.headers.values()]
    names = [part for file in mail.attachments for part in (file.name, file.content_type)]
    return any(_BREAKS.search(part) for part in parts) or any(_ODD_NAME.search(name) for name in names)
