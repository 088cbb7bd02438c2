"""Who may send as whom.

The promise: whatever names a sender (a message, a preview, a company's settings, a draft that starts) is held to this
one rule. A site sends as its own sender and as what the operator listed for it; a company's token as the company's own
sender or the site's own, and as these only while the site may. Addresses and domains are compared in the form that goes
over the wire.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from core.errors import InvalidAddress, SenderRefused
from mail import address

_BELOW = "*."  # before a domain: all that are below it, and not the domain itself


def check(email: str, site: Mapping[str, Any], company: Mapping[str, Any] | None = None) -> None:
    """Raises `SenderRefused`. `site` and `company` are their rows; a company where it speaks for itself."""
    sender, of_site = address.key(email), _own(site)
    if company is not None and sender not in (of_site, _own(company)):
        raise SenderRefused(
            "is neither the company's own sender nor the site's: leave `from` out, or ask the site to make it the "
            "company's sender"
        )
    if sender != of_site and not _is_listed(sender, site["senders"].split()):
        raise SenderRefused("is not one of the site's: ask the operator to add it, or its domain, to `senders`")


def listed(entries: Iterable[str]) -> str:
    """Addresses and domains as a site's row has them."""
    return " ".join(dict.fromkeys(normal(entry) for entry in entries))


def normal(entry: str) -> str:
    """An address, a domain, or a domain with `*.` before it. Raises `InvalidAddress`."""
    below = _BELOW if entry.startswith(_BELOW) else ""
    rest = entry.removeprefix(below)
    if "*" in rest or (below and "@" in rest):  # in an address it would be a letter, and be taken for more
        raise InvalidAddress("email: a '*' stands before a domain only")
    return address.key(rest) if "@" in rest else below + address.key(f"any@{rest}").removeprefix("any@")


def _is_listed(sender: str, entries: Iterable[str]) -> bool:
    domain = sender.rpartition("@")[2]
    for entry in map(_kept, entries):
        if entry in (sender, domain) or (entry.startswith(_BELOW) and domain.endswith(entry.removeprefix("*"))):
            return True
    return False


def _own(row: Mapping[str, Any]) -> str:
    return _kept(row["sender_email"]) if row["sender_email"] else ""


def _kept(entry: str) -> str:
    """From a row that may have been written before there was a form to write it in; nobody's where it is none."""
    try:
        return normal(entry)
    except InvalidAddress:
        return ""
