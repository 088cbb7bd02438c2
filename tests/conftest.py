"""What every test can ask for."""

import pytest

import queue_consumer
from tests.worlds.world import World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A deployment whose consumers send through `world.provider`."""
    made = World()
    monkeypatch.setattr(queue_consumer, "provider_for", lambda *_: made.provider)
    return made
