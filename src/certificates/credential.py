"""Open Badges 3.0: each certificate as a verifiable credential that any wallet can check, without asking us.

The promise: a credential says what the paper says and no more of the person; it is signed with the deployment's Ed25519
key, which the `did:web` document publishes, with those before it; and whether it was revoked stands in a signed status
list.
Sources: 1EdTech Open Badges 3.0 (8.2, JWT proof format), W3C VC Data Model 2.0, Bitstring Status List 1.0, did:web.
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from core.times import moment
from runtime.ports import Crypto, Row
from runtime.settings import Settings
from store.credentials import LIST_SIZE

CONTEXT = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
]


class Issuer:
    """Who signs: this deployment, as `did:web` of its public address. Raises `ConfigurationError`."""

    def __init__(self, settings: Settings, crypto: Crypto) -> None:
        self.url = settings.public_url
        self.did = f"did:web:{quote(urlsplit(self.url).netloc, safe='.-')}"
        self._seed = settings.credential_key
        self._previous = settings.credential_keys_previous
        self._crypto = crypto

    async def document(self) -> dict[str, Any]:
        """What `/.well-known/did.json` serves: the key that signs first, then those that signed before it."""
        keys = dict.fromkeys([await self._public_key(), *self._previous])
        methods = [
            {
                "id": self._key_id(key),
                "type": "JsonWebKey2020",
                "controller": self.did,
                "publicKeyJwk": _jwk(key),
            }
            for key in keys
        ]
        return {
            "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1"],
            "id": self.did,
            "verificationMethod": methods,
            "assertionMethod": [method["id"] for method in methods],
        }

    async def badge(self, certificate: Row) -> str:
        """A certificate's row as a signed credential (VC-JWT)."""
        content = badge(certificate, self.url, self.did)
        claims = {"iss": self.did, "jti": content["id"], "nbf": certificate["issued_at"] // 1000}
        if certificate["expires_at"]:
            claims["exp"] = certificate["expires_at"] // 1000
        return await self._sign({**content, **claims})

    async def status_list(self, number: int, revoked: Iterable[int], now: int) -> str:
        """The signed list `number`; `revoked` are the indexes in it that are revoked or superseded."""
        content = {
            "@context": CONTEXT[:1],
            "id": f"{self.url}/credentials/status/{number}",
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": self.did,
            "validFrom": _time(now),
            "credentialSubject": {
                "id": f"{self.url}/credentials/status/{number}#list",
                "type": "BitstringStatusList",
                "statusPurpose": "revocation",
                "encodedList": encoded(revoked),
            },
        }
        return await self._sign({**content, "iss": self.did, "jti": content["id"], "nbf": now // 1000})

    async def _sign(self, payload: Mapping[str, Any]) -> str:
        header = {"alg": "EdDSA", "typ": "JWT", "kid": self._key_id(await self._public_key())}
        content = f"{_text(_json(header))}.{_text(_json(payload))}"
        return f"{content}.{_text(await self._crypto.sign_ed25519(self._seed, content.encode()))}"

    async def _public_key(self) -> bytes:
        return await self._crypto.ed25519_public_key(self._seed)

    def _key_id(self, key: bytes) -> str:
        """By the key's own thumbprint (RFC 7638), so that it keeps its name when it is no longer the one that signs."""
        return f"{self.did}#{_text(hashlib.sha256(_json(_jwk(key))).digest())}"


def _jwk(key: bytes) -> dict[str, str]:
    """With its members in the order that a thumbprint takes them in."""
    return {"crv": "Ed25519", "kty": "OKP", "x": _text(key)}


def badge(certificate: Row, url: str, did: str) -> dict[str, Any]:
    """The unsigned credential. The person is told by a salted hash of Moodle's reference, and by name only where the
    site shows names."""
    shown = json.loads(certificate["shown"])
    code, index = certificate["code"], certificate["status_index"]
    reference = hashlib.sha256(f"{certificate['ref']}{code}".encode()).hexdigest()
    content: dict[str, Any] = {
        "@context": CONTEXT,
        "id": f"{url}/credentials/{code}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": shown["title"],
        "issuer": {"id": did, "type": ["Profile"], "name": shown.get("issuer") or certificate["site_name"], "url": url},
        "validFrom": _time(certificate["issued_at"]),
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "hashed": True,
                    "identityHash": f"sha256${reference}",
                    "identityType": "accountId",
                    "salt": code,
                }
            ],
            "achievement": {
                "id": f"{url}/verify/{code}#achievement",
                "type": ["Achievement"],
                "name": shown["title"],
                "description": shown["title"],
                "criteria": {"narrative": shown["title"]},
            },
        },
        "evidence": [{"id": f"{url}/verify/{code}", "type": ["Evidence"], "name": "Verification page"}],
        "credentialStatus": {
            "id": f"{url}/credentials/status/{index // LIST_SIZE}#{index % LIST_SIZE}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": str(index % LIST_SIZE),
            "statusListCredential": f"{url}/credentials/status/{index // LIST_SIZE}",
        },
    }
    if certificate["expires_at"]:
        content["validUntil"] = _time(certificate["expires_at"])
    if shown.get("holder"):
        name = {"type": "IdentityObject", "hashed": False, "identityHash": shown["holder"], "identityType": "name"}
        content["credentialSubject"]["identifier"].append(name)
    return content


def encoded(indexes: Iterable[int]) -> str:
    """A bitstring with these bits set, the first bit leftmost: gzip, base64url, multibase."""
    bits = bytearray(LIST_SIZE // 8)
    for index in indexes:
        bits[index // 8] |= 0x80 >> index % 8
    return "u" + _text(gzip.compress(bits, mtime=0))


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _time(milliseconds: int) -> str:
    return moment(milliseconds // 1000 * 1000).isoformat().replace("+00:00", "Z")
