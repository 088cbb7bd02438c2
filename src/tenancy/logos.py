"""The address of a company's uploaded logo, for its mails.

The promise: it cannot be made up, so that nobody finds out what was uploaded; and it shows that one picture and nothing
else of the site.
"""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from certificates.files import asset_key
from core.signing import SIZE, is_genuine, signature
from runtime.ports import StoredObject
from runtime.services import Services
from runtime.settings import Settings
from store import assets

_PURPOSE = "logo"


class Logo(NamedTuple):
    """A picture as a company names it: its own, or else one of its site."""

    site_id: str
    company: str
    name: str


def url(settings: Settings, logo: Logo) -> str:
    """Raises `ConfigurationError` where a setting for it is missing."""
    content = json.dumps(logo).encode()
    token = urlsafe_b64encode(signature(settings.signing_secret, _PURPOSE, content) + content).decode().rstrip("=")
    return f"{settings.public_url}/logo/{token}"


def read(settings: Settings, token: str) -> Logo | None:
    """What a token stands for; None where it is not ours."""
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    given, content = raw[:SIZE], raw[SIZE:]
    return Logo(*json.loads(content)) if is_genuine(settings.signing_secrets, _PURPOSE, content, given) else None


async def is_uploaded(services: Services, logo: Logo) -> bool:
    """Whether it is there, and a picture."""
    for owner in (logo.company, None):
        rows = await services.database.all(assets.find(logo.site_id, owner, logo.name))
        if rows:
            return str(rows[0]["type"]).startswith("image/")
    return False


async def fetch(services: Services, logo: Logo) -> StoredObject | None:
    for owner in (logo.company, None):
        found = await services.files.get(asset_key(logo.site_id, owner, logo.name))
        if found:
            return found
    return None
