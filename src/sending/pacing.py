"""The send rate: the provider's quota is the only speed limit.

The promise: all consumers of a site together stay at its rate, and those of a company at the company's. Each takes an
equal share: the rate divided by `lanes`, the number of batches under way, which every group reads anew.
"""

import math
from collections.abc import Iterable

from runtime.ports import Clock

DAY_SECONDS = 86_400
LONGEST = 100 * 366 * DAY_SECONDS  # an estimate beyond it says no more; a rate may be as small as a number can be
# A group should take about this long at most, so that a pause is felt soon.
GROUP_SECONDS = 5


def share(limits: Iterable[tuple[float | None, int]]) -> float:
    """The least of these rates, each divided by its lanes; None is no limit."""
    return min(rate / max(1, lanes) for rate, lanes in limits if rate)


class Pacer:
    """Gives out start times, evenly spaced. `rate` in mails a second, of this consumer alone."""

    def __init__(self, clock: Clock, rate: float) -> None:
        self._clock = clock
        self._next = 0.0
        self.rate = rate

    def group_size(self, most: int) -> int:
        return max(1, min(most, int(self.rate * GROUP_SECONDS)))

    async def turn(self) -> None:
        """Returns when the next mail may start."""
        now = self._clock.now()
        start = max(now, self._next)
        self._next = start + min(1000 / self.rate, LONGEST * 1000)
        if start > now:
            await self._clock.sleep((start - now) / 1000)


def eta(unfinished: int, pace: float, daily_quota: int | None) -> int:
    """Seconds at this pace in people a second, with the nights between the days that a quota needs."""
    nights = max(0, unfinished - 1) // daily_quota if daily_quota else 0
    return min(LONGEST, math.ceil(min(LONGEST, unfinished / pace)) + nights * DAY_SECONDS)
