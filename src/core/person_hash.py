"""Hashes that stand for a person: in suppressions of an address that was erased, and in the audit trail.

The promise: without the site's own key nobody can make one or try addresses against it, and those of two sites have
nothing in common. The key is the site's for ever: a suppression has to outlive every secret of the deployment.
"""

import hmac
from base64 import urlsafe_b64encode

from core.folding import folded

PREFIX = "hash:"  # no address has a colon in it
_SIZE = 16  # bytes


def of_address(site_key: str, email: str) -> str:
    """Of an address as `recipients` has it; capitals do not matter. `site_key`: the site's `address_key`."""
    return _hash(site_key, b"address\0", folded(email))


def of_ref(site_key: str, ref: str) -> str:
    return _hash(site_key, b"ref\0", ref)


def _hash(site_key: str, purpose: bytes, text: str) -> str:
    digest = hmac.digest(bytes.fromhex(site_key), purpose + text.encode(), "sha256")
    return PREFIX + urlsafe_b64encode(digest[:_SIZE]).decode().rstrip("=")
