"""Amazon SES, API version 2: POST /v2/email/outbound-emails, signed with SigV4.

It has no idempotency keys and replaces the Message-ID by its own: the key goes into the message tag `offload_key`,
which comes back in the events that the configuration set publishes. Amazon puts the MIME message together itself, with
attachments too: 40 MB after base64, and above 10 MB it slows down (docs.aws.amazon.com/ses/latest/dg/quotas.html).
docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

from typing import Any

from core.errors import CredentialsRejected, ProviderDown, QuotaExhausted, Rejected, SendFailure, Throttled
from mail.message import Attachment, OutgoingMail
from providers.base import CHECK_TIMEOUT, HttpProvider, json_object, json_request, text_at
from providers.header_fields import header_value, mailbox
from providers.sigv4 import Credentials, signed
from runtime.ports import HttpRequest, HttpResponse
from runtime.settings import Setting

SETTINGS = (
    ACCESS_KEY := Setting("SES_ACCESS_KEY_ID", None, "Amazon SES: access key", secret=True),
    SECRET_KEY := Setting("SES_SECRET_ACCESS_KEY", None, "Amazon SES: its secret", secret=True),
    REGION := Setting("SES_REGION", "eu-central-1", "Amazon SES: region"),
    ENDPOINT := Setting("SES_ENDPOINT", "", "Amazon SES: another address than the region's own"),
    CONFIGURATION_SET := Setting(
        "SES_CONFIGURATION_SET", "", "Amazon SES: configuration set that publishes delivery events"
    ),
    TOPIC_ARN := Setting("SES_TOPIC_ARN", None, "Amazon SES: the SNS topic whose delivery events are taken"),
)

# API_SendEmail.html and CommonErrors.html of the API reference, read 2026-11. Many of these come with 400.
BY_NAME: dict[str, tuple[type[SendFailure], str]] = {
    "TooManyRequestsException": (Throttled, "rate_limited"),
    "ThrottlingException": (Throttled, "rate_limited"),
    "LimitExceededException": (Throttled, "rate_limited"),
    "AccountSuspendedException": (CredentialsRejected, "account_suspended"),
    "SendingPausedException": (CredentialsRejected, "sending_paused"),
    "MailFromDomainNotVerifiedException": (CredentialsRejected, "sender_not_verified"),
    "NotFoundException": (CredentialsRejected, "not_found"),  # the configuration set
    "AccessDeniedException": (CredentialsRejected, "forbidden"),
    "ExpiredTokenException": (CredentialsRejected, "unauthorized"),
    "IncompleteSignature": (CredentialsRejected, "unauthorized"),
    "InvalidClientTokenId": (CredentialsRejected, "unauthorized"),
    "InvalidSignatureException": (CredentialsRejected, "unauthorized"),
    "MissingAuthenticationToken": (CredentialsRejected, "unauthorized"),
    "NotAuthorized": (CredentialsRejected, "forbidden"),
    "OptInRequired": (CredentialsRejected, "forbidden"),
    "RequestExpired": (CredentialsRejected, "unauthorized"),
    "SignatureDoesNotMatch": (CredentialsRejected, "unauthorized"),
    "UnrecognizedClientException": (CredentialsRejected, "unauthorized"),
    "BadRequestException": (Rejected, "bad_request"),
    "MessageRejected": (Rejected, "message_rejected"),
    # "The request has failed due to a temporary failure of the server", and of a call that fails with an error message
    # SES "does not send the email" (dg/troubleshoot-error-messages.html)
    "ServiceUnavailable": (ProviderDown, "service_unavailable"),
}
# What MessageRejected and the throttles say only in words: dg/troubleshoot-error-messages.html and
# dg/manage-sending-quotas-errors.html, read 2026-11.
BY_WORDS: dict[str, tuple[type[SendFailure], str]] = {
    "Daily message quota exceeded": (QuotaExhausted, "daily_quota_exceeded"),
    "not verified": (CredentialsRejected, "sender_not_verified"),
    "Sending paused": (CredentialsRejected, "sending_paused"),
    "Sending suspended": (CredentialsRejected, "account_suspended"),
}


class Ses(HttpProvider):
    name = "ses"
    default_rate = 14.0  # where accounts used to start; AWS publishes no number any more (2026-08)
    settings = SETTINGS
    required = (ACCESS_KEY, SECRET_KEY)
    attachment_limit = 40_000_000  # …/dg/quotas.html, read 2026-11

    def request(self, mail: OutgoingMail) -> HttpRequest:
        payload: dict[str, Any] = {
            "FromEmailAddress": mailbox(mail.sender),
            "Destination": {"ToAddresses": [mailbox(mail.to)]},
            "Content": {
                "Simple": {
                    "Subject": _utf8(mail.subject),
                    "Body": {kind: _utf8(body) for kind, body in (("Text", mail.text), ("Html", mail.html)) if body},
                    "Headers": [{"Name": name, "Value": header_value(value)} for name, value in mail.headers.items()],
                }
            },
            "EmailTags": [
                {"Name": "offload_key", "Value": mail.key},
                {"Name": "offload_reference", "Value": mail.reference},
            ],
        }
        if mail.reply_to:
            payload["ReplyToAddresses"] = [mailbox(mail.reply_to)]
        if mail.attachments:
            payload["Content"]["Simple"]["Attachments"] = [_attachment(file) for file in mail.attachments]
        configuration_set = self.services.settings.optional(CONFIGURATION_SET)
        if configuration_set:
            payload["ConfigurationSetName"] = configuration_set
        return self._signed(json_request(self._url("/v2/email/outbound-emails"), {}, payload))

    def message_id(self, response: HttpResponse) -> str | None:
        return text_at(json_object(response), "MessageId") or None

    def explanation(self, response: HttpResponse) -> str:
        answer = json_object(response)
        return text_at(answer, "message") or text_at(answer, "Message") or super().explanation(response)

    def refusal(self, response: HttpResponse) -> SendFailure:
        known = BY_NAME.get(_error_name(response))
        if known is None:
            return super().refusal(response)
        words = self.explanation(response)
        for phrase, meaning in BY_WORDS.items():
            if response.status < 500 and phrase in words:
                known = meaning
        return self.failure(*known, response)

    def check_request(self) -> HttpRequest:
        request = HttpRequest("GET", self._url("/v2/email/account"), timeout=CHECK_TIMEOUT)
        return self._signed(request)

    def accepts_check(self, response: HttpResponse) -> bool:
        if response.status != 200:
            # a key that may only send is refused here by this name, which shows that it is right
            return 400 <= response.status < 500 and _error_name(response) == "AccessDeniedException"
        enabled = json_object(response).get("SendingEnabled")
        if enabled is False:
            raise CredentialsRejected("sending_paused", "sending is switched off for this account and region")
        return enabled is True

    def _url(self, path: str) -> str:
        endpoint = self.services.settings.optional(ENDPOINT).strip()
        return (endpoint.rstrip("/") or f"https://email.{self.setting(REGION)}.amazonaws.com") + path

    def _signed(self, request: HttpRequest) -> HttpRequest:
        credentials = Credentials(self.setting(ACCESS_KEY), self.setting(SECRET_KEY))
        return signed(request, credentials, self.setting(REGION), "ses", self.services.clock.now())


def _utf8(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}


def _attachment(file: Attachment) -> dict[str, str]:
    return {
        "RawContent": file.as_base64(),
        "FileName": file.name,
        "ContentType": file.content_type,
        "ContentDisposition": "ATTACHMENT",
        "ContentTransferEncoding": "BASE64",  # else it is SEVEN_BIT, which no PDF is: …/dg/attachments.html
    }


def _error_name(response: HttpResponse) -> str:
    """`MessageRejected`, from the header `MessageRejected:http://…` or the body's `__type`, `…#MessageRejected`."""
    answer = json_object(response)
    name = response.headers.get("x-amzn-errortype") or text_at(answer, "__type") or text_at(answer, "code")
    return name.split(":")[0].split("#")[-1]
