"""The town that all walks go through, built once."""

import asyncio

import pytest

from tests.tenancy.looker import Looker
from tests.worlds.town import Town, build


@pytest.fixture(scope="session")
def town() -> Town:
    return asyncio.run(build())


@pytest.fixture
def looker(town: Town, capsys: pytest.CaptureFixture[str]) -> Looker:
    return Looker(town, capsys)
