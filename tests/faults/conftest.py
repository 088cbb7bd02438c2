"""What the tests of one among many ask for."""

from collections.abc import Iterator

import pytest

from tests.faults.alone import Breaking
from tests.worlds.world import World


@pytest.fixture
def break_() -> Iterator[Breaking]:
    breaking = Breaking()
    yield breaking
    breaking.undo()


@pytest.fixture
def world(world: World) -> World:
    """In which so many failures pause nothing."""
    world.database.query("UPDATE sites SET failure_limit = 1")
    return world
