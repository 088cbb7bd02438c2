"""A deployment in this process, its operator and its sites; every line it logs is JSON."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.worlds.api import OPERATOR_TOKEN, Deployment, Site


@pytest.fixture
async def deployment() -> AsyncIterator[Deployment]:
    deployment = Deployment()
    async with deployment.clients:
        yield deployment


@pytest.fixture
async def operator(deployment: Deployment) -> httpx.AsyncClient:
    return await deployment.client(OPERATOR_TOKEN)


@pytest.fixture
def new_site(deployment: Deployment, operator: httpx.AsyncClient) -> Callable[..., Any]:
    async def make(**more: Any) -> Site:
        senders = {"senders": ["campus.example", "acme.example", "own.example"]}
        body = {"name": "Campus", "from": {"email": "noreply@campus.example", "name": "Campus"}} | senders | more
        response = await operator.post("/v1/sites", json=body)
        assert response.status_code == 201, response.text
        made = response.json()
        return Site(made["id"], made["token"], await deployment.client(made["token"]), deployment, operator)

    return make


@pytest.fixture
async def site(new_site: Callable[..., Any]) -> Site:
    made: Site = await new_site()
    return made


@pytest.fixture(autouse=True)
def every_line_logged_is_json(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    for line in capsys.readouterr().out.splitlines():
        json.loads(line)
