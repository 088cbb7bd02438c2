"""What is written down outside the database says nothing of a person: neither log lines nor queue messages."""

import json
from collections import deque
from typing import Any

import pytest

from core.errors import OutcomeUnknown, Rejected, TemporarilyRefused
from mail.message import OutgoingMail
from tests.doubles.bindings import RecordingQueue
from tests.worlds.world import MESSAGE, World

NAME, ADDRESS, REF, SECRET = (
    "Zoë Unmistakable",
    "zoe.unmistakable@school.example",
    "ref-unmistakable",
    "value-unmistakable",
)
PERSON = {"ref": REF, "email": ADDRESS, "name": NAME, "variables": {"course": SECRET}}
FAULTS = [
    Rejected("hard", f"no such mailbox <{ADDRESS}>"),
    TemporarilyRefused("busy", f"try {ADDRESS} later"),
    OutcomeUnknown("lost", f"nobody knows of {NAME}"),
    RuntimeError(f"a fault of ours with {ADDRESS} and {NAME}"),
    "accepted",
]


class Everything(RecordingQueue):
    """Keeps what was ever sent."""

    def __init__(self) -> None:
        super().__init__(deque())
        self.ever: list[Any] = []

    async def send(self, bodies: Any, delay_seconds: int = 0) -> None:
        self.ever += bodies
        await super().send(bodies, delay_seconds)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_no_log_line_and_no_message_names_anybody(
    world: World, fault: Exception | str, capsys: pytest.CaptureFixture[str]
) -> None:
    queues = [Everything() for _ in range(3)]
    for name, queue in zip(("batches", "callbacks", "dead_letters"), queues, strict=True):
        object.__setattr__(world.services, name, queue)
        setattr(world, name, queue)

    def answer(_: OutgoingMail) -> str:
        if isinstance(fault, Exception):
            raise fault
        return "id"

    world.provider.script = answer
    job = await world.job([PERSON], message=MESSAGE | {"variables": {}})
    await world.work()
    for _ in range(3):
        world.clock.advance(600)
        await world.sweep()
        await world.work()
    await world.bury({"job": job, "batch": 0, "reason": "poison"})
    written = capsys.readouterr().out + json.dumps([queue.ever for queue in queues], ensure_ascii=False)
    assert any(queue.ever for queue in queues)
    for personal in (NAME, ADDRESS, REF, SECRET):
        assert personal.lower() not in written.lower()
