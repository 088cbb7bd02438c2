"""The addresses that a certificate has: the page that verifies it, and the file, for whoever was sent the link.

The promise: a link to a file cannot be made up, and ends when it says.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

from core.signing import is_genuine, signature
from runtime.settings import Settings

DAY = 86_400_000  # milliseconds
_PURPOSE = "certificate-file"


def verify_url(public_url: str, code: str) -> str:
    return f"{public_url}/verify/{code}"


def download_url(settings: Settings, code: str, until: int) -> str:
    """Good until a time in milliseconds, to the second. Raises `ConfigurationError`."""
    ends = str(until // 1000)
    signed = urlsafe_b64encode(signature(settings.signing_secret, _PURPOSE, _content(code, ends))).decode().rstrip("=")
    return f"{settings.public_url}/c/{code}.pdf?exp={ends}&sig={signed}"


def is_ours(settings: Settings, code: str, ends: str, signed: str) -> bool:
    """Whether we made this link, be it still good or not."""
    try:
        given = urlsafe_b64decode(signed + "=" * (-len(signed) % 4))
    except (binascii.Error, ValueError):
        given = b""
    return is_genuine(settings.signing_secrets, _PURPOSE, _content(code, ends), given)


def _content(code: str, ends: str) -> bytes:
    return f"{code}\0{ends}".encode()
