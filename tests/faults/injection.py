"""Which fault strikes where and when.

A point is a call of the product to the outside world, named by the function of src/ that makes it. A plan is asked at
every point and answers with one of the kinds that can strike there, or with none; what it said is counted.
"""

import random
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import queue_consumer

SRC = f"{Path(queue_consumer.__file__).parent}/"
# not who asks, but how it is asked
_PASSED_ON = ("sending/persistence", "sending/pacing", "providers/base")
_PASSING_ON = "_persist"

# Every kind is: before it was done, after it was done, or done while the caller saw it fail. "stall": the invocation
# stands still for longer than a lease lasts, then goes on as if nothing had been.
_INVOCATION = ("crash_before", "crash_after", "stall_before", "stall_after")
KINDS: Mapping[str, tuple[str, ...]] = {
    "d1": ("busy", "lost_before", "lost_after", "lost_late", *_INVOCATION),
    "queue": ("refused", "refused_after", "twice", "lost", *_INVOCATION),
    "mail": (
        *("unreachable", "lost_before", "lost_after", "throttled", "throttled_long", "error_before", "error_after"),
        *("unavailable", *_INVOCATION),
    ),
    "moodle": (
        "unreachable",
        "lost_before",
        "lost_after",
        "error",
        "error_page",
        "redirect",
        "throttled",
        *_INVOCATION,
    ),
    "r2": ("refused", "refused_after", *_INVOCATION),
    "message": ("twice_at_once", "twice_later", "delayed"),
}
STALL = 400  # seconds


def caller() -> str:
    """`module.function` of src/ that is waiting for the answer."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        file = frame.f_code.co_filename
        if file.startswith(SRC):
            module = file.removeprefix(SRC).removesuffix(".py")
            if module not in _PASSED_ON and frame.f_code.co_name != _PASSING_ON:
                return f"{module}.{frame.f_code.co_name}"
    return "outside"


class Plan(Protocol):
    def strike(self, kind: str, point: str) -> str | None:
        """One of KINDS[kind], or None."""
        ...


@dataclass
class Calm:
    """Nothing goes wrong. `seen` keeps every point passed, in order, for a plan that strikes at each of them."""

    seen: list[tuple[str, str]] = field(default_factory=list)

    def strike(self, kind: str, point: str) -> str | None:
        self.seen.append((kind, point))
        return None


@dataclass
class Strike:
    """`fault` at `times` calls from number `nth` on (0 is the first), of those whose point the pattern finds."""

    kind: str
    pattern: str
    fault: str
    nth: int = 0
    times: int = 1
    passed: int = 0

    def applies(self, kind: str, point: str) -> bool:
        if kind != self.kind or not re.search(self.pattern, point):
            return False
        self.passed += 1
        return self.nth < self.passed <= self.nth + self.times


class Scripted:
    """Exactly these faults."""

    def __init__(self, *strikes: Strike) -> None:
        self.strikes = strikes
        self.struck: Counter[str] = Counter()

    def strike(self, kind: str, point: str) -> str | None:
        for strike in self.strikes:
            if strike.applies(kind, point):
                self.struck[f"{kind}.{strike.fault}"] += 1
                return strike.fault
        return None


class At:
    """One fault, at the call of this number over all points."""

    def __init__(self, number: int, fault: str) -> None:
        self.number = number
        self.fault = fault
        self.struck: Counter[str] = Counter()

    def strike(self, kind: str, point: str) -> str | None:
        self.number -= 1
        if self.number == -1:
            assert self.fault in KINDS[kind], f"{self.fault} cannot strike at {point}"
            self.struck[f"{kind}.{self.fault}"] += 1
            return self.fault
        return None


class Storm:
    """Faults at random: each seed has a weather of its own, some kinds frequent, some rare, some absent."""

    RARE = frozenset({"crash_before", "crash_after", "stall_before", "stall_after", "lost_late", "throttled_long"})

    def __init__(self, seed: int, strength: float = 1.0) -> None:
        self._random = random.Random(f"storm {seed}")
        self.struck: Counter[str] = Counter()
        self.raging = True
        self._weather: dict[str, Sequence[tuple[str, float]]] = {}
        for kind, faults in KINDS.items():
            chances = []
            for fault in faults:
                most = 0.01 if fault in self.RARE else 0.04
                chances.append((fault, strength * self._random.choice((0, most / 4, most / 2, most))))
            self._weather[kind] = chances

    def strike(self, kind: str, point: str) -> str | None:
        if not self.raging or point == "outside":
            return None
        drawn = self._random.random()
        for fault, chance in self._weather[kind]:
            drawn -= chance
            if drawn < 0:
                self.struck[f"{kind}.{fault}"] += 1
                return fault
        return None
