"""Amazon SES is asked as AWS's own model, a server that checks signatures, and the documented errors have it."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.loaders import Loader  # type: ignore[import-untyped]
from botocore.model import ServiceModel  # type: ignore[import-untyped]
from botocore.validate import ParamValidator  # type: ignore[import-untyped]

from core.errors import (
    CredentialsRejected,
    OutcomeUnknown,
    ProviderBroken,
    ProviderDown,
    QuotaExhausted,
    Rejected,
    SendFailure,
    Throttled,
)
from mail.message import Address, OutgoingMail
from providers.ses import BY_NAME, Ses
from runtime.ports import HttpResponse
from tests.doubles.aws import SesServer, ses_server
from tests.doubles.fetch import HttpxFetch
from tests.providers.support import (
    ATTACHED,
    FILE,
    FILE_IN_BASE64,
    JOB,
    KEY,
    MAIL,
    SETTINGS,
    always,
    answer,
    provider,
    request_of,
)

pytestmark = pytest.mark.long

MODEL = ServiceModel(Loader().load_service_model("sesv2", "service-2"))
SEND = MODEL.operation_model("SendEmail")


async def payload_of(mail: OutgoingMail = MAIL, **settings: str) -> Any:
    return json.loads((await request_of(Ses, mail, **settings)).body)


def problem(status: int, name: str, message: str = "why") -> HttpResponse:
    return answer(status, {"message": message}, {"x-amzn-errortype": f"{name}:http://internal.amazon.com/coral/"})


async def refused(response: HttpResponse) -> SendFailure:
    with pytest.raises(SendFailure) as raised:
        await provider(Ses, always(response)).send(MAIL)
    return raised.value


@pytest.mark.parametrize("mail", [MAIL, ATTACHED, replace(MAIL, reply_to=None, text="", headers={})])
async def test_a_mail_is_as_the_model_says(mail: OutgoingMail) -> None:
    payload = await payload_of(mail, SES_CONFIGURATION_SET="events")
    assert ParamValidator().validate(payload, SEND.input_shape).generate_report() == ""
    names, values = (MODEL.shape_for(shape).metadata for shape in ("MessageHeaderName", "MessageHeaderValue"))
    for header in payload["Content"]["Simple"]["Headers"]:
        assert re.fullmatch(names["pattern"], header["Name"])
        assert re.fullmatch(values["pattern"], header["Value"])
    for tag in payload["EmailTags"]:
        assert re.fullmatch("[A-Za-z0-9_-]{1,256}", tag["Value"])


async def test_the_model_would_catch_a_wrong_member() -> None:
    payload = await payload_of()
    assert ParamValidator().validate(payload | {"Subject": "x"}, SEND.input_shape).has_errors()


async def test_a_mail_arrives_with_everything_it_has() -> None:
    request = await request_of(Ses)
    http = SEND.http
    assert (request.method, request.url) == (
        http["method"],
        f"https://email.eu-central-1.amazonaws.com{http['requestUri']}",
    )
    assert "/eu-central-1/ses/aws4_request" in request.headers["Authorization"]
    assert json.loads(request.body) == {
        "FromEmailAddress": "=?utf-8?B?xbvDs8WCdGEgU3prb8WCYSDwn46T?= <office@school.example>",
        "Destination": {
            "ToAddresses": ["=?utf-8?B?QW3DqWxpZSBNw7xsbGVyLCAzLiBLbGFzc2U=?= <amelie@xn--mnchen-3ya.example>"]
        },
        "ReplyToAddresses": ['"Dr. \\"Bo\\" O\'Neil" <teacher@school.example>'],
        "Content": {
            "Simple": {
                "Subject": {"Data": MAIL.subject, "Charset": "UTF-8"},
                "Body": {
                    "Text": {"Data": MAIL.text, "Charset": "UTF-8"},
                    "Html": {"Data": MAIL.html, "Charset": "UTF-8"},
                },
                "Headers": [
                    {"Name": "X-Entity-Ref-ID", "Value": KEY},
                    {"Name": "X-Offload-Job", "Value": JOB},
                    {"Name": "X-Course", "Value": "=?utf-8?B?RnJhbsOnYWlz?="},
                ],
            }
        },
        "EmailTags": [
            {"Name": "offload_key", "Value": KEY},
            {"Name": "offload_reference", "Value": MAIL.reference},
        ],
    }


async def test_a_file_is_attached_and_leaves_amazon_in_base64() -> None:
    payload = await payload_of(ATTACHED)
    assert payload["Content"]["Simple"].pop("Attachments") == [
        {
            "RawContent": FILE_IN_BASE64,
            "FileName": FILE.name,
            "ContentType": "application/pdf",
            "ContentDisposition": "ATTACHMENT",
            "ContentTransferEncoding": "BASE64",
        }
    ]
    assert payload == await payload_of()
    assert len(FILE.name) <= MODEL.shape_for("AttachmentFileName").metadata["max"]


async def test_the_configuration_set_and_the_region_are_settings() -> None:
    request = await request_of(Ses, SES_REGION="us-east-1", SES_CONFIGURATION_SET="events")
    assert request.url.startswith("https://email.us-east-1.amazonaws.com/")
    assert "/us-east-1/ses/aws4_request" in request.headers["Authorization"]
    assert json.loads(request.body)["ConfigurationSetName"] == "events"


async def test_the_message_id_is_kept() -> None:
    assert await provider(Ses, always(answer(200, {"MessageId": "0100018f"}))).send(MAIL) == "0100018f"


@pytest.mark.parametrize(
    ("status", "name", "message", "kind", "code"),
    [
        (429, "TooManyRequestsException", "Too many requests", Throttled, "rate_limited"),
        (400, "ThrottlingException", "Maximum sending rate exceeded.", Throttled, "rate_limited"),
        (400, "ThrottlingException", "Daily message quota exceeded.", QuotaExhausted, "daily_quota_exceeded"),
        (400, "LimitExceededException", "Maximum sending rate exceeded.", Throttled, "rate_limited"),
        (429, "TooManyRequestsException", "Daily message quota exceeded", QuotaExhausted, "daily_quota_exceeded"),
        (400, "AccountSuspendedException", "restricted", CredentialsRejected, "account_suspended"),
        (400, "SendingPausedException", "paused", CredentialsRejected, "sending_paused"),
        (400, "MailFromDomainNotVerifiedException", "no MX", CredentialsRejected, "sender_not_verified"),
        (
            400,
            "MessageRejected",
            "Email address is not verified. The following",
            CredentialsRejected,
            "sender_not_verified",
        ),
        (400, "MessageRejected", "Sending paused for this account.", CredentialsRejected, "sending_paused"),
        (400, "MessageRejected", "Sending suspended for this account.", CredentialsRejected, "account_suspended"),
        (400, "MessageRejected", "Message contains a virus", Rejected, "message_rejected"),
        (400, "BadRequestException", "Missing final '@domain'", Rejected, "bad_request"),
        (404, "NotFoundException", "Configuration set <events> does not exist.", CredentialsRejected, "not_found"),
        (403, "SignatureDoesNotMatch", "The request signature", CredentialsRejected, "unauthorized"),
        (400, "RequestExpired", "Signature expired", CredentialsRejected, "unauthorized"),
        (403, "AccessDeniedException", "not authorized to perform ses:SendEmail", CredentialsRejected, "forbidden"),
        (503, "ServiceUnavailable", "try later", ProviderDown, "service_unavailable"),
        (500, "InternalFailure", "An unknown error", ProviderBroken, "server_error"),
    ],
)
async def test_a_refusal_means_what_is_documented(
    status: int, name: str, message: str, kind: type[SendFailure], code: str
) -> None:
    failure = await refused(problem(status, name, message))
    assert (type(failure), failure.code, failure.detail) == (kind, code, message)


@pytest.mark.parametrize("error", SEND.error_shapes, ids=lambda shape: shape.name)
async def test_every_error_of_the_model_is_known(error: Any) -> None:
    assert error.name in BY_NAME
    status = error.metadata["error"]["httpStatusCode"]
    assert type(await refused(problem(status, error.name))) is BY_NAME[error.name][0]


@pytest.mark.parametrize("name", ["com.amazon.coral.service#ThrottlingException", "ThrottlingException"])
async def test_an_error_may_be_named_in_the_body(name: str) -> None:
    failure = await refused(answer(400, {"__type": name, "Message": "Maximum sending rate exceeded."}))
    assert (type(failure), failure.detail) == (Throttled, "Maximum sending rate exceeded.")


async def test_a_gateway_s_own_503_leaves_the_outcome_unknown() -> None:
    assert isinstance(await refused(answer(503, b"<html>503</html>")), OutcomeUnknown)


async def test_a_paused_account_is_told_before_anything_is_sent() -> None:
    with pytest.raises(CredentialsRejected) as raised:
        await provider(Ses, always(answer(200, {"SendingEnabled": False}))).check()
    assert raised.value.code == "sending_paused"


async def test_a_key_that_may_only_send_passes_the_check() -> None:
    fetch = always(problem(403, "AccessDeniedException", "not authorized to perform ses:GetAccount"))
    await provider(Ses, fetch).check()
    (request,) = fetch.requests
    model = MODEL.operation_model("GetAccount").http
    assert (request.method, request.url.removeprefix("https://email.eu-central-1.amazonaws.com")) == (
        model["method"],
        model["requestUri"],
    )


@pytest.fixture(scope="module")
def aws() -> Iterator[SesServer]:
    with ses_server("school.example") as server:
        yield server


async def test_aws_takes_what_the_right_secret_signs(aws: SesServer) -> None:
    async with HttpxFetch() as fetch:
        ses = provider(Ses, fetch, SETTINGS | aws.settings())
        await ses.check()
        message_id = await ses.send(ATTACHED)
    (message,) = [message for message in aws.sent if message.id == message_id]
    assert message.subject == MAIL.subject
    assert message.body == MAIL.html
    assert message.source == "=?utf-8?B?xbvDs8WCdGEgU3prb8WCYSDwn46T?= <office@school.example>"


@pytest.mark.parametrize("wrong", ["SES_ACCESS_KEY_ID", "SES_SECRET_ACCESS_KEY"])
async def test_a_wrong_key_or_secret_stops_the_job(aws: SesServer, wrong: str) -> None:
    async with HttpxFetch() as fetch:
        ses = provider(Ses, fetch, SETTINGS | aws.settings() | {wrong: "wrong"})
        before = len(aws.sent)
        with pytest.raises(CredentialsRejected) as raised:
            await ses.send(MAIL)
        assert aws.secret_key not in raised.value.detail
        with pytest.raises(CredentialsRejected):
            await ses.check()
    assert len(aws.sent) == before


async def test_a_sender_that_is_not_verified_stops_the_job(aws: SesServer) -> None:
    async with HttpxFetch() as fetch:
        ses = provider(Ses, fetch, SETTINGS | aws.settings())
        with pytest.raises(CredentialsRejected) as raised:
            await ses.send(replace(MAIL, sender=Address("office@elsewhere.example")))
    assert raised.value.code == "sender_not_verified"
