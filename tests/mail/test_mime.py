"""A mail is an RFC 5322 message that the standard library's parsers read back as it was meant."""

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mail.message import Address, Attachment, OutgoingMail
from mail.mime import to_bytes

KEY = "ab" * 32
FILE = Attachment("certificate-7K2M.pdf", "application/pdf", bytes(range(256)) * 9)
DATE = 1_795_532_400_000  # 2026-11-24T15:00:00Z


def mail(
    name: str = "Bob", subject: str = "Hi", text: str = "text", html: str = "<p>x</p>", **headers: str
) -> OutgoingMail:
    sender, to = Address("no-reply@example.org", name), Address("bob@xn--mnchen-3ya.de", name)
    return OutgoingMail(KEY, f"<{KEY[:32]}@example.org>", sender, to, subject, html, text, sender, headers)


def header(data: bytes, name: str) -> str:
    """Decoded as RFC 2047 says (the newer parser of Python 3.11 puts spaces between the words of a name)."""
    return str(make_header(decode_header(message_from_bytes(data)[name])))


def person(data: bytes, name: str) -> tuple[str, str]:
    shown, email = parseaddr(message_from_bytes(data)[name].replace("\r\n", ""))
    return str(make_header(decode_header(shown))), email


def parsed(data: bytes) -> EmailMessage:
    return message_from_bytes(data, policy=policy.default)


def body(data: bytes, subtype: str) -> str:
    part = parsed(data).get_body((subtype,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n").removesuffix("\n")


NAMES = [
    "Bob",
    "Bob Smith",
    "Müller, Jörg",
    'Smith, Bob "Bobby" \\ (x) <a@b.org>; y@z.org',
    "O'Brien & Söhne",
    "محمد عبد الله، أحمد",
    "प्रशिक्षण केंद्र",
    "王小明 🎓👩\u200d🎓",
    "Smith, Bob " * 20,
    "Łukasz Żółć, " * 19,
    "=?utf-8?q?evil?=",
    "a =?x?= b",
    "x@y.org",
    ".",
    "",
]
SUBJECTS = [
    "Willkommen",
    "Grüße 🎉 an alle",
    "مرحبا بكم في الدورة التدريبية " * 10,
    "ข้อความภาษาไทยที่ยาวมากไม่มีช่องว่าง" * 5,
    "x" * 998,
    "two  spaces é  kept",
    "=?utf-8?q?not_encoded?=",
    '50% off: [a] <b> "c", d;',
]


@pytest.mark.parametrize("name", [name.strip() for name in NAMES])
def test_a_name_arrives_right_and_as_one_mailbox(name: str) -> None:
    data = to_bytes(mail(name), DATE)
    assert person(data, "From") == person(data, "Reply-To") == (name, "no-reply@example.org")
    assert person(data, "To") == (name, "bob@xn--mnchen-3ya.de")
    for field in ("From", "To", "Reply-To"):
        assert len(parsed(data)[field].addresses) == 1


@pytest.mark.parametrize("subject", [subject.strip() for subject in SUBJECTS])
def test_a_subject_arrives_right_and_folded(subject: str) -> None:
    data = to_bytes(mail(subject=subject), DATE)
    assert header(data, "Subject") == parsed(data)["Subject"] == subject
    head, _, _ = data.partition(b"\r\n\r\n")
    assert all(len(line) <= 78 for line in head.split(b"\r\n"))
    assert all(len(word) <= 75 for word in re.findall(rb"=\?\S+\?=", head))


def test_both_parts_arrive_right() -> None:
    html = "<p>Grüße = 100 % 🎓</p>\r\n" + "<td>x</td>" * 400 + "\n.\n\nFrom here\n--=_" + KEY[:24] + "--\n"
    text = "Zeile 1\n\n  Zeile 2 \t\r\r\u4f60\u597d 🎉\n"
    data = to_bytes(mail(text=text, html=html), DATE)
    assert [part.get_content_type() for part in parsed(data).iter_parts()] == ["text/plain", "text/html"]
    assert body(data, "plain") == re.sub("\r", "\n", text).removesuffix("\n")
    assert body(data, "html") == html.replace("\r\n", "\n").removesuffix("\n")
    assert b"=0A" not in data


def test_the_other_headers_are_all_there() -> None:
    link = "<https://example.org/u/" + "t" * 300 + ">"
    extra = {"X-Entity-Ref-ID": KEY, "List-Unsubscribe": link, "X-Course": "Mathématiques"}
    data = to_bytes(mail(**extra), DATE)
    message = parsed(data)
    assert message["Message-ID"] == f"<{KEY[:32]}@example.org>"
    assert message["Date"].datetime.timestamp() * 1000 == DATE
    assert message["MIME-Version"] == "1.0"
    assert message["X-Entity-Ref-ID"] == KEY
    assert f"List-Unsubscribe: {link}\r\n".encode() in data
    assert header(data, "X-Course") == "Mathématiques"


def test_without_a_reply_address_there_is_no_such_header() -> None:
    data = to_bytes(OutgoingMail(KEY, "<x@y.org>", Address("a@b.org"), Address("c@d.org"), "s", "h", "t"), DATE)
    assert parsed(data)["Reply-To"] is None
    assert parsed(data)["From"] == "a@b.org"


def test_the_same_mail_gives_the_same_bytes() -> None:
    assert to_bytes(mail(), DATE) == to_bytes(mail(), DATE)


def test_no_line_is_longer_than_a_server_takes() -> None:
    data = to_bytes(mail(text="x" * 5_000, html="ü" * 5_000), DATE)
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert b"\n" not in data.replace(b"\r\n", b"")


def test_a_file_is_attached_beside_the_text_and_the_html() -> None:
    data = to_bytes(replace(mail(text="Grüße", html="<p>Grüße</p>"), attachments=(FILE, FILE)), DATE)
    words, first, second = parsed(data).iter_parts()
    assert [part.get_content_type() for part in words.iter_parts()] == ["text/plain", "text/html"]
    assert (body(data, "plain"), body(data, "html")) == ("Grüße", "<p>Grüße</p>")
    for part in (first, second):
        assert (part.get_content_type(), part.get_filename()) == ("application/pdf", "certificate-7K2M.pdf")
        assert part.is_attachment()
        assert part.get_content() == FILE.data
    assert max(map(len, data.split(b"\r\n"))) <= 78
    assert not any(part.defects for part in parsed(data).walk())


_ONE_LINE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=200).map(
    lambda text: " ".join(text.split())
)
_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(_ONE_LINE, _ONE_LINE.filter(bool), _TEXT)
@example('a"b\\', "\\", "=")
def test_anything_arrives_right_and_adds_no_header(name: str, subject: str, text: str) -> None:
    data = to_bytes(mail(name, subject, text), DATE)
    assert person(data, "To") == (name, "bob@xn--mnchen-3ya.de")
    assert header(data, "Subject") == subject
    assert body(data, "plain") == re.sub("\r\n|\r", "\n", text).removesuffix("\n")
    fields = ["From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"]
    assert parsed(data).keys() == fields
    assert len(parsed(data)["To"].addresses) == 1


@given(_TEXT, st.binary(max_size=20_000))
@example("ü" * 20_000, b"")
@example("=" * 20_000, b"\0" * 20_000)
@example("\n" * 20_000, b"")
@example("", b"\0" * 1_000_000)
def test_a_mail_is_never_larger_than_it_says(text: str, content: bytes) -> None:
    whole = replace(
        mail("ü" * 200, text=text, html=text), attachments=(Attachment("a.pdf", "application/pdf", content),)
    )
    assert len(to_bytes(whole, DATE)) <= whole.most_bytes
