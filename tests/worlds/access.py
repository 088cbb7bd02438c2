"""A team of Cloudflare Access, and a deployment that asks it for its keys."""

import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from core.errors import AccessUnproven
from runtime.ports import HttpRequest, HttpResponse
from tenancy import access
from tests.doubles.bindings import ScriptedFetch
from tests.doubles.crypto import rsa_key
from tests.worlds.world import World

DOMAIN, AUDIENCE = "school.cloudflareaccess.com", "f" * 64
HOUR = 3600


def rsa(name: str) -> RSAKey:
    return RSAKey.import_key(rsa_key(name), {"kid": name, "use": "sig"})


class Team:
    """What the team publishes, and a deployment that asks it."""

    def __init__(self) -> None:
        self.world = World({"ACCESS_TEAM_DOMAIN": DOMAIN, "ACCESS_AUDIENCE": AUDIENCE})
        self.published = [rsa("current"), rsa("previous")]
        self.trouble: Exception | HttpResponse | None = None
        self.fetch = self.world.services.fetch
        assert isinstance(self.fetch, ScriptedFetch)
        self.fetch.answer = self.answer

    def answer(self, request: HttpRequest) -> HttpResponse:
        assert request.url == f"https://{DOMAIN}/cdn-cgi/access/certs"
        if isinstance(self.trouble, Exception):
            raise self.trouble
        keys = [key.as_dict(private=False) for key in self.published]
        return self.trouble or HttpResponse(200, {}, json.dumps({"keys": keys, "public_certs": []}).encode())

    @property
    def asked(self) -> int:
        assert isinstance(self.fetch, ScriptedFetch)
        return len(self.fetch.requests)

    @property
    def now(self) -> int:
        return self.world.clock.now() // 1000

    def claims(self, **changes: Any) -> dict[str, Any]:
        claims = {
            "iss": f"https://{DOMAIN}",
            "aud": [AUDIENCE],
            "email": "Head@School.Example",
            "iat": self.now,
            "nbf": self.now,
            "exp": self.now + 24 * HOUR,
            "type": "app",
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, key: str = "current", header: dict[str, Any] | None = None, **changes: Any) -> str:
        return jwt.encode({"alg": "RS256", "kid": key, **(header or {})}, self.claims(**changes), rsa(key))

    async def identify(self, token: str) -> str:
        return await access.identify(self.world.services, token)

    async def refused(self, token: str) -> str:
        with pytest.raises(AccessUnproven) as refusal:
            await self.identify(token)
        return refusal.value.code
