"""What every test can ask for."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import queue_consumer
from dev.server import LocalRuntime
from tests.worlds.world import World

# how long an example takes says how busy the machine is; in CI every run tries the same ones
settings.register_profile("untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Folders whose tests share a service that takes long to start, the longest first.
SERVED = ("local_runtime", "browser", "acceptance")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side (`make test`), the tests of one service go to one process, and before all others."""
    for item in items:
        if (folder := _folder(item)) in SERVED and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(folder))
    items.sort(key=lambda item: SERVED.index(_folder(item)) if _folder(item) in SERVED else len(SERVED))


def _folder(item: pytest.Item) -> str:
    return item.path.parent.name


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
