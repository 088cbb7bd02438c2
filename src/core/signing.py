"""Signatures of addresses that we hand out.

The promise: nobody can make one without the secret, one made for a purpose is worth nothing for another, and refusing
a wrong one takes the same time whatever is wrong with it. What was signed with the previous secret still counts.
"""

import hmac
from collections.abc import Iterable

SIZE = 16  # bytes: 128 bits cannot be guessed


def signature(secret: bytes, purpose: str, content: bytes) -> bytes:
    return hmac.digest(secret, purpose.encode() + b"\0" + content, "sha256")[:SIZE]


def is_genuine(secrets: Iterable[bytes], purpose: str, content: bytes, given: bytes) -> bool:
    """Whether one of these secrets made the signature."""
    return any(hmac.compare_digest(signature(secret, purpose, content), given) for secret in secrets)
