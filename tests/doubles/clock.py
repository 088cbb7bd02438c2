"""Time and randomness that a test sets."""

import asyncio
import hashlib


class ManualClock:
    """Stands still until somebody sleeps: a sleep moves it on at once."""

    def __init__(self, now: int = 1_795_000_000_000) -> None:
        self.milliseconds = now

    def now(self) -> int:
        return self.milliseconds

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)  # lets others run, as a real sleep would

    def advance(self, seconds: float) -> None:
        self.milliseconds += round(seconds * 1000)


class SeededRandom:
    """The same tokens for the same seed; fractions are fixed, so that a delay with jitter can be told."""

    def __init__(self, seed: str = "test", fraction: float = 0.5) -> None:
        self.seed = seed
        self.counter = 0
        self.fixed = fraction

    def fraction(self) -> float:
        return self.fixed

    def token(self, size: int) -> bytes:
        self.counter += 1
        return hashlib.shake_256(f"{self.seed}{self.counter}".encode()).digest(size)
