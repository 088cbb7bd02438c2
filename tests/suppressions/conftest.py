"""A deployment whose mails have links to unsubscribe by, and a browser that follows them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app import app
from jobs import actions as jobs
from mail.message import OutgoingMail
from runtime.settings import Settings
from suppressions import unsubscribe
from tests.doubles.d1 import SqliteDatabase
from tests.worlds.world import MESSAGE, World

SETTINGS = {"PUBLIC_URL": "https://offload.example/", "SIGNING_SECRET": "a secret of 32 characters, or more"}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
WITH_LINK = {**MESSAGE, "html": '<p>{{ name }}: <a href="{{ unsubscribe_url }}">unsubscribe</a></p>'}


@pytest.fixture
def world(world: World) -> World:
    world.services = replace(world.services, settings=Settings(SETTINGS))
    kept: list[OutgoingMail] = []

    def keep(mail: OutgoingMail) -> str:
        kept.append(mail)
        return "id"

    world.provider.script = keep
    keep.mails = kept  # type: ignore[attr-defined]
    return world


def mails(world: World) -> list[OutgoingMail]:
    """What was sent."""
    kept: list[OutgoingMail] = world.provider.script.mails  # type: ignore[attr-defined]
    return kept


class Browser:
    """A person's browser, mail program or mail provider."""

    def __init__(self, world: World, client: httpx.AsyncClient) -> None:
        self._world = world
        self._client = client

    def link(self, job: str, position: int = 0) -> str:
        return unsubscribe.link(self._world.services.settings, job, position)

    async def look(self, link: str, language: str = "en") -> httpx.Response:
        return await self._client.get(link, headers={"Accept-Language": language})

    async def post(self, link: str, body: dict[str, str], **more: Any) -> httpx.Response:
        return await self._client.post(link, data=body, **more)

    async def choose(self, link: str, choice: str) -> str:
        response = await self.post(link, {"choice": choice})
        assert response.status_code == 200, response.text
        return response.text


@pytest.fixture
async def browser(world: World) -> AsyncIterator[Browser]:
    async with AsyncExitStack() as clients:
        transport = httpx.ASGITransport(app(world.services))
        yield Browser(world, await clients.enter_async_context(httpx.AsyncClient(transport=transport)))


async def mailing(world: World, category: str = "", people: int | list[dict[str, Any]] = 2, **more: Any) -> str:
    content = {"message": MESSAGE, "unsubscribe": True}
    return await world.draft(people, category=category, **({"content": content} | more))


async def sent(world: World, **more: Any) -> dict[str, int]:
    job = await mailing(world, **more)
    await jobs.start(world.services, more.get("scope") or world.scope, job)
    await world.work()
    return world.states(job)


def suppressed(world: World) -> list[tuple[str, str, str]]:
    rows = world.database.query("SELECT company, email, category FROM suppressions ORDER BY 2, 1, 3")
    return [(row["company"], row["email"], row["category"]) for row in rows]


def everything(database: SqliteDatabase) -> list[Any]:
    tables = database.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [database.query(f"SELECT * FROM {table['name']}") for table in tables]
