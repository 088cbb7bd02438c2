"""The mails that the sandbox kept, read as a mail reader reads them."""

import email
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.utils import parseaddr
from pathlib import Path
from typing import NamedTuple

_HEADERS = 8_000  # bytes; ours are shorter


class Mail(NamedTuple):
    file: Path
    key: str
    name: str
    address: str
    subject: str
    text: str
    html: str


def read_all(state: Path) -> Iterator[Mail]:
    """Those in the bucket of a local runtime: Miniflare keeps each object as a file."""
    for file in (state / "v3/r2/cloud-offload-files/blobs").iterdir():
        with file.open("rb") as opened:
            is_mail = b"X-Entity-Ref-ID" in opened.read(_HEADERS)  # fonts and certificates are there too
        if is_mail:
            yield _read(file)


def _read(file: Path) -> Mail:
    # not through email.policy.default: it puts a space where a long name goes on in the next encoded word
    mail = email.message_from_bytes(file.read_bytes())
    name, address = parseaddr(mail["To"])
    parts = {part.get_content_subtype(): part.get_payload(decode=True) for part in mail.walk()}
    text, html = (bytes(parts[kind]).decode() for kind in ("plain", "html"))
    return Mail(file, mail["X-Entity-Ref-ID"], _decoded(name), address, _decoded(mail["Subject"]), text, html)


def _decoded(value: str) -> str:
    return str(make_header(decode_header(value)))
