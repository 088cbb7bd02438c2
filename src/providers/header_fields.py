"""An address as a header says it, for providers that take `Name <address>` as one string.

The promise: pure ASCII, and any mail program shows the name exactly as it was given (RFC 5322, RFC 2047).
"""

import re
from base64 import b64encode

from mail.message import Address

_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~ -]+")
_BYTES_A_WORD = 45  # an encoded word has 75 characters at most: 12 of frame, 60 of base64


def mailbox(address: Address) -> str:
    """`Name <address>`, the name quoted or encoded where it has to be."""
    name = address.name
    if not name:
        return address.email
    if name.isascii() and name.isprintable() and "=?" not in name:
        if not _ATOMS.fullmatch(name):
            name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    else:
        name = encoded_words(name)
    return f"{name} <{address.email}>"


def encoded_words(text: str) -> str:
    """`text` as RFC 2047 encoded words, never splitting a character."""
    chunks, chunk = [], b""
    for character in text:
        octets = character.encode(errors="replace")
        if len(chunk) + len(octets) > _BYTES_A_WORD:
            chunks.append(chunk)
            chunk = b""
        chunk += octets
    chunks.append(chunk)
    return " ".join(f"=?utf-8?B?{b64encode(chunk).decode()}?=" for chunk in chunks)


def header_value(value: str) -> str:
    """The value of an extra header: as it is, or encoded where it is not ASCII."""
    return value if value.isascii() else encoded_words(value)
