"""Who may send as whom, the rule itself: addresses, domains, and domains below one, however they are written."""

from typing import Any

import pytest

from core.errors import InvalidAddress, SenderRefused
from mail import senders


def site(listed: str = "", own: str | None = None) -> dict[str, Any]:
    return {"sender_email": own, "senders": listed}


def may(email: str, *rows: dict[str, Any]) -> bool:
    try:
        senders.check(email, *rows)
    except SenderRefused:
        return False
    return True


@pytest.mark.parametrize(
    ("listed", "sender", "allowed"),
    [
        ("", "a@school.example", False),
        ("a@school.example", "a@school.example", True),
        ("a@school.example", "A@School.Example", True),
        ("a@school.example", "b@school.example", False),
        ("a@school.example", "a@sub.school.example", False),
        ("school.example", "anybody@school.example", True),
        ("school.example", "a@SCHOOL.example", True),
        ("school.example", "a@sub.school.example", False),
        ("school.example", "a@myschool.example", False),
        ("school.example", "a@school.example.evil.example", False),
        ("school.example", "school.example@evil.example", False),
        ("*.school.example", "a@sub.school.example", True),
        ("*.school.example", "a@very.sub.school.example", True),
        ("*.school.example", "a@school.example", False),
        ("*.school.example", "a@myschool.example", False),
        ("other.example school.example", "a@school.example", True),
        ("xn--schle-mva.example", "a@schüle.example", True),
        ("Schüle.example", "a@xn--schle-mva.example", True),  # as the migration may have found it
        ("*.schüle.example", "a@mail.SCHÜLE.example", True),
        ("nothing@@at-all school.example", "a@school.example", True),
        ("nothing@@at-all", "a@school.example", False),
    ],
)
def test_a_site_sends_as_what_is_listed(listed: str, sender: str, allowed: bool) -> None:
    assert may(sender, site(listed)) is allowed


@pytest.mark.parametrize(
    ("company", "sender", "allowed"),
    [
        ("acme@school.example", "acme@school.example", True),
        ("acme@school.example", "ACME@School.example", True),
        ("acme@school.example", "office@school.example", True),  # the site's own
        ("acme@school.example", "beta@school.example", False),
        ("acme@acme.example", "acme@acme.example", False),  # the site may not any more
        (None, "office@school.example", True),
        (None, "acme@school.example", False),
    ],
)
def test_a_company_sends_as_itself_or_its_site_and_no_more_than_the_site(
    company: str | None, sender: str, allowed: bool
) -> None:
    of_site = site("school.example", own="office@school.example")
    assert may(sender, of_site, {"sender_email": company}) is allowed


def test_who_has_no_sender_is_not_the_other_who_has_none() -> None:
    assert not may("a@school.example", site(""), {"sender_email": None})
    assert not may("a@school.example", site("", own="nobody"), {"sender_email": "nobody"})


@pytest.mark.parametrize(
    ("entry", "normal"),
    [
        ("Office@School.Example", "office@school.example"),
        ("SCHOOL.example", "school.example"),
        ("*.Schüle.example", "*.xn--schle-mva.example"),
    ],
)
def test_what_is_listed_has_one_form(entry: str, normal: str) -> None:
    assert senders.normal(entry) == normal
    assert senders.listed([entry, normal]) == normal


@pytest.mark.parametrize(
    "entry",
    [
        *(
            "",
            "*",
            "*.",
            "*.com",
            "example",
            "@school.example",
            "*@school.example",
            "a b.example",
            "*.*.school.example",
        ),
        *("sch*.example", "a@b@c.example", "school.example.", ".school.example", "*.a@b.example", "a@*.b.example"),
    ],
)
def test_what_is_neither_is_refused(entry: str) -> None:
    with pytest.raises(InvalidAddress):
        senders.normal(entry)
