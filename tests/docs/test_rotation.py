"""Secrets are replaced while everything runs, by the commands of docs/security.md, one after the other."""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey
from joserfc.jws import extract_compact

from app import app
from certificates import codes
from runtime.settings import Settings
from suppressions import unsubscribe
from tests.certificates.test_credentials import issue
from tests.docs.reading import blocks, read, section
from tests.worlds.world import MESSAGE, SITE, World

PAGE = read("docs/security.md")
# RFC 9864 renames EdDSA; wallets still expect the older name
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


class Operator:
    """Whoever follows the page: what wrangler would keep is in `values`, and counts from the next request on."""

    def __init__(self, world: World) -> None:
        self.values = {
            "PUBLIC_URL": "https://offload.example",
            "OPERATOR_TOKEN": secrets.token_urlsafe(32),
            "SIGNING_SECRET": secrets.token_urlsafe(32),
            "CREDENTIAL_KEY": secrets.token_hex(32),
        }
        self.shell = {**os.environ, "OLD_SIGNING_SECRET": self.values["SIGNING_SECRET"]}
        self.world = world
        world.services = replace(world.services, settings=Settings(self.values))

    def commands(self, heading: str) -> list[str]:
        return [line for block in blocks(section(PAGE, heading), "bash") for line in block.text.splitlines()]

    def run(self, command: str) -> None:
        """A command that sets something; any other is not run."""
        if exported := re.fullmatch(r"export (\w+)=\$\((.+)\)", command):
            self.shell[exported[1]] = self._output(exported[2])
        elif put := re.fullmatch(r"(.+) \| npx wrangler secret put (\w+)", command):
            self.values[put[2]] = self._output(put[1])
        elif deleted := re.fullmatch(r"npx wrangler secret delete (\w+)", command):
            del self.values[deleted[1]]

    def _output(self, command: str) -> str:
        command = re.sub(r"^python3", sys.executable, command)
        done = subprocess.run(["bash", "-c", command], env=self.shell, capture_output=True, text=True, check=True)
        return done.stdout.strip()


@pytest.fixture
def operator(world: World) -> Operator:
    return Operator(world)


@pytest.fixture
async def client(operator: Operator) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app(operator.world.services))
    async with httpx.AsyncClient(transport=transport, base_url="https://offload.example") as made:
        yield made


async def test_links_work_while_the_signing_secret_is_replaced(
    world: World, operator: Operator, client: httpx.AsyncClient
) -> None:
    job = await world.draft(1, content={"message": MESSAGE, "unsubscribe": True})
    old = unsubscribe.link(world.services.settings, job, 0)
    previous, new, delete = operator.commands("The signing secret")
    for command in (previous, new):
        operator.run(command)
        for link in (old, unsubscribe.link(world.services.settings, job, 0)):
            assert (await client.get(link)).status_code == 200, command
    assert unsubscribe.link(world.services.settings, job, 0) != old
    operator.run(delete)
    assert (await client.get(old)).status_code == 404
    assert (await client.get(unsubscribe.link(world.services.settings, job, 0))).status_code == 200


async def test_badges_verify_while_the_credential_key_is_replaced(
    world: World, operator: Operator, client: httpx.AsyncClient
) -> None:
    code = codes.make(b"secret", SITE, None, "biology", "7", 1, {})
    issue(world, await world.draft(1), code, "7")

    async def verify(badge: str) -> None:
        document = (await client.get("/.well-known/did.json")).json()
        key_id = extract_compact(badge.encode()).protected["kid"]
        [key] = [method["publicKeyJwk"] for method in document["verificationMethod"] if method["id"] == key_id]
        jwt.decode(badge, OKPKey.import_key(key), algorithms=["EdDSA"])

    async def badge() -> str:
        return (await client.get(f"/credentials/{code}")).text

    old = await badge()
    look, deploy, put = operator.commands("The credential key")
    path = look.removeprefix('curl "$URL').removesuffix('"')
    operator.values["CREDENTIAL_KEYS_PREVIOUS"] = (await client.get(path)).json()["verificationMethod"][0][
        "publicKeyJwk"
    ]["x"]
    assert deploy == "make deploy"
    for command in (deploy, put):
        operator.run(command)
        for each in (old, await badge()):
            await verify(each)
    assert extract_compact((await badge()).encode()).protected["kid"] != extract_compact(old.encode()).protected["kid"]


async def test_the_operators_token_is_another_one_at_once(operator: Operator, client: httpx.AsyncClient) -> None:
    async def status(token: str) -> int:
        return (await client.get("/v1/sites", headers={"Authorization": f"Bearer {token}"})).status_code

    old = operator.values["OPERATOR_TOKEN"]
    assert await status(old) == 200
    for command in operator.commands("The operator's token"):
        operator.run(command)
    assert await status(old) == 401
    assert await status(operator.shell["OFFLOAD_OPERATOR_TOKEN"]) == 200
