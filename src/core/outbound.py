"""Which URLs we send requests to on behalf of a site.

The promise: https only, at a port where pages are served, and never an address inside somebody's network: loopback,
private, link-local, metadata services, names that only exist inside a network. Which those are stands here, and changes
with no version of Python. Everything that two URL parsers may read differently (user names,
backslashes, octal addresses, …) is refused rather than interpreted, since the platform's fetch has a parser of its own.

What a public *name* resolves to cannot be seen here, and may change between a check and a request (DNS rebinding).
That is harmless where fetch leaves through a network without a route into anybody's private one, our own included, as
Workers' does. A host that runs this code elsewhere must deny private ranges in its network.
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

from core.errors import ConfigurationError

LONGEST = 2048
# Below 1024 only https is a Moodle's; above, what databases, caches, queues, containers and desktops listen at is not.
WELL_KNOWN = 1024
INNER_PORTS = frozenset(
    {
        *(1080, 1723, 2049, 3128, 3268, 3269, 3389, 4369, 5060, 5061, 5900, 5985, 5986, 6000, 6566, *range(6665, 6670)),
        *(1433, 1434, 1521, 2484, 3050, 3306, 5432, 5433, 5984, 6432, 7000, 7001, 7199, 7474, 7687, 8086, 8123, 8529),
        *(9042, 9160, 26257, 27017, 27018, 27019, 28015, 28017, 33060, 50000),
        *(6379, 6380, 11211, 16379, 26379, 8983, 9200, 9300, 5601, 7700, 19530),
        *(1883, 4222, 5671, 5672, 8883, 9092, 9093, 15672, 25672, 61613, 61616),
        *(2181, 2375, 2376, 2377, 2379, 2380, 4646, 6443, 8200, 8300, 8301, 8500, 8600, 10250, 10255, 10256),
        *(9100, 9418, 11434, 50070),
    }
)

# names that exist only within a network, or nowhere
INNER_SUFFIXES = frozenset(
    {
        *("localhost", "test", "invalid"),  # RFC 6761
        *("local", "intranet", "internal", "private", "corp", "home", "lan"),  # RFC 6762, with its appendix G
        *("arpa", "onion", "alt"),  # RFC 3172 and 8375 (home.arpa), RFC 7686, RFC 9476
        "mail",  # ICANN, 2018: never delegated, since it is in use within networks, as corp and home are
        *("localdomain", "intra", "priv", "svc", "consul"),  # what systems and their tools set up by themselves
    }
)
# metadata services with a name of their own; Google's and Amazon's end in .internal
METADATA_NAMES = frozenset(
    {
        "metadata.tencentyun.com",
        "metadata.packet.net",
        "metadata.platformequinix.com",
        "api.metadata.cloud.ibm.com",
    }
)

# IANA's registries of special-purpose addresses as of 2025-10, but for those that are globally reachable.
# www.iana.org/assignments/iana-ipv4-special-registry, www.iana.org/assignments/iana-ipv6-special-registry
IPV4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network, RFC 791
            "10.0.0.0/8",  # private use, RFC 1918
            "100.64.0.0/10",  # shared address space, RFC 6598
            "127.0.0.0/8",  # loopback, RFC 1122
            "169.254.0.0/16",  # link-local, RFC 3927
            "172.16.0.0/12",  # private use, RFC 1918
            "192.0.0.0/24",  # protocol assignments, RFC 6890, with DS-Lite and NAT64 discovery
            "192.0.2.0/24",  # documentation, RFC 5737
            "192.88.99.0/24",  # 6to4 relays, RFC 7526
            "192.168.0.0/16",  # private use, RFC 1918
            "198.18.0.0/15",  # benchmarking, RFC 2544
            "198.51.100.0/24",  # documentation, RFC 5737
            "203.0.113.0/24",  # documentation, RFC 5737
            "224.0.0.0/4",  # multicast, RFC 5771
            "240.0.0.0/4",  # reserved, with the limited broadcast, RFC 1112 and 8190
            "168.63.129.16/32",  # Azure's metadata service
        ),
    )
)
# Only in global unicast (RFC 4291) somebody may be. Outside lie ::1, ::, ::ffff:0:0/96, 64:ff9b::/96, 64:ff9b:1::/48,
# 100::/64, 100:0:0:1::/64, 5f00::/16, fc00::/7, fe80::/10, fec0::/10 and ff00::/8.
GLOBAL_UNICAST = IPv6Network("2000::/3")
IPV6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments, RFC 2928: Teredo (RFC 4380), benchmarking and others
            "2001:db8::/32",  # documentation, RFC 3849
            "2002::/16",  # 6to4, which carries an IPv4 address, RFC 3056
            "3ffe::/16",  # the 6bone, given back, RFC 3701
            "3fff::/20",  # documentation, RFC 9637
        ),
    )
)
# Within those, what is globally reachable nevertheless.
REACHABLE_IPV4 = frozenset(
    {IPv4Address("192.0.0.9"), IPv4Address("192.0.0.10")}  # PCP anycast, RFC 7723; TURN anycast, RFC 8155
)
REACHABLE_IPV6 = tuple(
    map(
        IPv6Network,
        (
            "2001:1::1/128",  # PCP anycast, RFC 7723
            "2001:1::2/128",  # TURN anycast, RFC 8155
            "2001:1::3/128",  # DNS-SD service registration anycast, RFC 9665
            "2001:3::/32",  # AMT, RFC 7450
            "2001:4:112::/48",  # AS112, RFC 7535
            "2001:20::/28",  # ORCHIDv2, RFC 7343
            "2001:30::/28",  # DRIP, RFC 9374
        ),
    )
)
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})  # before an IPv4 address at the end, RFC 5214

_NETLOC = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:@]+)(?::([0-9]{0,5}))?", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# what the URL standard reads as an IPv4 address, whatever stands before it
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_FOREIGN = re.compile(r"[\x00-\x20\x7f\\]")


def check(url: str, local: bool) -> None:
    """Raises `ConfigurationError` naming the fault. `local`: http, any port and this machine are allowed as well."""
    if not url:
        raise _refusal("is not set")
    if len(url) > LONGEST:
        raise _refusal(f"is longer than {LONGEST} characters")
    if _FOREIGN.search(url):
        raise _refusal("contains a space, control character or backslash")
    try:
        scheme, netloc, *_ = urlsplit(url)
    except ValueError:
        raise _refusal("is not a valid URL") from None
    if scheme != "https" and not (local and scheme == "http"):
        raise _refusal("must begin with https://")
    if "@" in netloc:
        raise _refusal("must not contain a user name or password")
    place = _NETLOC.fullmatch(netloc)
    if not place:
        raise _refusal("has no valid host name")
    port = int(place[2] or 443)
    if not _is_open(port) and not (local and 0 < port < 65536):
        raise _refusal("must use port 443, or one above 1023 at which no database or other inner service listens")
    _check_host(place[1].lower(), local)


def _is_open(port: int) -> bool:
    return port == 443 or (WELL_KNOWN <= port < 65536 and port not in INNER_PORTS)


def _check_host(host: str, local: bool) -> None:
    if host.startswith("["):
        _check_ipv6(host[1:-1], local)
        return
    labels = _ascii(host).removesuffix(".").split(".")
    if _NUMBER.fullmatch(labels[-1]):
        _check_ipv4(".".join(labels), local)
        return
    if not all(map(_LABEL.fullmatch, labels)):
        raise _refusal("has no valid host name")
    if local and labels[-1] == "localhost":
        return
    if len(labels) == 1 or labels[-1] in INNER_SUFFIXES or ".".join(labels) in METADATA_NAMES:
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
    if local and host.startswith("127."):
        return
    if address not in REACHABLE_IPV4 and any(address in network for network in IPV4):
        raise _refusal("is a private address")


def _check_ipv6(host: str, local: bool) -> None:
    try:
        address = IPv6Address(host)
    except AddressValueError:
        raise _refusal("has no valid IPv6 address") from None
    if local and int(address) == 1:
        return
    isatap = (int(address) >> 32) & 0xFFFFFFFF in _ISATAP
    special = any(address in network for network in IPV6) and not any(address in each for each in REACHABLE_IPV6)
    if address not in GLOBAL_UNICAST or isatap or special:
        raise _refusal("is a private address")


def _refusal(detail: str) -> ConfigurationError:
    return ConfigurationError("callback_url", detail)
