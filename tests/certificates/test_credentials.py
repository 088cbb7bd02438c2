"""Open Badges 3.0 are accepted, and their revocation noticed, by a library that knows nothing of us."""

import gzip
import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import pytest
from joserfc import jws, jwt
from joserfc.jwk import OKPKey
from openbadgeslib.ob3.status import check_credential_status
from openbadgeslib.ob3.verifier import OB3VerificationError, OB3Verifier

from app import app
from certificates import codes
from certificates.credential import encoded
from store.credentials import LIST_SIZE
from tests.worlds.world import SITE, World

# RFC 9864 renames it; wallets still expect the older name
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")

CODE = codes.make(b"secret", SITE, None, "biology", "7", 1, {})
OTHER = codes.make(b"secret", SITE, None, "biology", "8", 1, {})


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A deployment with two certificates of one job."""
    world.settings |= {"PUBLIC_URL": "https://badges.example", "CREDENTIAL_KEY": "11" * 32}
    job_id = await world.draft(2)
    for code, ref in ((CODE, "7"), (OTHER, "8")):
        issue(world, job_id, code, ref)
    transport = httpx.ASGITransport(app(world.services))
    async with httpx.AsyncClient(transport=transport, base_url="https://badges.example") as made:
        yield made


def issue(world: World, job_id: str, code: str, ref: str) -> None:
    shown = {"title": "Biology", "issuer": "School", "holder": "Anna Müller"}
    world.database.query(
        """INSERT INTO certificates (code, site_id, job_id, position, ref, award, version, state, file, sha256, shown,
             issued_at, expires_at) VALUES (?, ?, ?, 0, ?, 'biology', 1, 'valid', 'k', 'h', ?, ?, ?)""",
        *(code, SITE, job_id, ref, json.dumps(shown), 1_795_000_000_000, 1_895_000_000_000),
    )


async def verified(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """The content of a credential, its signature checked as a wallet does: with the key of the did:web document."""
    document = (await client.get("/.well-known/did.json")).json()
    assert document["id"] == "did:web:badges.example"
    response = await client.get(path)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/vc+jwt")
    key_id = jws.extract_compact(response.content).protected["kid"]
    [key] = [each["publicKeyJwk"] for each in document["verificationMethod"] if each["id"] == key_id]
    assert key_id in document["assertionMethod"]
    token = jwt.decode(response.text, OKPKey.import_key(key), algorithms=["EdDSA"])
    return dict(token.claims)


async def test_a_wallet_can_check_a_badge_with_the_published_key(client: httpx.AsyncClient) -> None:
    badge = await verified(client, f"/credentials/{CODE}")
    assert badge["iss"] == badge["issuer"]["id"] == "did:web:badges.example"
    assert badge["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert badge["credentialSubject"]["achievement"]["name"] == "Biology"
    assert (badge["validFrom"], badge["nbf"]) == ("2026-11-18T11:06:40Z", 1_795_000_000)
    assert badge["exp"] == 1_895_000_000
    assert "7" not in [entry["identityHash"] for entry in badge["credentialSubject"]["identifier"]]


async def test_a_revocation_stands_in_the_signed_list_at_the_badges_own_place(
    client: httpx.AsyncClient, world: World
) -> None:
    async def revoked(code: str) -> bool:
        status = (await verified(client, f"/credentials/{code}"))["credentialStatus"]
        path = status["statusListCredential"].removeprefix("https://badges.example")
        listed = (await verified(client, path))["credentialSubject"]
        assert listed["statusPurpose"] == status["statusPurpose"] == "revocation"
        bits = gzip.decompress(urlsafe_b64decode(listed["encodedList"][1:] + "=="))
        place = int(status["statusListIndex"])
        return bool(bits[place // 8] >> 7 - place % 8 & 1)

    assert [await revoked(code) for code in (CODE, OTHER)] == [False, False]
    world.database.query("UPDATE certificates SET state = 'revoked' WHERE code = ?", OTHER)
    assert [await revoked(code) for code in (CODE, OTHER)] == [False, True]


def test_a_list_is_as_long_as_the_specification_wants_and_tells_nothing_of_its_content() -> None:
    bits = gzip.decompress(urlsafe_b64decode(encoded([0, 9])[1:] + "=="))
    assert len(bits) * 8 == LIST_SIZE
    assert bits[:2] == bytes([0b1000_0000, 0b0100_0000])
    assert not any(bits[2:])


@pytest.mark.parametrize("path", ["/credentials/0000-0000-0000-0000", "/credentials/x", "/credentials/status/7"])
async def test_what_is_not_there_is_a_404(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_an_independent_verifier_of_open_badges_accepts_the_badge_and_notices_its_revocation(
    client: httpx.AsyncClient, world: World
) -> None:
    world.database.query("UPDATE certificates SET state = 'superseded' WHERE code = ?", OTHER)
    paths = ("/.well-known/did.json", "/credentials/status/0")
    served = {f"https://badges.example{path}": (await client.get(path)).content for path in paths}
    verifier = OB3Verifier.for_issuer_did("did:web:badges.example", download=served.__getitem__)
    for code in (CODE, OTHER):
        badge = verifier.verify((await client.get(f"/credentials/{code}")).text)
        check = partial(
            check_credential_status, badge, served.__getitem__, verify_list=True, list_pubkey_pem=verifier.pubkey_pem
        )
        if code == CODE:
            check()
        else:
            with pytest.raises(OB3VerificationError, match="revocation"):
                check()


async def test_without_a_key_the_setting_is_named(client: httpx.AsyncClient, world: World) -> None:
    world.settings["CREDENTIAL_KEY"] = "too short"
    response = await client.get(f"/credentials/{CODE}")
    assert response.status_code == 409
    assert "CREDENTIAL_KEY" in response.text


async def test_badges_of_the_key_before_verify_still_and_new_ones_are_of_the_new_key(
    client: httpx.AsyncClient, world: World
) -> None:
    async def published() -> list[Any]:
        methods = (await client.get("/.well-known/did.json")).json()["verificationMethod"]
        for method in methods:
            assert method["id"] == f"did:web:badges.example#{OKPKey.import_key(method['publicKeyJwk']).thumbprint()}"
        return [method["publicKeyJwk"] for method in methods]

    async def verify(badge: str) -> None:
        served = {"https://badges.example/.well-known/did.json": (await client.get("/.well-known/did.json")).content}
        OB3Verifier.for_issuer_did("did:web:badges.example", download=served.__getitem__).verify(badge)

    async def badge() -> str:
        return (await client.get(f"/credentials/{CODE}")).text

    old, [old_key] = await badge(), await published()
    world.settings["CREDENTIAL_KEYS_PREVIOUS"] = old_key["x"]  # first, so that it is never missing
    assert await published() == [old_key]
    world.settings["CREDENTIAL_KEY"] = "22" * 32
    new, [new_key, listed] = await badge(), await published()
    assert listed == old_key
    assert jws.extract_compact(new.encode()).protected["kid"].endswith(OKPKey.import_key(new_key).thumbprint())
    for each in (old, new):
        await verify(each)
    await verified(client, f"/credentials/{CODE}")
    world.settings["CREDENTIAL_KEYS_PREVIOUS"] = ""
    await verify(new)
    with pytest.raises(OB3VerificationError):  # a key that leaked is left out: its badges are worthless
        await verify(old)


@pytest.mark.parametrize("value", ["11" * 32, "x", "A" * 44, "A" * 42 + "é"])
async def test_a_wrong_key_of_before_is_named(client: httpx.AsyncClient, world: World, value: str) -> None:
    world.settings["CREDENTIAL_KEYS_PREVIOUS"] = value
    response = await client.get("/.well-known/did.json")
    assert response.status_code == 409
    assert "CREDENTIAL_KEYS_PREVIOUS" in response.text
