"""Signing of callbacks after the Standard Webhooks specification, 1.0.0.

The promise: any receiver built on that specification verifies us: `webhook-id` stays the same over every attempt,
`webhook-timestamp` is the attempt's, `webhook-signature` holds one signature for each secret that is valid now, so
that a secret is changed without a lost callback.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from core.errors import ConfigurationError
from runtime.ports import Random

PREFIX = "whsec_"
# the specification's bounds, in bytes
SHORTEST, LONGEST = 24, 64


def new_secret(random: Random) -> str:
    """A secret as it is shown once to the receiver: `whsec_` and the base64 of 32 random bytes."""
    return PREFIX + base64.b64encode(random.token(32)).decode()


def key_of(secret: str) -> bytes:
    """The bytes to sign with. Raises `ConfigurationError`, which never repeats the secret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise ConfigurationError(
            "callback_secret", f"must be {PREFIX} followed by the base64 of {SHORTEST} to {LONGEST} bytes"
        )
    return key


def headers(event_id: str, timestamp: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The three headers of one attempt at `timestamp` (seconds since 1970), signed with every one of `secrets`."""
    signed = b"%s.%d.%s" % (event_id.encode(), timestamp, body)
    digests = [hmac.new(key_of(secret), signed, hashlib.sha256).digest() for secret in secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests),
    }
