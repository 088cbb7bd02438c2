"""Breaks a step for one of three, each time with another of the builtin exceptions."""

import asyncio
import builtins
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.worlds.world import World


def made(kind: type[Exception]) -> Exception:
    """One of this kind, whatever it is made of."""
    if issubclass(kind, UnicodeDecodeError):
        return kind("utf-8", b"\xff", 0, 1, "odd")
    if issubclass(kind, UnicodeEncodeError):
        return kind("utf-8", "\ud800", 0, 1, "odd")
    if issubclass(kind, UnicodeTranslateError):
        return kind("\ud800", 0, 1, "odd")
    if issubclass(kind, ExceptionGroup):
        return kind("odd", [ValueError()])
    return kind("odd")


KINDS = sorted(
    {found for found in vars(builtins).values() if isinstance(found, type) and issubclass(found, Exception)},
    key=lambda kind: kind.__name__,
)
ERRORS = [made(kind) for kind in KINDS]


def of_each(steps: dict[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("step", steps.values(), ids=steps.keys())


def error_of(number: int | None) -> Exception | None:
    """Of three at a time, the one in the middle raises, each another."""
    return ERRORS[number // 3] if number is not None and number % 3 == 1 else None


Which = Callable[..., int | None]


class Breaking:
    """Makes what has a name raise for those that `which` says its arguments are about."""

    def __init__(self) -> None:
        self._patch = pytest.MonkeyPatch()

    def __call__(self, owner: Any, name: str, which: Which) -> None:
        real = getattr(owner, name)

        def call(*args: Any, **more: Any) -> Any:
            if error := error_of(which(*args, **more)):
                raise error
            return real(*args, **more)

        async def awaited(*args: Any, **more: Any) -> Any:
            return await call(*args, **more)

        self._patch.setattr(owner, name, awaited if asyncio.iscoroutinefunction(real) else call)

    def undo(self) -> None:
        self._patch.undo()


def among(rows: str, field: str = "position") -> int | None:
    """The first of these rows that is to raise."""
    numbers = [int(row[field]) for row in json.loads(rows) if row.get(field) is not None]
    return next((number for number in numbers if number % 3 == 1), None)


def told(states: Sequence[Any], one: Any, others: Any) -> bool:
    return len(states) == 3 * len(ERRORS) and all(
        state == (one if number % 3 == 1 else others) for number, state in enumerate(states)
    )


def outcomes_of(world: World, job_id: str) -> list[tuple[str, str | None]]:
    return [(row["state"], row["reason"]) for row in world.people(job_id)]


ALL = 3 * len(ERRORS)
SENT, FAILED = ("sent", None), ("failed", "internal_error")
