"""How long to wait before trying again.

The promise: exponential with full jitter, so that many who failed together do not come back together; what the other
side asked for wins.
"""

from runtime.ports import Random

MAX_DELAY = 3600  # seconds


def delay(failures: int, random: Random, *, base: float = 30, retry_after: float | None = None) -> int:
    """Whole seconds, 1 to `MAX_DELAY`; `retry_after` is taken as it is, up to the queue's 24 hours."""
    if retry_after is not None:
        return max(1, min(86_400, round(retry_after)))
    ceiling = min(MAX_DELAY, base * 2.0 ** min(failures - 1, 20))
    return max(1, round(ceiling * random.fraction()))
