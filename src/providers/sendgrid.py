"""SendGrid: POST /v3/mail/send, one personalization a request.

It has no idempotency keys: the key goes into the custom argument `offload_key`, which comes back in its events.
Attachments belong to a request, not to a personalization. A mail should not exceed 20 MB with them, and must stay under
30 MB: …/api-reference/mail-send/limitations, docs.sendgrid.com "recommended message size limit".
www.twilio.com/docs/sendgrid/api-reference/mail-send
"""

import re
from typing import Any

from core.errors import CredentialsRejected, ProviderDown, QuotaExhausted, SendFailure
from mail.message import Address, OutgoingMail
from providers.base import CHECK_TIMEOUT, HttpProvider, attachment_json, errors_in, json_object, json_request, text_at
from providers.header_fields import header_value
from runtime.ports import HttpRequest, HttpResponse
from runtime.settings import Setting

SETTINGS = (
    API_KEY := Setting("SENDGRID_API_KEY", None, "SendGrid: API key with the mail.send scope", secret=True),
    ENDPOINT := Setting(
        "SENDGRID_ENDPOINT", "https://api.sendgrid.com", "SendGrid: API address; https://api.eu.sendgrid.com in the EU"
    ),
    WEBHOOK_KEY := Setting(
        "SENDGRID_WEBHOOK_KEY", None, "SendGrid: the public key that its delivery events are verified with"
    ),
)


class SendGrid(HttpProvider):
    name = "sendgrid"
    accepted_status = 202  # the API description (2026-01-22), and www.twilio.com/docs/sendgrid/glossary/x-message-id
    default_rate = 500.0  # no number is published any more; formerly 10,000 requests a second (2026-11)
    settings = SETTINGS
    required = (API_KEY,)
    attachment_limit = 20_000_000  # the lower of the two numbers, read 2026-11

    def request(self, mail: OutgoingMail) -> HttpRequest:
        headers = {name: header_value(value) for name, value in mail.headers.items()}
        bodies = (("text/plain", mail.text), ("text/html", mail.html))
        arguments = {"offload_key": mail.key, "offload_reference": mail.reference}
        payload: dict[str, Any] = {
            "personalizations": [{"to": [_recipient(mail.to)], "custom_args": arguments}],
            "from": _address(mail.sender),
            "subject": mail.subject,
            "content": [{"type": kind, "value": body} for kind, body in bodies if body],
            "headers": {**headers, "Message-ID": mail.message_id},
        }
        if mail.reply_to:
            payload["reply_to"] = _address(mail.reply_to)
        if mail.attachments:
            payload["attachments"] = [attachment_json(file) for file in mail.attachments]
        return json_request(self._url("/v3/mail/send"), self._headers(), payload)

    def message_id(self, response: HttpResponse) -> str | None:
        return response.headers.get("x-message-id") or None

    def explanation(self, response: HttpResponse) -> str:
        return "; ".join(text_at(error, "message") for error in errors_in(response)) or super().explanation(response)

    def retry_after(self, response: HttpResponse) -> float | None:
        # seconds since 1970: …/how-to-use-the-sendgrid-v3-api/rate-limits, read 2026-11; Retry-After is not documented
        reset = response.headers.get("x-ratelimit-reset", "")
        if re.fullmatch(r"\d{1,12}", reset):
            return max(0.0, int(reset) - self.services.clock.now() / 1000)
        return super().retry_after(response)

    def refusal(self, response: HttpResponse) -> SendFailure:
        # …/how-to-use-the-sendgrid-v3-api/errors and the API description (2026-01-22), read 2026-11
        if response.status == 401 and "credits exceeded" in self.explanation(response):
            return self.failure(QuotaExhausted, "quota_exceeded", response)
        if response.status == 400 and any(
            text_at(error, "field").split(".")[0] == "from" for error in errors_in(response)
        ):
            return self.failure(CredentialsRejected, "sender_not_accepted", response)
        if response.status == 451:
            return self.failure(CredentialsRejected, "data_residency", response)
        if response.status == 503:  # "The SendGrid v3 Web API is not available"
            return self.failure(ProviderDown, "service_unavailable", response)
        return super().refusal(response)

    def check_request(self) -> HttpRequest:
        return HttpRequest("GET", self._url("/v3/scopes"), self._headers(), timeout=CHECK_TIMEOUT)

    def accepts_check(self, response: HttpResponse) -> bool:
        scopes = json_object(response).get("scopes")
        if response.status != 200 or not isinstance(scopes, list):
            return False
        if "mail.send" not in scopes:
            raise CredentialsRejected("missing_scope", "the API key lacks the scope mail.send")
        return True

    def _url(self, path: str) -> str:
        return self.setting(ENDPOINT).rstrip("/") + path

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.setting(API_KEY)}", "Accept": "application/json"}


def _address(address: Address) -> dict[str, str]:
    return {"email": address.email, "name": address.name} if address.name else {"email": address.email}


def _recipient(address: Address) -> dict[str, str]:
    # a comma or semicolon breaks an unquoted name, in personalizations only (sendgrid-python#291; django-anymail 15.1)
    if not re.search("[,;]", address.name):
        return _address(address)
    name = address.name.replace("\\", "\\\\").replace('"', '\\"')
    return {"email": address.email, "name": f'"{name}"'}
