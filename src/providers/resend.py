"""Resend: POST /emails. Takes idempotency keys, so repeating an attempt within a day sends one mail.

Resend assigns the Message-ID itself. The key also goes into the tag `offload_key`, which comes back in its events.
Attachments are taken here and not by the batch endpoint: 40 MB a mail after base64 (resend.com/docs/dashboard/emails/
attachments). A file whose extension does not fit its type makes it drop the whole mail (django-anymail 15.1).
resend.com/docs/api-reference/emails/send-email
"""

from typing import Any

from core.errors import CredentialsRejected, OutcomeUnknown, QuotaExhausted, Rejected, SendFailure, Throttled
from mail.message import Address, Attachment, OutgoingMail
from providers.base import CHECK_TIMEOUT, HttpProvider, json_object, json_request, text_at
from providers.header_fields import encoded_words, header_value, mailbox
from runtime.ports import HttpRequest, HttpResponse
from runtime.settings import Setting

SETTINGS = (
    API_KEY := Setting("RESEND_API_KEY", None, "Resend: API key", secret=True),
    ENDPOINT := Setting("RESEND_ENDPOINT", "https://api.resend.com", "Resend: API address"),
    WEBHOOK_SECRET := Setting(
        "RESEND_WEBHOOK_SECRET", None, "Resend: the secret that its delivery events are signed with", secret=True
    ),
)

# resend.com/docs/api-reference/errors, read 2026-11
BY_NAME: dict[tuple[str, int], tuple[type[SendFailure], str]] = {
    ("rate_limit_exceeded", 429): (Throttled, "rate_limited"),
    ("daily_quota_exceeded", 429): (QuotaExhausted, "daily_quota_exceeded"),
    ("monthly_quota_exceeded", 429): (QuotaExhausted, "monthly_quota_exceeded"),
    ("invalid_api_key", 400): (CredentialsRejected, "unauthorized"),
    ("invalid_api_key", 403): (CredentialsRejected, "unauthorized"),
    # the domain of the sender is not verified, or the account may only mail its owner
    ("validation_error", 403): (CredentialsRejected, "sender_not_verified"),
    ("invalid_from_address", 422): (CredentialsRejected, "sender_not_accepted"),
    ("validation_error", 400): (Rejected, "validation_error"),
    ("security_error", 451): (Rejected, "security_error"),
    # an earlier attempt with this key is on record or under way, and nobody knows what became of it
    ("invalid_idempotent_request", 409): (OutcomeUnknown, "idempotency_conflict"),
    ("concurrent_idempotent_requests", 409): (OutcomeUnknown, "attempt_under_way"),
}


class Resend(HttpProvider):
    name = "resend"
    key_window = 24 * 3600  # resend.com/docs/dashboard/emails/idempotency-keys, read 2026-11
    default_rate = 5.0  # a team's requests a second: resend.com/docs/api-reference/rate-limit, read 2026-11
    settings = SETTINGS
    required = (API_KEY,)
    attachment_limit = 40_000_000  # resend.com/docs/dashboard/emails/attachments, read 2026-11

    def request(self, mail: OutgoingMail) -> HttpRequest:
        payload: dict[str, Any] = {
            "from": _sender(mail.sender),
            "to": [_recipient(mail.to)],
            "subject": mail.subject,
            "html": mail.html,
            "text": mail.text,
            "headers": {name: header_value(value) for name, value in mail.headers.items()},
            "tags": [
                {"name": "offload_key", "value": mail.key},
                {"name": "offload_reference", "value": mail.reference},
            ],
        }
        if mail.reply_to:
            payload["reply_to"] = [_recipient(mail.reply_to)]
        if mail.attachments:
            payload["attachments"] = [_attachment(file) for file in mail.attachments]
        return json_request(self._url("/emails"), {**self._headers(), "Idempotency-Key": mail.key}, payload)

    def message_id(self, response: HttpResponse) -> str | None:
        answer = json_object(response)
        return None if answer.get("error") or "statusCode" in answer else text_at(answer, "id") or None

    def explanation(self, response: HttpResponse) -> str:
        return text_at(json_object(response), "message") or super().explanation(response)

    def refusal(self, response: HttpResponse) -> SendFailure:
        known = BY_NAME.get((text_at(json_object(response), "name"), response.status))
        return self.failure(*known, response) if known else super().refusal(response)

    def check_request(self) -> HttpRequest:
        return HttpRequest("GET", self._url("/domains"), self._headers(), timeout=CHECK_TIMEOUT)

    def accepts_check(self, response: HttpResponse) -> bool:
        answer = json_object(response)
        # a key that may only send is refused here by this name, which shows that it is right
        sends_only = response.status == 401 and text_at(answer, "name") == "restricted_api_key"
        return sends_only or (response.status == 200 and isinstance(answer.get("data"), list))

    def _url(self, path: str) -> str:
        return self.setting(ENDPOINT).rstrip("/") + path

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.setting(API_KEY)}"}


def _sender(address: Address) -> str:
    # Resend refuses an encoded or quoted name here and takes plain Unicode (django-anymail 15.1, 2026-07)
    return f"{address.name} <{address.email}>" if address.name else address.email


def _recipient(address: Address) -> str:
    # and refuses a quoted name here, but takes an encoded one
    plain = mailbox(address)
    return f"{encoded_words(address.name)} <{address.email}>" if plain.startswith('"') else plain


def _attachment(file: Attachment) -> dict[str, str]:
    return {"content": file.as_base64(), "filename": file.name, "content_type": file.content_type}
