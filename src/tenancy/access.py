"""Cloudflare Access: who stands at the door, by the token that Access puts on each request it lets through.

The promise: nobody is anybody without a token that this team's published keys signed, for this application and for now;
whatever comes, the answer is one person's address or a typed refusal; and no flood of made-up tokens becomes a flood of
requests for keys.
developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core import bounded_json, der
from core.errors import AccessAbsent, AccessExpired, AccessUnproven, ConfigurationError, KeysUnavailable, TransportError
from core.folding import folded
from core.log import log
from runtime.ports import HttpRequest
from runtime.services import Services

LONGEST_TOKEN = 16_000  # characters; what a browser keeps in a cookie is a quarter of that
KEYS_LAST = 3_600_000  # ms; Access renews them every six weeks, and a retired one holds for a week
KEYS_AGAIN = 60_000  # ms between two requests for keys, whatever tokens name
LEEWAY = 60  # seconds that two clocks may differ
FETCH_TIMEOUT = 10.0
MOST_KEYS = 16
_PART = re.compile(r"[\w-]+", re.ASCII)
_NEVER = -KEYS_LAST
_LAST = 253_402_300_800  # seconds: the end of the year 9999


@dataclass
class _Keys:
    """A team's, as long as the isolate lives: SubjectPublicKeyInfo by key id."""

    by_id: Mapping[str, bytes] = field(default_factory=dict)
    fetched_at: int = _NEVER
    asked_at: int = _NEVER


_published: dict[str, _Keys] = {}


async def identify(services: Services, token: str) -> str:
    """The address of the person whom Access let through, in lower case. Raises an `AccessRefused`, `KeysUnavailable`,
    or `ConfigurationError` where Access is not set up."""
    settings = services.settings.access
    if settings is None:
        raise ConfigurationError("ACCESS_TEAM_DOMAIN", "is not set")
    if not token:
        raise AccessAbsent("there is no token of Cloudflare Access")
    domain, audience = settings
    try:
        claims = await _proven(services, domain, token)
        return _person(claims, f"https://{domain}", audience, services.clock.now() // 1000)
    except AccessUnproven as refusal:
        log("warning", "access token refused", reason=refusal.code)
        raise


async def _proven(services: Services, domain: str, token: str) -> dict[str, Any]:
    """What a token says that the team signed."""
    parts = token.split(".") if len(token) <= LONGEST_TOKEN else []
    if len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts):
        raise _unproven("malformed")
    header = _object(parts[0])
    # the one algorithm that Access uses; what a token says of it chooses nothing
    if header.get("alg") != "RS256" or "crit" in header:
        raise _unproven("algorithm")
    key = await _key(services, domain, str(header.get("kid")))
    signed, signature = f"{parts[0]}.{parts[1]}".encode(), _decoded(parts[2])
    try:
        genuine = await services.crypto.verify("RSA-SHA256", key, signature, signed)
    except ValueError:
        genuine = False
    if not genuine:
        raise _unproven("signature")
    return _object(parts[1])


def _person(claims: Mapping[str, Any], issuer: str, audience: str, now: int) -> str:
    """`now` in seconds."""
    if claims.get("iss") != issuer:
        raise _unproven("issuer")
    meant_for = claims.get("aud")
    if audience not in (meant_for if isinstance(meant_for, list) else [meant_for]):
        raise _unproven("audience")
    begins = max(_seconds(claims.get("nbf", 0)), _seconds(claims.get("iat", 0)))
    ends, email = _seconds(claims.get("exp")), claims.get("email")
    if begins > now + LEEWAY:
        raise _unproven("time")
    if ends <= now - LEEWAY:
        raise AccessExpired("the token of Cloudflare Access has expired")
    if not isinstance(email, str) or not re.fullmatch(r"[^\s@]+@[^\s@]+", email):  # a service token names nobody
        raise _unproven("nobody")
    return folded(email)


async def _key(services: Services, domain: str, key_id: str) -> bytes:
    now, keys = services.clock.now(), _published.setdefault(domain, _Keys())
    if (key_id not in keys.by_id or now - keys.fetched_at >= KEYS_LAST) and now - keys.asked_at >= KEYS_AGAIN:
        try:
            keys.by_id = await _fetch(services, domain)
            keys.fetched_at = now
        finally:
            keys.asked_at = now
    if now - keys.fetched_at >= KEYS_LAST:
        raise KeysUnavailable("the keys of Cloudflare Access could not be fetched")
    if key_id not in keys.by_id:
        raise _unproven("key")
    return keys.by_id[key_id]


async def _fetch(services: Services, domain: str) -> dict[str, bytes]:
    try:
        url = f"https://{domain}/cdn-cgi/access/certs"
        response = await services.fetch(HttpRequest("GET", url, timeout=FETCH_TIMEOUT))
        published = bounded_json.loads(response.body)["keys"] if response.status == 200 else []
        found = {key["kid"]: _public_key(key) for key in published[:MOST_KEYS] if key.get("kty") == "RSA"}
    except (TransportError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise KeysUnavailable(f"the keys of Cloudflare Access could not be fetched: {type(error).__name__}") from None
    if not found:
        raise KeysUnavailable(f"the keys of Cloudflare Access could not be fetched: {response.status}")
    return found


def _public_key(key: Mapping[str, Any]) -> bytes:
    return der.rsa_public_key(_decoded(key["n"]), _decoded(key["e"]))


def _unproven(code: str) -> AccessUnproven:
    return AccessUnproven(f"the token of Cloudflare Access is refused: {code}", code)


def _object(part: str) -> dict[str, Any]:
    try:
        found = bounded_json.loads(_decoded(part))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _unproven("malformed")
    return found


def _decoded(part: str) -> bytes:
    """Raises `ValueError`."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _seconds(value: Any) -> float:
    """Of a claim. What is no finite number compares with none: it would hold for ever."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not -_LAST < value < _LAST:
        raise _unproven("time")
    return value
