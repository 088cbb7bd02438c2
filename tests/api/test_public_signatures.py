"""No answer to a request that anybody may send holds a signature that any check of ours accepts for something else.

Every signature that is made while a public address answers is noted; one that is in the answer must be a guest's, of a
key that we made.
"""

import hmac
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest
from starlette.types import ASGIApp

from api.routes import OPERATIONS
from console.routes import PAGES
from core import signing
from tests.worlds.furnished import furnished

GUESTS = (b"console-guest", b"console-guest-form")
PUBLIC = [
    *((operation.method, operation.path) for operation in OPERATIONS if operation.access == "public"),
    *((page.method, page.path) for page in PAGES if page.access == "public"),
]
BOSS = "access:boss@school.example"


def planted() -> list[str]:
    """What a signature of ours is made of, somewhere."""
    code, site = furnished().known["code"][0], furnished().known["site"][0]
    return [
        BOSS,
        f"{BOSS}.{'0' * 32}",
        f"{code}\0{2_000_000_000}",
        json.dumps([site, "Acme", furnished().known["name"][0]]),
        f"console-form\0{BOSS}",
        "x",
    ]


def shapes(signature: bytes) -> Iterator[str]:
    """As a text may hold it: in hex, or in base 64 at any place."""
    yield signature.hex()
    for before in range(3):
        first, end = -(-before * 8 // 6), (before + len(signature)) * 8 // 6
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(bytes(before) + signature + bytes(3)).decode()[first:end]


@pytest.fixture
def deployment() -> ASGIApp:
    return furnished().serve()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes]]:
    """What was signed, and the signature."""
    noted: list[tuple[bytes, bytes]] = []
    digest = hmac.digest

    def noting(key: bytes, message: bytes, algorithm: str) -> bytes:
        noted.append((message, digest(key, message, algorithm)[: signing.SIZE]))
        return digest(key, message, algorithm)

    monkeypatch.setattr(hmac, "digest", noting)
    return noted


def holds(response: httpx.Response, made: list[tuple[bytes, bytes]]) -> set[bytes]:
    """What was signed, of the signatures that are in the answer and were not in the request."""
    told = response.text + repr(response.headers.multi_items())
    asked = unquote(str(response.request.url)) + repr(response.request.headers.multi_items())
    asked += response.request.content.decode()
    return {
        message
        for message, signature in made
        if any(shape in told and shape not in asked for shape in shapes(signature))
    }


@pytest.mark.parametrize(("method", "path"), PUBLIC)
async def test_no_public_answer_holds_a_signature_that_another_check_accepts(
    deployment: ASGIApp, made: list[tuple[bytes, bytes]], method: str, path: str
) -> None:
    transport = httpx.ASGITransport(deployment)
    async with httpx.AsyncClient(transport=transport, base_url="https://offload.example") as client:
        genuine = await _guest(client)
        for value in planted():
            for cookie in (value, genuine):
                made.clear()
                response = await client.request(method, _address(path, value), **_request(value, cookie))
                for message in holds(response, made):
                    purpose, _, key = message.partition(b"\0")
                    assert purpose in GUESTS, purpose
                    assert re.fullmatch(rb"[0-9a-f]{32}", key), key
                    assert value == "x" or value.encode() not in message


async def test_a_signature_in_an_answer_is_found(deployment: ASGIApp, made: list[tuple[bytes, bytes]]) -> None:
    transport = httpx.ASGITransport(deployment)
    async with httpx.AsyncClient(transport=transport, base_url="https://offload.example") as client:
        found = holds(await client.get("/console/sign-in"), made)
    assert {message.partition(b"\0")[0] for message in found} == {*GUESTS}
    signature = bytes(range(16))
    for before in range(4):
        assert any(shape in urlsafe_b64encode(b"z" * before + signature).decode() for shape in shapes(signature))


async def _guest(client: httpx.AsyncClient) -> str:
    """The cookie of a guest who has opened the form to sign in."""
    response = await client.get("/console/sign-in")
    client.cookies.clear()
    return response.headers["set-cookie"].partition("=")[2].partition(";")[0]


def _address(path: str, value: str) -> str:
    def place(found: re.Match[str]) -> str:
        return quote((*furnished().known.get(found[1], ()), value)[-2 if value == "x" else -1], safe="")

    return re.sub(r"{(\w+)(?::\w+)?}", place, path)


def _request(value: str, cookie: str) -> dict[str, Any]:
    """The value wherever a request can hold one."""
    headers = {
        "Cookie": f'__Host-offload-guest="{cookie}"; __Host-offload="{value}"; __Host-offload-said="{value}"',
        "Cf-Access-Jwt-Assertion": value,
        "X-Request-Id": value,
        "Accept-Language": value,
        "User-Agent": value,
        "Referer": value,
    }
    fields = dict.fromkeys(("csrf", "next", "secret", "choice", "List-Unsubscribe", "key"), value)
    query = dict.fromkeys(("next", "code", "exp", "sig", "sha256"), value)
    clean = {name: given.replace("\0", "_") for name, given in headers.items()}
    return {"headers": clean, "params": query, "data": fields}
