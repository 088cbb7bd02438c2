"""The town that all walks go through, built once."""

import asyncio

import pytest

from tests.tenancy.town import Town, build


@pytest.fixture(scope="session")
def town() -> Town:
    return asyncio.run(build())
