"""Extra headers: nothing that ends a header, starts one, or replaces what is not the job's to set."""

import pytest

from core.errors import TemplateRefused
from mail.compose import MailJob
from mail.headers import NAMED, check


def test_ordinary_headers_are_taken() -> None:
    check(
        {
            "X-Course": "Mathématiques 🎓",
            "List-Unsubscribe": "<https://a.org/u?t=" + "x" * 500 + ">",
            "Precedence": "bulk",
        }
    )
    check({})


@pytest.mark.parametrize("name", ["", "X Course", "X-Course:", "X-Course\r\nBcc", "X-Cöurse", "-X", "X_Y", "x" * 127])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(TemplateRefused, match="name is made of") as caught:
        check({name: "x"})
    assert caught.value.field.startswith("headers.")


@pytest.mark.parametrize(
    "value", ["", " ", "x\r\nBcc: eve@example.org", "x\ny", "x\ry", "x\0", "x\x85y", "x\u2028y", "\ud800"]
)
def test_a_value_that_is_not_one_line_is_refused(value: str) -> None:
    with pytest.raises(TemplateRefused, match="one line of text") as caught:
        check({"X-Course": value})
    assert caught.value.field == "headers.X-Course"


@pytest.mark.parametrize(
    "name",
    [
        *("From", "To", "Cc", "Bcc", "Subject", "Reply-To", "Sender", "Date", "Message-ID", "Return-Path", "Received"),
        *("MIME-Version", "Content-Type", "Content-Anything", "DKIM-Signature", "Resent-To", "X-Entity-Ref-ID"),
        *("X-Offload-Job", "X-Offload-Other", "X-Mailgun-Tag", "X-SMTPAPI", "X-SES-Configuration-Set"),
    ],
)
@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
def test_what_is_set_elsewhere_is_refused(name: str, spell: type[str]) -> None:
    with pytest.raises(TemplateRefused, match="cannot be set by a job"):
        check({spell(name): "x"})


def test_a_header_given_twice_in_different_case_is_refused() -> None:
    with pytest.raises(TemplateRefused, match="given twice"):
        check({"X-Course": "a", "x-course": "b"})


@pytest.mark.parametrize("value", ["x" * 871, "ü" * 218])
def test_a_value_longer_than_every_provider_takes_is_refused(value: str) -> None:
    check({"X-Course": value[:-1]})
    with pytest.raises(TemplateRefused, match="longer than 870"):
        check({"X-Course": value})


def test_more_headers_than_every_provider_takes_are_refused() -> None:
    check({f"X-{n}": "x" for n in range(13)})
    with pytest.raises(TemplateRefused, match="at most 13"):
        check({f"X-{n}": "x" for n in range(14)})


STEERING = [
    # SendGrid
    *("X-SMTPAPI", "X-SG-EID", "X-SG-ID", "X-SendGrid-Tags", "X-Twilio-Email-Event-Webhook-Signature"),
    # Mailgun
    *(
        "X-Mailgun-Tag",
        "X-Mailgun-Variables",
        "X-Mailgun-Drop-Message",
        "X-Mailgun-Sid",
        "X-Mailgun-Dkim",
        "X-My-Variables",
    ),
    # Amazon SES
    *("X-SES-CONFIGURATION-SET", "X-SES-MESSAGE-TAGS", "X-SES-SOURCE-ARN", "X-SES-FROM-ARN", "X-SES-RETURN-PATH-ARN"),
    *("X-SES-LIST-MANAGEMENT-OPTIONS", "X-SES-TENANT", "X-SES-Outgoing", "X-Amz-Security-Token", "X-AWS-Region"),
    *("X-Amazon-Mail-Relay-Type", "ses-feedback-id-a"),
    # Resend, Cloudflare
    *("Resend-Idempotency-Key", "Resend-Tags", "X-Resend-Tags", "Svix-Id", "CF-Access-Client-Id", "X-CF-Worker"),
    # providers that may stand behind an SMTP address of one of these
    *("X-MC-Tags", "X-MSYS-API", "X-PM-Tag", "X-PM-Message-Stream", "X-MJ-CustomID", "X-Mailjet-Campaign"),
    *("X-Mailin-Tag", "X-SIB-ID", "X-Mandrill-User", "X-Elastic-Pool"),
]
REFUSED = [
    # the envelope and who speaks
    *("Apparently-To", "Envelope-To", "Original-Recipient", "X-Envelope-From", "X-Original-To", "X-Sender", "X-From"),
    *("Mail-Followup-To", "Mail-Reply-To", "Followup-To", "Return-Receipt-To", "Disposition-Notification-To"),
    *("X-Confirm-Reading-To", "Sender", "Errors-To", "Bounces-To", "Resent-From", "On-Behalf-Of"),
    # what servers and filters write
    *("Received-SPF", "Authentication-Results", "X-Spam-Status", "X-Virus-Scanned", "ARC-Seal", "DKIM-Signature"),
    *("X-MS-Exchange-Organization-SCL", "X-Forefront-Antispam-Report", "X-Google-DKIM-Signature", "X-Received"),
    # what tells reputation whose mail it is
    *("Feedback-ID", "X-Feedback-Id", "CFBL-Address", "CFBL-Feedback-ID", "X-CSA-Complaints"),
    # the rest
    *("TLS-Required", "Content-Language", "MIME-Version", "Thread-Index", "Require-Recipient-Valid-Since", "Anything"),
    *("Status", "Lines", "Bytes", "Xref", "Path", "Newsgroups", "Control", "Date", "Message-ID", "X", "Xx-Course"),
]


@pytest.mark.parametrize("name", STEERING)
@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
def test_no_name_by_which_a_provider_is_steered_is_taken(name: str, spell: type[str]) -> None:
    with pytest.raises(TemplateRefused, match="cannot be set by a job"):
        check({spell(name): "x"})


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_on_no_list_is_refused(name: str) -> None:
    with pytest.raises(TemplateRefused, match="cannot be set by a job"):
        check({name: "x"})


@pytest.mark.parametrize("name", [*NAMED, "X-Course", "X-Course-Id", "X-Moodle-Originating-Script", "X-Priority"])
@pytest.mark.parametrize("spell", [str, str.lower])
def test_what_is_on_the_list_is_taken(name: str, spell: type[str]) -> None:
    check({spell(name): "x"})


def test_a_job_that_was_taken_with_another_header_goes_on_without_it() -> None:
    message = {
        "subject": "x",
        "html": "x",
        "from": {"email": "a@school.example"},
        "headers": {"X-MC-Tags": "x", "Thread-Topic": "x", "X-Course": "4711"},
    }
    content = {"message": message}
    assert MailJob.accepted("site", "job", "1", content).headers == {"X-Course": "4711"}
    with pytest.raises(TemplateRefused):
        MailJob.load("site", "job", "1", content)
