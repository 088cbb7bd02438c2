"""Which URLs we send requests to on behalf of a site.

The promise: https only, and never an address inside somebody's network: loopback, private, link-local, metadata
services, names that only exist inside a network. Everything that two URL parsers may read differently (user names,
backslashes, octal addresses, …) is refused rather than interpreted, since the platform's fetch has a parser of its own.

What a public *name* resolves to cannot be seen here, and may change between a check and a request (DNS rebinding).
That is harmless where fetch leaves through a network without a route into anybody's private one, our own included, as
Workers' does. A host that runs this code elsewhere must deny private ranges in its network.
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network
from urllib.parse import SplitResult, urlsplit

from core.errors import ConfigurationError

LONGEST = 2048
# names that exist only within a network: RFC 6761, RFC 6762 (appendix G too), RFC 8375, and the reserved .internal
PRIVATE_SUFFIXES = ("localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "home.arpa")
# a metadata service on an address that is public by its range: Azure's
METADATA = frozenset({IPv4Address("168.63.129.16")})
GLOBAL_UNICAST = IPv6Network("2000::/3")

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# what the URL standard reads as an IPv4 address, whatever stands before it
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_FOREIGN = re.compile(r"[\x00-\x20\x7f\\]")


def check(url: str, local: bool) -> None:
    """Raises `ConfigurationError` naming the fault. `local`: http and this machine are allowed as well."""
    if not url:
        raise _refusal("is not set")
    if len(url) > LONGEST:
        raise _refusal(f"is longer than {LONGEST} characters")
    if _FOREIGN.search(url):
        raise _refusal("contains a space, control character or backslash")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refusal("is not a valid URL") from None
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise _refusal("must begin with https://")
    if "@" in parts.netloc:
        raise _refusal("must not contain a user name or password")
    # below 1024 live other protocols, which must not be talked to through us
    if port is not None and not local and port != 443 and port < 1024:
        raise _refusal("must use port 443, or one from 1024 on")
    _check_host(parts, local)


def _check_host(parts: SplitResult, local: bool) -> None:
    if "[" in parts.netloc:
        _check_ipv6(parts.hostname or "", local)
        return
    labels = _ascii(parts.hostname or "").removesuffix(".").split(".")
    if _NUMBER.fullmatch(labels[-1]):
        _check_ipv4(".".join(labels), local)
        return
    if not all(map(_LABEL.fullmatch, labels)):
        raise _refusal("has no valid host name")
    name = ".".join(labels)
    if local and (name == "localhost" or name.endswith(".localhost")):
        return
    if len(labels) == 1 or any(name == suffix or name.endswith(f".{suffix}") for suffix in PRIVATE_SUFFIXES):
        raise _refusal("names a host inside a private network")


def _ascii(host: str) -> str:
    """The host as the platform will look it up: full-width digits and the like become plain ones."""
    if host.isascii():
        return host
    import idna

    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        raise _refusal("has no valid host name") from None


def _check_ipv4(host: str, local: bool) -> None:
    try:
        address = IPv4Address(host)
    except AddressValueError:
        raise _refusal("must write an IPv4 address as four decimal numbers") from None
    if local and address.is_loopback:
        return
    if not address.is_global or address.is_multicast or address in METADATA:
        raise _refusal("is a private address")


def _check_ipv6(host: str, local: bool) -> None:
    try:
        address = IPv6Address(host)
    except AddressValueError:
        raise _refusal("has no valid IPv6 address") from None
    if local and address.is_loopback:
        return
    # outside 2000::/3 lie all addresses that carry an IPv4 one, but for the two tunnels
    tunnel = address.sixtofour is not None or address.teredo is not None
    if address not in GLOBAL_UNICAST or not address.is_global or tunnel:
        raise _refusal("is a private address")


def _refusal(detail: str) -> ConfigurationError:
    return ConfigurationError("callback_url", detail)
