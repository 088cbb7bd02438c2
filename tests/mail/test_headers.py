"""Extra headers: nothing that ends a header, starts one, or replaces what is not the job's to set."""

import pytest

from core.errors import TemplateRefused
from mail.headers import check


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
