"""Mailboxes: what a person or a site typed, made ready for the wire, or refused with the reason.

The promise: an `Address` from here is one mailbox that every provider takes, whatever was typed: no header, second
recipient or comment can hide in it, a domain in any script is in its ASCII form, a name in any script is untouched.
The reason never repeats the address: it is kept with results and shown to people.
"""

import re
from functools import lru_cache

from core.errors import InvalidAddress
from core.folding import folded
from mail.message import Address

# RFC 5321, 4.5.3.1; a path of 256 octets with its angle brackets leaves 254
_MAX_EMAIL, _MAX_LOCAL = 254, 64
_MAX_NAME = 256

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"({_LABEL}\.)+(?!\d+\Z){_LABEL}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def parse(email: str, name: str = "") -> Address:
    """Raises `InvalidAddress`."""
    local, at, domain = email.strip(" ").rpartition("@")
    if not at:
        raise InvalidAddress("email: has no '@'")
    if _CONTROL.search(email):
        raise InvalidAddress("email: contains a line break or control character")
    if local.startswith('"'):
        raise InvalidAddress("email: a quoted part before the '@' is not supported")
    if not local.isascii():
        raise InvalidAddress("email: the part before the '@' has letters outside ASCII, which no provider's API takes")
    if not _LOCAL.fullmatch(local):
        raise InvalidAddress("email: the part before the '@' is not valid")
    if len(local) > _MAX_LOCAL:
        raise InvalidAddress(f"email: the part before the '@' is longer than {_MAX_LOCAL} characters")
    address = f"{local}@{_ascii_domain(domain)}"
    if len(address) > _MAX_EMAIL:
        raise InvalidAddress(f"email: is longer than {_MAX_EMAIL} characters")
    return Address(address, _display_name(name))


def key(email: str) -> str:
    """The form in which addresses are compared and suppressions are kept. Raises `InvalidAddress`."""
    return folded(parse(email).email)


def _ascii_domain(domain: str) -> str:
    if not domain.isascii() and len(domain) <= _MAX_EMAIL:
        domain = _converted(domain)
    domain = folded(domain)
    if not _DOMAIN.fullmatch(domain):
        raise InvalidAddress("email: the domain is not valid")
    return domain


@lru_cache(1_000)
def _converted(domain: str) -> str:
    import idna  # its tables are large, and most domains need none of them

    try:
        return idna.encode(domain, uts46=True).decode()
    except UnicodeError:
        raise InvalidAddress("email: the domain is not a valid international domain name") from None


def _display_name(name: str) -> str:
    one_line = " ".join(_CONTROL.sub(" ", name).split())
    if len(one_line) > _MAX_NAME:
        raise InvalidAddress(f"name: is longer than {_MAX_NAME} characters")
    return one_line.encode("utf-8", "replace").decode()
