"""How often one address may ask, kept in memory: one isolate's own view, enough to slow down whoever tries codes.

The promise: what it keeps is bounded; who asks at a reader's pace never notices.
"""

from dataclasses import dataclass, field

MOST_KEYS = 10_000


@dataclass
class RateLimit:
    """Token buckets: `burst` at once, then `rate` a second."""

    burst: float
    rate: float
    _buckets: dict[str, tuple[float, int]] = field(default_factory=dict)

    def allows(self, key: str, now: int) -> bool:
        """Whether one more is allowed at this time, in milliseconds; it then counts."""
        tokens, at = self._buckets.pop(key, (self.burst, now))
        tokens = min(self.burst, tokens + max(0, now - at) / 1000 * self.rate)
        allowed = tokens >= 1
        if len(self._buckets) >= MOST_KEYS:  # whoever asked longest ago begins anew
            del self._buckets[next(iter(self._buckets))]
        self._buckets[key] = (tokens - allowed, now)
        return allowed


def network_of(address: str) -> str:
    """What counts as one asker: an IPv4 address, or the 64 bits of IPv6 that a household has."""
    return ":".join(address.split(":")[:4]) if ":" in address else address
