"""What was typed becomes one mailbox for the wire, or is refused without being repeated."""

import re
from email import message_from_string, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidAddress
from mail.address import key, parse
from mail.message import Address


@pytest.mark.parametrize(
    ("email", "wire"),
    [
        ("bob@example.org", "bob@example.org"),
        (" bob@example.org ", "bob@example.org"),
        ("Bob.O'Brien+moodle@Example.ORG", "Bob.O'Brien+moodle@example.org"),
        ("a!#$%&'*+/=?^_`{|}~-b@x-y.example.museum", "a!#$%&'*+/=?^_`{|}~-b@x-y.example.museum"),
        ("info@münchen.de", "info@xn--mnchen-3ya.de"),
        ("info@MÜNCHEN.de", "info@xn--mnchen-3ya.de"),
        ("info@mu\u0308nchen.de", "info@xn--mnchen-3ya.de"),
        ("info@xn--mnchen-3ya.de", "info@xn--mnchen-3ya.de"),
        ("a@straße.de", "a@xn--strae-oqa.de"),
        ("a@例え.テスト", "a@xn--r8jz45g.xn--zckzah"),
        ("a@例え。テスト", "a@xn--r8jz45g.xn--zckzah"),
        ("a@موقع.وزارة-الاتصالات.مصر", "a@xn--4gbrim.xn----ymcbaaajlc6dj7bxne2c.xn--wgbh1c"),
        ("a@प्रशिक्षण.भारत", "a@xn--11b2aty4ah8c8fe.xn--h2brj9c"),
        ("x" * 64 + "@example.org", "x" * 64 + "@example.org"),
        ("a@1und1.de", "a@1und1.de"),
    ],
)
def test_an_address_becomes_what_goes_on_the_wire(email: str, wire: str) -> None:
    assert parse(email).email == wire


@pytest.mark.parametrize(
    ("email", "reason"),
    [
        ("", "no '@'"),
        ("bob", "no '@'"),
        ("bob@example.org\r\nBcc: eve@example.org", "line break"),
        ("bob@example.org\n", "line break"),
        ("bob\0@example.org", "control character"),
        ("bob@exam\x7fple.org", "control character"),
        ("bob@example.org\u2028", "line break"),
        ('"bob"@example.org', "quoted"),
        ("jörg@example.org", "outside ASCII"),
        ("@example.org", "before the '@'"),
        (".bob@example.org", "before the '@'"),
        ("bob.@example.org", "before the '@'"),
        ("bob..b@example.org", "before the '@'"),
        ("bob smith@example.org", "before the '@'"),
        ("bob@a@example.org", "before the '@'"),
        ("<bob@example.org>", "before the '@'"),
        ("Bob <bob@example.org>", "before the '@'"),
        ("bob,eve@example.org", "before the '@'"),
        ("eve@example.org,bob@example.org", "before the '@'"),
        ("x" * 65 + "@example.org", "longer than 64"),
        ("bob@", "domain"),
        ("bob@localhost", "domain"),
        ("bob@example", "domain"),
        ("bob@.example.org", "domain"),
        ("bob@example.org.", "domain"),
        ("bob@example..org", "domain"),
        ("bob@-example.org", "domain"),
        ("bob@example-.org", "domain"),
        ("bob@exa_mple.org", "domain"),
        ("bob@exa mple.org", "domain"),
        ("bob@[127.0.0.1]", "domain"),
        ("bob@127.0.0.1", "domain"),
        ("bob@example.org (Bob)", "domain"),
        ("bob@example.org>", "domain"),
        ("bob@" + "x" * 64 + ".org", "domain"),
        ("bob@" + "ü" * 64 + ".org", "domain"),
        ("bob@ü☃\u200f.org", "domain"),
        ("bob@xn--ü.org", "domain"),
        ("bob.bob@" + ("x" * 60 + ".") * 4 + "org", "longer than 254"),
        ("bob@" + "ü." * 100_000 + "org", "domain"),
        ("bob@" + "x." * 100_000 + "org", "longer than 254"),
    ],
)
def test_what_is_no_address_is_refused_with_a_reason_that_does_not_repeat_it(email: str, reason: str) -> None:
    with pytest.raises(InvalidAddress, match=reason) as caught:
        parse(email)
    assert "bob" not in caught.value.detail
    assert caught.value.code == "invalid_address"


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Müller, Jörg", "Müller, Jörg"),
        ('Bob "Bobby" O\'Brien \\ 🎓', 'Bob "Bobby" O\'Brien \\ 🎓'),
        ("محمد عبد الله", "محمد عبد الله"),
        ("دانیال می\u200cخواهد", "دانیال می\u200cخواهد"),  # noqa: RUF001
        ("  Bob \t Smith\u00a0 ", "Bob Smith"),
        ("Bob\r\nBcc: eve@example.org", "Bob Bcc: eve@example.org"),
        ("Bob\0\x1b\x7f\x85\u2028\u2029Smith", "Bob Smith"),
        ("👩\u200d🎓", "👩\u200d🎓"),
        ("\ud83d", "?"),
        ("", ""),
    ],
)
def test_a_name_is_kept_in_every_script_on_one_line(typed: str, name: str) -> None:
    assert parse("bob@example.org", typed) == Address("bob@example.org", name)


def test_a_name_beyond_any_header_is_refused() -> None:
    assert parse("bob@example.org", "ü" * 256).name == "ü" * 256
    with pytest.raises(InvalidAddress, match="name: is longer than 256"):
        parse("bob@example.org", "ü" * 257)


def test_a_key_is_the_same_however_the_address_was_typed() -> None:
    assert key(" Info@MÜNCHEN.de ") == key("info@xn--mnchen-3ya.DE") == "info@xn--mnchen-3ya.de"


@given(st.text(max_size=30) | st.from_regex(r"[\w.+\"<>,@:;\\\s-]{0,12}@[\w.-]{0,20}"), st.text())
def test_whatever_was_typed_is_one_mailbox_or_refused(email: str, name: str) -> None:
    try:
        address = parse(email, name)
    except InvalidAddress:
        return
    assert address.email.isascii()
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", address.email + address.name)
    [mailbox] = message_from_string(f"To: {address.email}\n\n", policy=policy.default)["To"].addresses
    assert mailbox.addr_spec == address.email
    assert parse(address.email, address.name) == address
    assert key(address.email.upper()) == key(email)
