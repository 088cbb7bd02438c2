"""Mailgun: POST /v3/<domain>/messages as a form; US or EU by MAILGUN_ENDPOINT.

It has no idempotency keys: the key goes into the variable `offload_key`, which comes back in its events.
Attachments are files of the form; one without a name it drops in silence (django-anymail 15.1). A mail may have 25 MB:
documentation.mailgun.com/docs/mailgun/user-manual/sending-messages.
documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from urllib.parse import quote

from core.errors import CredentialsRejected, Rejected, SendFailure, Throttled
from mail.message import Attachment, OutgoingMail
from providers.base import CHECK_TIMEOUT, SEND_TIMEOUT, HttpProvider, json_object, text_at
from providers.header_fields import header_value, mailbox
from runtime.ports import HttpRequest, HttpResponse
from runtime.settings import Setting

SETTINGS = (
    API_KEY := Setting("MAILGUN_API_KEY", None, "Mailgun: sending key", secret=True),
    DOMAIN := Setting("MAILGUN_DOMAIN", "", "Mailgun: sending domain"),
    ENDPOINT := Setting(
        "MAILGUN_ENDPOINT", "https://api.mailgun.net", "Mailgun: API address; https://api.eu.mailgun.net in the EU"
    ),
    SIGNING_KEY := Setting(
        "MAILGUN_SIGNING_KEY", None, "Mailgun: the key that its delivery events are signed with", secret=True
    ),
)

_WAIT = re.compile(r"try again after (\d+) (second|minute|hour)")
_UNIT = {"second": 1, "minute": 60, "hour": 3600}


class Mailgun(HttpProvider):
    name = "mailgun"
    default_rate = 100.0  # no number is published (2026-11)
    settings = SETTINGS
    required = (API_KEY, DOMAIN)
    attachment_limit = 25_000_000  # documentation.mailgun.com/docs/mailgun/user-manual/sending-messages, read 2026-11

    def request(self, mail: OutgoingMail) -> HttpRequest:
        fields = {
            "from": mailbox(mail.sender),
            "to": mailbox(mail.to),
            "subject": mail.subject,
            "html": mail.html,
            "text": mail.text,
            "h:Message-Id": mail.message_id,
            "v:offload_key": mail.key,
            "v:offload_reference": mail.reference,
        }
        if mail.reply_to:
            fields["h:Reply-To"] = mailbox(mail.reply_to)
        fields |= {f"h:{name}": header_value(value) for name, value in mail.headers.items()}
        return self._post(fields, mail.attachments)

    def message_id(self, response: HttpResponse) -> str | None:
        # an address that Mailgun does not know is greeted with 200 (django-anymail 15.1)
        if b"Magnificent API" in response.body:
            raise self.failure(CredentialsRejected, "wrong_endpoint", response)
        return text_at(json_object(response), "id") or None

    def explanation(self, response: HttpResponse) -> str:
        return text_at(json_object(response), "message") or super().explanation(response)

    def retry_after(self, response: HttpResponse) -> float | None:
        # "…limit exceeded, try again after 120 seconds": the API description of 2026-07-09
        wait = _WAIT.search(self.explanation(response))
        return float(wait[1]) * _UNIT[wait[2]] if wait else super().retry_after(response)

    def refusal(self, response: HttpResponse) -> SendFailure:
        # documentation.mailgun.com/docs/mailgun/quickstart-guide/responses and the API description, read 2026-11. There
        # are no codes but HTTP's, so the words decide. A 5xx has been seen on mails that did go out.
        if not 400 <= response.status < 500:
            return super().refusal(response)
        words = self.explanation(response).lower()
        if response.status == 420 or "limit exceeded" in words:
            return self.failure(Throttled, "rate_limited", response)
        if "not allowed to send" in words or "test purposes only" in words:
            return self.failure(CredentialsRejected, "domain_not_allowed", response)
        if re.match("'?from'? parameter", words):
            return self.failure(CredentialsRejected, "sender_not_accepted", response)
        if re.match("'?to'? parameter", words):
            return self.failure(Rejected, "invalid_recipient", response)
        return super().refusal(response)

    def check_request(self) -> HttpRequest:
        """A test mail without a sender, since a domain's sending key may do nothing but send (…/authentication)."""
        return self._post({"o:testmode": "yes"}, timeout=CHECK_TIMEOUT)

    def accepts_check(self, response: HttpResponse) -> bool:
        if response.status == 200:
            self.message_id(response)
        refuses = response.status == 400 and bool(text_at(json_object(response), "message"))
        return refuses and self.refusal(response).code in ("sender_not_accepted", "rejected")

    def _post(
        self, fields: dict[str, str], files: Sequence[Attachment] = (), timeout: float = SEND_TIMEOUT
    ) -> HttpRequest:
        domain = quote(self.setting(DOMAIN), safe="")
        key = b64encode(f"api:{self.setting(API_KEY)}".encode()).decode()
        boundary = self.services.random.token(16).hex()  # unguessable, so nothing in a mail can end a field
        headers = {"Authorization": f"Basic {key}", "Content-Type": f"multipart/form-data; boundary={boundary}"}
        url = f"{self.setting(ENDPOINT).rstrip('/')}/v3/{domain}/messages"
        return HttpRequest("POST", url, headers, _form(fields, files, boundary), timeout)


def _form(fields: dict[str, str], files: Sequence[Attachment], boundary: str) -> bytes:
    """RFC 7578."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    pieces = ["".join(parts).encode(errors="replace")]
    for file in files:
        disposition = f'form-data; name="attachment"; filename="{file.name}"'
        head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\nContent-Type: {file.content_type}\r\n\r\n"
        pieces += [head.encode(), file.data, b"\r\n"]
    return b"".join([*pieces, f"--{boundary}--\r\n".encode()])
