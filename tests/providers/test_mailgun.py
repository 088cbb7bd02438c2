"""Mailgun, held to its API description and to the words it documents."""

import json
from base64 import b64decode
from dataclasses import replace
from email.message import MIMEPart
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from core.errors import CredentialsRejected, ProviderBroken, Rejected, SendFailure, Throttled
from mail.message import OutgoingMail
from providers.mailgun import Mailgun
from runtime.ports import HttpRequest, HttpResponse
from tests.providers.support import ATTACHED, FILE, JOB, KEY, MAIL, always, answer, provider, request_of

DESCRIPTION = json.loads((Path(__file__).parent / "contracts/mailgun-messages.openapi.json").read_text())
FORM = DESCRIPTION["paths"]["/v3/{domain_name}/messages"]["post"]["requestBody"]["content"]["multipart/form-data"]
FORM_PROPERTIES = DESCRIPTION["components"]["schemas"][FORM["schema"]["$ref"].split("/")[-1]]["properties"]
FREE_PREFIXES = ("h:", "v:")


def parts_of(request: HttpRequest) -> list[MIMEPart]:
    """The form's, as a server parses it."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(head + request.body)
    assert form.is_multipart()
    assert not form.defects
    return list(form.iter_parts())


def content_of(part: MIMEPart) -> bytes:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def fields_of(request: HttpRequest) -> dict[str, str]:
    parts = parts_of(request)
    return {str(part.get_param("name", header="content-disposition")): content_of(part).decode() for part in parts}


def errors_in(fields: dict[str, str]) -> list[str]:
    schema = {**DESCRIPTION, **FORM["schema"]}
    properties = FORM_PROPERTIES
    unknown = [name for name in fields if name not in properties and not name.startswith(FREE_PREFIXES)]
    # in a form, a list is the field once for each of its members
    lists = {name: [value] for name, value in fields.items() if properties.get(name, {}).get("type") == "array"}
    return unknown + [error.message for error in Draft202012Validator(schema).iter_errors(fields | lists)]


async def refused(status: int, message: str) -> SendFailure:
    with pytest.raises(SendFailure) as raised:
        await provider(Mailgun, always(answer(status, {"message": message}))).send(MAIL)
    return raised.value


@pytest.mark.parametrize("mail", [MAIL, replace(MAIL, reply_to=None, text="", headers={})])
async def test_a_mail_is_as_the_description_says(mail: OutgoingMail) -> None:
    assert errors_in(fields_of(await request_of(Mailgun, mail))) == []


async def test_the_description_would_catch_a_wrong_field() -> None:
    fields = fields_of(await request_of(Mailgun))
    assert errors_in(fields | {"reply-to": "a"})
    assert errors_in({name: value for name, value in fields.items() if name != "from"})


async def test_a_mail_arrives_with_everything_it_has() -> None:
    request = await request_of(Mailgun)
    assert (request.method, request.url) == ("POST", "https://api.mailgun.net/v3/mg.school.example/messages")
    assert b64decode(request.headers["Authorization"].removeprefix("Basic ")) == b"api:key-secret-of-mailgun"
    assert fields_of(request) == {
        "from": "=?utf-8?B?xbvDs8WCdGEgU3prb8WCYSDwn46T?= <office@school.example>",
        "to": "=?utf-8?B?QW3DqWxpZSBNw7xsbGVyLCAzLiBLbGFzc2U=?= <amelie@xn--mnchen-3ya.example>",
        "h:Reply-To": '"Dr. \\"Bo\\" O\'Neil" <teacher@school.example>',
        "subject": MAIL.subject,
        "html": MAIL.html,
        "text": MAIL.text,
        "h:Message-Id": MAIL.message_id,
        "v:offload_key": KEY,
        "v:offload_reference": MAIL.reference,
        "h:X-Entity-Ref-ID": KEY,
        "h:X-Offload-Job": JOB,
        "h:X-Course": "=?utf-8?B?RnJhbsOnYWlz?=",
    }


async def test_a_file_is_a_file_of_the_form_with_a_name_byte_for_byte() -> None:
    request = await request_of(Mailgun, ATTACHED)
    *fields, file = parts_of(request)
    assert file.get_param("name", header="content-disposition") == "attachment"
    assert FORM_PROPERTIES["attachment"]["items"] == {"type": "string", "format": "binary"}
    assert (file.get_filename(), file.get_content_type()) == (FILE.name, "application/pdf")
    boundary = request.headers["Content-Type"].partition("boundary=")[2]
    assert request.body.endswith(b"\r\n\r\n" + FILE.data + f"\r\n--{boundary}--\r\n".encode())
    assert [content_of(part) for part in fields] == [content_of(part) for part in parts_of(await request_of(Mailgun))]


async def test_the_eu_is_another_endpoint() -> None:
    request = await request_of(Mailgun, MAILGUN_ENDPOINT="https://api.eu.mailgun.net/")
    assert request.url == "https://api.eu.mailgun.net/v3/mg.school.example/messages"


async def test_a_text_that_looks_like_a_form_stays_a_text() -> None:
    text = '--boundary\r\nContent-Disposition: form-data; name="bcc"\r\n\r\nall@school.example\r\n--boundary--'
    fields = fields_of(await request_of(Mailgun, replace(MAIL, text=text)))
    assert fields["text"] == text
    assert "bcc" not in fields


async def test_the_message_id_is_kept() -> None:
    accepted = answer(200, {"id": "<20261124.1@mg.school.example>", "message": "Queued. Thank you."})
    assert await provider(Mailgun, always(accepted)).send(MAIL) == "<20261124.1@mg.school.example>"


LIMIT = "Domain mg.school.example is not allowed to send: account-requests-per-sec limit exceeded"
SANDBOX = "Domain sandbox1.mailgun.org is not allowed to send: Sandbox subdomains are for test purposes only."


@pytest.mark.parametrize(
    ("status", "message", "kind", "code"),
    [
        (400, "to parameter is not a valid address. please check documentation", Rejected, "invalid_recipient"),
        (400, "'to' parameter is not a valid address", Rejected, "invalid_recipient"),
        (400, "from parameter is missing", CredentialsRejected, "sender_not_accepted"),
        (400, "Send options (parameters starting with o:, h:, or v:) are limited to 16KB total", Rejected, "rejected"),
        (400, "Sandbox subdomains are for test purposes only. Please add", CredentialsRejected, "domain_not_allowed"),
        (403, SANDBOX, CredentialsRejected, "domain_not_allowed"),
        (401, "Forbidden", CredentialsRejected, "unauthorized"),
        (402, "Payment required", CredentialsRejected, "payment_required"),
        (404, "Domain not found: mg.school.example", CredentialsRejected, "not_found"),
        (420, "slow down", Throttled, "rate_limited"),
        (429, LIMIT, Throttled, "rate_limited"),
        (500, "Internal Server Error", ProviderBroken, "server_error"),
        (500, LIMIT, ProviderBroken, "server_error"),
    ],
)
async def test_a_refusal_means_what_is_documented(
    status: int, message: str, kind: type[SendFailure], code: str
) -> None:
    failure = await refused(status, message)
    assert (type(failure), failure.code, failure.detail) == (kind, code, message)


@pytest.mark.parametrize(("wait", "seconds"), [("120 seconds", 120.0), ("2 minutes", 120.0), ("1 hour", 3600.0)])
async def test_a_throttle_says_in_words_how_long_to_wait(wait: str, seconds: float) -> None:
    failure = await refused(429, f"{LIMIT}, try again after {wait}")
    assert isinstance(failure, Throttled)
    assert failure.retry_after == seconds


async def test_a_greeting_from_a_wrong_address_is_not_taken_for_an_accepted_mail() -> None:
    greeting = answer(200, b"Mailgun Magnificent API")
    for attempt in (provider(Mailgun, always(greeting)).send(MAIL), provider(Mailgun, always(greeting)).check()):
        with pytest.raises(CredentialsRejected) as raised:
            await attempt
        assert raised.value.code == "wrong_endpoint"


async def test_a_key_that_may_send_passes_the_check_by_a_test_mail_that_lacks_its_sender() -> None:
    fetch = always(answer(400, {"message": "from parameter is missing"}))
    await provider(Mailgun, fetch).check()
    assert fields_of(fetch.requests[0]) == {"o:testmode": "yes"}


@pytest.mark.parametrize(
    "response",
    [answer(404, {"message": "Domain not found"}), answer(400, {"message": SANDBOX}), answer(401, "Forbidden")],
)
async def test_a_domain_that_may_not_send_is_told_before_anything_is_sent(response: HttpResponse) -> None:
    with pytest.raises(CredentialsRejected):
        await provider(Mailgun, always(response)).check()


def test_what_the_description_promises_is_still_what_we_rely_on() -> None:
    responses: dict[str, Any] = DESCRIPTION["paths"]["/v3/{domain_name}/messages"]["post"]["responses"]
    words = json.dumps(responses["429"])
    assert "limit exceeded, try again after 120 seconds" in words
