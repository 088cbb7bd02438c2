"""Names in addresses come back from a mail program as they were."""

from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.message import Address
from providers.header_fields import encoded_words, header_value, mailbox

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=120).map(str.strip)


def read(written: str) -> tuple[str, str]:
    name, email = parseaddr(written)
    return str(make_header(decode_header(name))), email


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("", "a@b.example"),
        ("Ann Lee", "Ann Lee <a@b.example>"),
        ("Dr. Lee, Ann", '"Dr. Lee, Ann" <a@b.example>'),
        ('Ann "A\\B" Lee', '"Ann \\"A\\\\B\\" Lee" <a@b.example>'),
        ("José", "=?utf-8?B?Sm9zw6k=?= <a@b.example>"),
        ("=?x?", "=?utf-8?B?PT94Pw==?= <a@b.example>"),
    ],
)
def test_a_name_is_written_plain_quoted_or_encoded_as_it_needs(name: str, written: str) -> None:
    assert mailbox(Address("a@b.example", name)) == written


@given(NAMES)
def test_any_name_comes_back_as_it_was(name: str) -> None:
    written = mailbox(Address("a@b.example", name))
    assert written.isascii()
    assert read(written) == (name, "a@b.example")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
def test_encoded_words_are_short_and_never_split_a_character(text: str) -> None:
    written = encoded_words(text)
    assert all(len(word) <= 75 for word in written.split(" "))
    assert str(make_header(decode_header(written))) == text


def test_only_a_header_that_needs_it_is_encoded() -> None:
    assert header_value("<https://school.example/u>") == "<https://school.example/u>"
    assert header_value("Français") == "=?utf-8?B?RnJhbsOnYWlz?="
