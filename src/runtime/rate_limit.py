"""How often one network may ask for what is open to everybody, or try to sign in.

The promise: who asks at a reader's pace never notices, whoever shares a network shares its limit, and where the
platform cannot count, nobody is shut out: that is logged.
"""

from ipaddress import ip_address, ip_network

from core.errors import LimiterUnavailable, RateLimited
from core.log import log
from runtime.ports import Limiter


async def check(limiter: Limiter, purpose: str, address: str | None) -> None:
    """Count one more request from this address, apart from those for another purpose. Raises `RateLimited`."""
    if address is None:  # the platform names it with every request from outside
        return
    try:
        allowed = await limiter.allows(f"{purpose} {network_of(address)}")
    except LimiterUnavailable:
        log("warning", "rate limit not counted", reason=purpose)
        return
    if not allowed:
        log("warning", "rate limited", reason=purpose)
        raise RateLimited


def network_of(address: str) -> str:
    """What counts as one asker: an IPv4 address, or the 64 bits of IPv6 that a household has."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(found) if found.version == 4 else str(ip_network((found, 64), strict=False))
