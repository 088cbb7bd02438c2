"""A finished mail as an RFC 5322 message.

The promise: any mail reader shows exactly the names, subject and bodies of the `OutgoingMail`, in every script; no
line is longer than 998 bytes; the same mail and date give the same bytes. Attachments arrive byte for byte.

Header lines are put together here from the standard library's encoded words: its own folding of whole addresses
loses quotes and spaces (a long name with a comma becomes several recipients; seen on Python 3.11).
"""

import binascii
import re

from mail.message import Address, Attachment, OutgoingMail

_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+( [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_MAX_PLAIN = 60  # characters a value may have to fit on a line with its header's name
_MAX_LINE = 76  # RFC 2047: a line with encoded words, 75 for the word itself; RFC 2045: a line of base64


def to_bytes(mail: OutgoingMail, date_ms: int) -> bytes:
    """`date_ms` is the moment of sending, since 1970."""
    from email.utils import formatdate

    lines = [
        f"From: {_mailbox('From', mail.sender)}",
        f"To: {_mailbox('To', mail.to)}",
        *([f"Reply-To: {_mailbox('Reply-To', mail.reply_to)}"] if mail.reply_to else []),
        f"Subject: {_unstructured('Subject', mail.subject)}",
        f"Date: {formatdate(date_ms / 1000)}",
        f"Message-ID: {mail.message_id}",
        *(f"{name}: {_extra(name, value)}" for name, value in mail.headers.items()),
        "MIME-Version: 1.0",
        *_content(mail),
        "",
    ]
    return "\r\n".join(lines).encode("ascii")


def _content(mail: OutgoingMail) -> list[str]:
    """The text and the HTML; around them, where there are attachments, a multipart that holds those as well."""
    boundary = f"=_{mail.key[:24]}"  # "=_" and "=." cannot occur in quoted-printable or base64
    words = [
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "",
        *_part(boundary, "plain", mail.text),
        *_part(boundary, "html", mail.html),
        f"--{boundary}--",
    ]
    if not mail.attachments:
        return words
    outer = f"=.{mail.key[:24]}"
    files = [line for file in mail.attachments for line in _file(outer, file)]
    head = [f'Content-Type: multipart/mixed; boundary="{outer}"', "", f"--{outer}"]
    return [*head, *words, *files, f"--{outer}--"]


def _file(boundary: str, file: Attachment) -> list[str]:
    encoded = file.as_base64()
    return [
        f"--{boundary}",
        f'Content-Type: {file.content_type}; name="{file.name}"',
        "Content-Transfer-Encoding: base64",
        f'Content-Disposition: attachment; filename="{file.name}"',
        "",
        *(encoded[start : start + _MAX_LINE] for start in range(0, len(encoded), _MAX_LINE)),
    ]


def _part(boundary: str, subtype: str, content: str) -> list[str]:
    unix = content.replace("\r\n", "\n").replace("\r", "\n")
    body = binascii.b2a_qp(unix.encode(), istext=True).decode("ascii")
    return [
        f"--{boundary}",
        f"Content-Type: text/{subtype}; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        *body.split("\n"),
    ]


def _extra(header: str, value: str) -> str:
    """A structured one (List-Unsubscribe) must stay as it is, so only other scripts are encoded."""
    return value if value.isascii() else _unstructured(header, value)


def _unstructured(header: str, text: str) -> str:
    """As it is where it is short and plain, else as encoded words of at most 75 characters, a line each."""
    from email.header import Header

    if text.isascii() and len(text) <= _MAX_PLAIN and "=?" not in text:
        return text
    return Header(text, "utf-8", header_name=header, maxlinelen=_MAX_LINE).encode(linesep="\r\n")


def _mailbox(header: str, mailbox: Address) -> str:
    if not mailbox.name:
        return mailbox.email
    name = _unstructured(header, mailbox.name)
    if name == mailbox.name and not _ATOMS.fullmatch(name):
        name = '"' + name.replace("\\", r"\\").replace('"', r"\"") + '"'
    return f"{name}\r\n <{mailbox.email}>"
