"""Unsubscribing: the link in a mail, what it stands for, and what can be chosen there.

The promise: a link names nobody and cannot be made up; it holds for the one person whose mail it came in, as long as
that person's row is kept. A choice, its event and its audit row are one transaction, and choosing twice is the same as
once. What a person did not choose here themselves they cannot undo here. Stopping is never refused; undoing it is
bounded a link and a network, so that nobody fills the trail by going back and forth.
"""

import binascii
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import StrEnum
from typing import NamedTuple

from core.signing import SIZE, is_genuine, signature
from runtime import rate_limit
from runtime.ports import Row
from runtime.services import Services
from runtime.settings import Settings
from sending import dispatch
from sending.persistence import persist
from store import events, suppressions

_PURPOSE = "unsubscribe"
_FORM = struct.Struct(">16sI")


class Choice(StrEnum):
    CATEGORY = "category"
    ALL = "all"
    UNDO = "undo"


class Reference(NamedTuple):
    """One person of one job."""

    job_id: str
    position: int


def link(settings: Settings, job_id: str, position: int) -> str:
    """The address for one person's mail. Raises `ConfigurationError` where a setting for it is missing."""
    content = _FORM.pack(bytes.fromhex(job_id.removeprefix("job_")), position)
    token = urlsafe_b64encode(content + signature(settings.signing_secret, _PURPOSE, content)).decode()
    return f"{settings.public_url}/u/{token}"


def read(settings: Settings, token: str) -> Reference | None:
    """Whom a token stands for; None where it is not ours."""
    try:
        raw = urlsafe_b64decode(token)
    except (binascii.Error, ValueError):
        return None
    content, given = raw[:-SIZE], raw[-SIZE:]
    # one spelling only: the decoder passes over characters that are not base64's
    if len(content) != _FORM.size or urlsafe_b64encode(raw).decode() != token:
        return None
    if not is_genuine(settings.signing_secrets, _PURPOSE, content, given):
        return None
    job, position = _FORM.unpack(content)
    return Reference(f"job_{job.hex()}", position)


async def find(services: Services, reference: Reference) -> Row | None:
    """The person as the page shows them; None where their row is no longer kept."""
    rows = await services.database.all(suppressions.subscriber(*reference))
    return rows[0] if rows else None


async def choose(
    services: Services, reference: Reference, subscriber: Row, choice: Choice, address: str | None
) -> None:
    """Do what the person chose, from this network address. Mail without a category is stopped altogether. Raises
    `RateLimited`."""
    if choice is Choice.UNDO:
        if not subscriber["can_undo"]:
            return
        await rate_limit.check(services.sign_in_limit, "undo", address)
    now = services.clock.now()
    category = subscriber["category"] if choice is Choice.CATEGORY else ""
    if choice is Choice.UNDO:
        statements = [
            events.resubscribed(*reference, now),
            suppressions.note_undo(*reference, now),
            suppressions.undo(*reference),
        ]
    else:
        statements = [
            events.unsubscribed(*reference, category, now),
            suppressions.note_unsubscribe(*reference, category, now),
            suppressions.unsubscribe(*reference, category, now),
        ]
    await persist(services, statements)
    await dispatch.kick_callbacks(services, subscriber["site_id"])
