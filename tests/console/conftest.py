"""A deployment with its console, and its operator at a browser."""

from collections.abc import AsyncIterator

import pytest

import queue_consumer
from tests.doubles.provider import ScriptedProvider
from tests.worlds.console import Console, Person


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    console = Console()
    async with console.people_there:
        yield console


@pytest.fixture
async def operator(console: Console) -> Person:
    return await console.operator()


@pytest.fixture
def sending(console: Console, monkeypatch: pytest.MonkeyPatch) -> ScriptedProvider:
    """What the console's world sends with."""
    monkeypatch.setattr(queue_consumer, "provider_for", lambda *_: console.provider)
    return console.provider
