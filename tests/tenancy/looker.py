"""Whoever asks, and all that can be told of the answer."""

import base64
import re
from typing import Any

import pytest

from console.sessions import COOKIE
from console.visit import SAID
from core import signing
from tests.worlds.issuing import SETTINGS
from tests.worlds.town import SEES, Seen, Tenant, Town, rows

_SAID = re.compile(rf'(?<={SAID}=")([\w=+/-]+)(?=")')


class Looker:
    """Asks as a caller does, each time in a town where nothing has happened yet."""

    def __init__(self, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
        self.town = town
        self._capsys = capsys

    async def ask(self, caller: str, method: str, path: str, **request: Any) -> Seen:
        """An answer of the API to a token, or of the console to a session."""
        fresh = self.town.deployment()
        self._capsys.readouterr()
        headers, page = {}, path.startswith("/console")
        if page and (cookie := self.town.cookies[caller]):
            headers["Cookie"] = f"{COOKIE}={cookie}"
        if page and method == "POST":
            request["data"] = {"csrf": form_token(self.town.cookies[caller]), **request.get("data", {})}
        async with fresh.http(None if page else self.town.tokens[caller]) as client:
            response = await client.request(method, path, headers=headers, **request)
        return Seen(
            response.status_code,
            {name: _SAID.sub(_unpacked, value) for name, value in response.headers.items()},
            response.text,
            tuple(fresh.database.asked),
            tuple(fresh.files.touched),
            self._capsys.readouterr().out,
            self.town.rows ^ rows(fresh.database) if fresh.database.connection.total_changes else frozenset(),
        )

    def check(self, caller: str, seen: Seen) -> None:
        """Nothing that is not the caller's is shown, told or touched."""
        told = f"{seen.body} {seen.headers} {seen.log}"
        leaked = {secret for secret in self.town.hidden(caller) if secret in told}
        assert not leaked, f"{caller} is told {leaked}"
        folders = {tenant.folder for tenant in self.town.foreign(caller)} - {f"{self.own(caller).site}/-/"}
        assert not [key for key in seen.files if key.startswith(tuple(folders))]

    def own(self, caller: str) -> Tenant:
        return self.town.tenants[(SEES[caller] or "a")[0]]

    def id_of(self, tenant: Tenant, kind: str) -> str:
        """Of a company, where it is a site's that is asked for."""
        if kind == "company" and tenant.company is None:
            tenant = next(one for one in self.town.tenants.values() if one.company and one.site == tenant.site)
        return tenant.ids[kind]


def _unpacked(said: re.Match[str]) -> str:
    """What the last action did, which a cookie keeps for the next page."""
    return base64.b64decode(said[1]).decode()


def form_token(cookie: str) -> str:
    """As the session's own forms have it."""
    return signing.signature(SETTINGS["SIGNING_SECRET"].encode(), "console-form", cookie.encode()).hex()
