"""A deployment in this process with its console, and people who use it."""

from contextlib import AsyncExitStack
from urllib.parse import urljoin

import httpx

from app import app
from tenancy.tokens import hash_of
from tests.console.reader import Shown
from tests.doubles.front import Front
from tests.worlds.world import SITE, World

OPERATOR_TOKEN = "operator-token-of-the-tests"
SETTINGS = {
    "OPERATOR_TOKEN": OPERATOR_TOKEN,
    "SIGNING_SECRET": "signs links in the tests only, 0123456789",
    "PUBLIC_URL": "https://offload.example",
}


class Person:
    """Somebody at a browser without JavaScript. `at` is the page in front of them; `front`, where `http` goes through
    one, what is said of them."""

    def __init__(self, http: httpx.AsyncClient, front: Front | None = None) -> None:
        self.http = http
        self.front = front or Front()
        self.at: Shown

    async def open(self, path: str) -> Shown:
        self.at = Shown(await self.http.get(path))
        return self.at

    async def press(self, button: str, **fields: str | list[str]) -> Shown:
        """Send the form with this button, with these of its fields filled otherwise."""
        form = self.at.form(button)
        unknown = fields.keys() - form.names
        assert not unknown, f"the form has no {unknown}"
        sent: dict[str, list[str]] = {}
        for name, value in [*form.fields, form.pressed[form.buttons.index(button)]]:
            if name and name not in fields:
                sent.setdefault(name, []).append(value)
        sent |= {name: [value] if isinstance(value, str) else value for name, value in fields.items()}
        target = urljoin(str(self.at.response.url), form.action)
        answer = (
            await self.http.post(target, data=sent)
            if form.method == "post"
            else await self.http.get(target, params=sent)
        )
        self.at = Shown(answer)
        return self.at

    async def follow(self, link: str) -> Shown:
        return await self.open(self.at.link(link))

    async def sign_in(self, secret: str) -> Shown:
        await self.open("/console/sign-in")
        return await self.press("Sign in", secret=secret)


class Console(World):
    """A world whose people may sign in to the console."""

    def __init__(self, **settings: str) -> None:
        super().__init__({**SETTINGS, **settings})
        self.people_there = AsyncExitStack()

    async def stranger(self) -> Person:
        front = Front()
        transport = httpx.ASGITransport(front.before(app(self.services)), raise_app_exceptions=True)
        client = httpx.AsyncClient(transport=transport, base_url="https://offload.example", follow_redirects=True)
        return Person(await self.people_there.enter_async_context(client), front)

    async def operator(self) -> Person:
        person = await self.stranger()
        await person.sign_in(OPERATOR_TOKEN)
        return person

    async def holder(
        self, site: str = SITE, company: str | None = None, *, read_only: bool = False, token: str = ""
    ) -> Person:
        """Whoever signed in with a token of this site or company."""
        token = token or f"token-of-{site}-{company}-{read_only}"
        self.database.query(
            "INSERT INTO tokens (id, hash, site_id, company, name, read_only, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(f"id-of-{token}", hash_of(token), site, company, "of the test", int(read_only), self.clock.now()),
        )
        person = await self.stranger()
        await person.sign_in(token)
        return person
