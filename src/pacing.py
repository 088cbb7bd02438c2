"""The send rate: the provider's quota is the only speed limit.

The promise: all consumers of a site together stay at its rate. Each takes an equal share: the rate divided by `lanes`,
the number of the site's batches under way, which every group reads anew.
"""

import math

from ports import Clock

DAY_SECONDS = 86_400
# A group should take about this long at most, so that a pause is felt soon.
GROUP_SECONDS = 5


class Pacer:
    """Gives out start times, evenly spaced. `rate` in mails a second."""

    def __init__(self, clock: Clock, rate: float) -> None:
        self._clock = clock
        self._rate = rate
        self._next = 0.0
        self.lanes = 1

    def group_size(self, most: int) -> int:
        return max(1, min(most, int(self._rate / self.lanes * GROUP_SECONDS)))

    async def turn(self) -> None:
        """Returns when the next mail may start."""
        now = self._clock.now()
        start = max(now, self._next)
        self._next = start + 1000 * self.lanes / self._rate
        if start > now:
            await self._clock.sleep((start - now) / 1000)


def eta(unfinished: int, pace: float, daily_quota: int | None) -> int:
    """Seconds at this pace in people a second, with the nights between the days that a quota needs."""
    nights = max(0, unfinished - 1) // daily_quota if daily_quota else 0
    return math.ceil(unfinished / pace) + nights * DAY_SECONDS
