"""Cloudflare Email Service, by its REST API: the same request from workerd, the local runtime and the tests.

It has no idempotency keys and no custom arguments, and sets the Message-ID itself: only the reference header carries
the key, and events are matched by the message id. It refuses headers that it does not list and that are not `X-…`.
A mail may have 5 MiB with its attachments (25 MiB only to addresses verified in the account): …/platform/limits/.
developers.cloudflare.com/email-service/api/send-emails/rest-api/
"""

from typing import Any

from core.errors import CredentialsRejected, ProviderDown, Rejected, SendFailure, Throttled
from mail.message import Address, OutgoingMail
from providers.base import (
    CHECK_TIMEOUT,
    SEND_TIMEOUT,
    HttpProvider,
    attachment_json,
    errors_in,
    json_object,
    json_request,
    text_at,
)
from providers.header_fields import header_value
from runtime.ports import HttpRequest, HttpResponse
from runtime.settings import Setting

SETTINGS = (
    API_TOKEN := Setting("CLOUDFLARE_API_TOKEN", None, "Cloudflare Email Service: API token", secret=True),
    ACCOUNT_ID := Setting("CLOUDFLARE_ACCOUNT_ID", "", "Cloudflare Email Service: account"),
    ENDPOINT := Setting(
        "CLOUDFLARE_ENDPOINT", "https://api.cloudflare.com/client/v4", "Cloudflare Email Service: API address"
    ),
)

# developers.cloudflare.com/email-service/api/send-emails/rest-api/, read 2026-11. By message: two versions of that page
# number 10200 and 10202 differently.
BY_MESSAGE: dict[str, tuple[type[SendFailure], str]] = {
    "throttled": (Throttled, "rate_limited"),
    "authentication.unauthorized": (CredentialsRejected, "unauthorized"),
    "Authentication error": (CredentialsRejected, "unauthorized"),  # the front door's; its number is another's as well
    "authentication.bad_token_type": (CredentialsRejected, "bad_token_type"),
    "authentication.forbidden": (CredentialsRejected, "forbidden"),
    "authentication.not_entitled": (CredentialsRejected, "not_entitled"),
    "authentication.upstream": (ProviderDown, "authentication_unavailable"),
    "email.sending_disabled": (CredentialsRejected, "sending_disabled"),
    "email.sender_not_configured": (CredentialsRejected, "sender_not_verified"),
    "not_found": (CredentialsRejected, "not_found"),
    "not_implemented": (CredentialsRejected, "not_implemented"),
    "email.too_big": (Rejected, "too_large"),
    "email.invalid": (Rejected, "invalid_mail"),
    "email.no_content_length": (Rejected, "invalid_mail"),
    "invalid_request_schema": (Rejected, "invalid_request"),
}
# What the front door of Cloudflare's API says, mostly with 400: the token or the account in our settings is wrong.
# developers.cloudflare.com/workers, "API requests", "Validation and authorization errors", and reports (read 2026-11)
BY_CODE: dict[int, str] = {
    6003: "unauthorized",  # "Invalid request headers": a malformed token
    9103: "unauthorized",  # "Unknown X-Auth-Key or X-Auth-Email"
    9106: "unauthorized",  # "Missing X-Auth-Key, X-Auth-Email or Authorization headers"
    9109: "unauthorized",  # "Invalid access token"
    7000: "not_found",  # "No route for that URI"
    7003: "not_found",  # "Could not route to …, perhaps your object identifier is invalid?": the account
}


class Cloudflare(HttpProvider):
    name = "cloudflare"
    # 1,200 requests in five minutes for one token: developers.cloudflare.com/fundamentals/api/reference/limits, 2026-04
    default_rate = 4.0
    settings = SETTINGS
    required = (API_TOKEN, ACCOUNT_ID)
    attachment_limit = 5 * 1024 * 1024  # developers.cloudflare.com/email-service/platform/limits/, read 2026-11

    def request(self, mail: OutgoingMail) -> HttpRequest:
        payload: dict[str, Any] = {
            "from": _address(mail.sender),
            "to": _address(mail.to),
            "subject": mail.subject,
            "html": mail.html,
            "text": mail.text,
            "headers": {name: header_value(value) for name, value in mail.headers.items()},
        }
        if mail.reply_to:
            payload["reply_to"] = _address(mail.reply_to)
        if mail.attachments:
            payload["attachments"] = [attachment_json(file) for file in mail.attachments]
        return self._post(payload)

    def message_id(self, response: HttpResponse) -> str | None:
        answer = json_object(response)
        result = answer.get("result")
        if answer.get("success") is False:
            raise self.refusal(response)
        if answer.get("success") is not True or not isinstance(result, dict):
            return None
        if result.get("suppressed_recipients"):
            raise Rejected("suppressed_by_provider", "the address is on Cloudflare's suppression list")
        if result.get("permanent_bounces"):
            raise Rejected("mailbox_unavailable", "the address bounced permanently")
        if not result.get("delivered") and not result.get("queued"):
            return None
        return in_brackets(text_at(result, "message_id"))  # of which one version of that page knows nothing

    def explanation(self, response: HttpResponse) -> str:
        words = [f"{error.get('code')} {text_at(error, 'message')}" for error in errors_in(response)]
        return "; ".join(words) or super().explanation(response)

    def refusal(self, response: HttpResponse) -> SendFailure:
        for error in errors_in(response):
            code = error.get("code")
            if isinstance(code, int) and code in BY_CODE:
                return self.failure(CredentialsRejected, BY_CODE[code], response)
            known = BY_MESSAGE.get(text_at(error, "message").removeprefix("email.sending.error."))
            if known:
                return self.failure(*known, response)
        return super().refusal(response)

    def check_request(self) -> HttpRequest:
        """An empty mail: the right to send is all that a token need have, and an invalid request shows it."""
        return self._post({}, CHECK_TIMEOUT)

    def accepts_check(self, response: HttpResponse) -> bool:
        return response.status == 400 and self.refusal(response).code == "invalid_request"

    def _post(self, payload: dict[str, Any], timeout: float = SEND_TIMEOUT) -> HttpRequest:
        account = self.setting(ACCOUNT_ID)
        url = f"{self.setting(ENDPOINT).rstrip('/')}/accounts/{account}/email/sending/send"
        return json_request(url, {"Authorization": f"Bearer {self.setting(API_TOKEN)}"}, payload, timeout)


def in_brackets(message_id: str) -> str:
    """As ids are kept that an event has to be found by; Cloudflare writes them with brackets or without."""
    return f"<{message_id.strip('<>')}>" if message_id else ""


def _address(address: Address) -> dict[str, str]:
    return {"address": address.email, "name": address.name} if address.name else {"address": address.email}
