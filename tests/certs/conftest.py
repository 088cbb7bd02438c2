"""A world that issues certificates."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.doubles.bucket import FaultyBucket
from tests.worlds.issuing import CERTIFICATE, LINKED, SETTINGS
from tests.worlds.world import World


@pytest.fixture
def files(world: World) -> FaultyBucket:
    """The files of `world`, which can issue certificates from now on."""
    world.settings.update(SETTINGS)
    bucket = FaultyBucket()
    object.__setattr__(world.services, "files", bucket)
    return bucket


Issue = Callable[..., Any]


@pytest.fixture
def issue(world: World, files: FaultyBucket) -> Issue:  # noqa: ARG001 - the settings come with it
    async def started(people: Any = 3, *, certificate: Mapping[str, Any] | None = None, **fields: Any) -> str:
        content = {"message": LINKED, "certificate": CERTIFICATE | dict(certificate or {})}
        return await world.job(people, kind="certificate", content=content, **fields)

    return started
