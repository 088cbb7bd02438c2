"""Simulated time, and invocations that can be killed in it.

The promise: one seed, one history. Time stands still while anybody can go on, then jumps to the next moment that
somebody waits for; a day of waiting takes no time at all. What an invocation started ends with it when it is killed.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.doubles.provider import Crash

T = TypeVar("T")

START = 1_795_000_000_000  # milliseconds since 1970


class Timeline(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps. It has no sockets."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        super().__init__(_Jump(self))
        self.set_task_factory(_task)  # type: ignore[arg-type]

    def time(self) -> float:
        return self.elapsed


class _Jump(selectors.SelectSelector):
    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self._timeline = timeline

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everybody waits for somebody else"
        self._timeline.elapsed += timeout
        return []


@dataclass(eq=False)
class Invocation:
    """One run of a handler. `sites`: whose rows it may touch, None for all; `skew`: how its clock differs, in ms."""

    kind: str
    sites: frozenset[str] | None = None
    skew: int = 0
    dead: bool = False
    tasks: list["asyncio.Task[Any]"] = field(default_factory=list)

    def die(self) -> None:
        """With an isolate, all that runs in it ends."""
        self.dead = True
        for task in self.tasks:
            if not task.done():
                task.cancel()


CURRENT: ContextVar[Invocation | None] = ContextVar("CURRENT", default=None)


def _task(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T], **more: Any) -> "asyncio.Task[T]":
    context: Context | None = more.get("context")
    invocation = context.get(CURRENT) if context is not None else CURRENT.get()
    task = asyncio.Task(coroutine, loop=loop, **more)
    if invocation is not None:
        invocation.tasks.append(task)
    return task


async def invoke(invocation: Invocation, work: Coroutine[Any, Any, T], limit: float) -> T:
    """Run a handler as an invocation of its own, of `limit` seconds at most. Raises `Crash` where it was killed."""
    context = copy_context()
    context.run(CURRENT.set, invocation)
    loop = asyncio.get_running_loop()
    task = loop.create_task(work, context=context)
    end = loop.call_later(limit, invocation.die)
    try:
        return await asyncio.shield(task)
    except (asyncio.CancelledError, Crash):
        invocation.die()
        if not task.done():
            await asyncio.wait([task])
        raise Crash from None
    finally:
        end.cancel()
