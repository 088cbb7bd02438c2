"""What every test can ask for."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import queue_consumer
from dev.server import LocalRuntime
from tests import side_by_side
from tests.worlds.world import World

# how long an example takes says how busy the machine is; in CI every run tries the same ones
settings.register_profile("untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: side_by_side.turn(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return side_by_side.workers()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> side_by_side.Scheduler:
    return side_by_side.Scheduler(config, log)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A deployment whose consumers send through `world.provider`."""
    made = World()
    monkeypatch.setattr(queue_consumer, "provider_for", lambda *_: made.provider)
    return made


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A local runtime's state with every migration in it, to be copied."""
    state = tmp_path_factory.mktemp("migrated")
    LocalRuntime(state).migrate()
    return state
