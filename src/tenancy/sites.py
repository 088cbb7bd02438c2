"""Sites: provisioned, set, shut out and let in again.

The promise: a token and a callback secret are told once, and every change leaves its audit row in its own transaction.
"""

from collections.abc import Mapping
from typing import NamedTuple

from callbacks import replays, signatures
from core import problems, times
from core.problems import Problem
from core.scope import Scope
from runtime.ports import Parameter, Row, Statement
from runtime.services import Services
from sending import dispatch
from store import audit, callbacks, sites
from store import tokens as token_rows
from store.audit import Entry
from tenancy.tokens import DAY, hash_of, new_id, new_token

DEFAULTS: dict[str, Parameter] = {
    "provider": "sandbox",
    "send_rate": None,
    "sender_email": None,
    "sender_name": "",
    "senders": "",
    "callback_url": None,
    "callback_success": "echo",
    "daily_quota": None,
    "failure_limit": 0.2,
    "keep_people_days": None,
    "keep_certificate_years": None,
}


class NewSite(NamedTuple):
    """With its first token and its callback secret."""

    row: Row
    token: str
    secret: str


async def create(services: Services, settings: Mapping[str, Parameter], entry: Entry) -> NewSite:
    """`settings`: by column; what is not named is as in `DEFAULTS`."""
    values, random, now = {**DEFAULTS, **settings}, services.random, services.clock.now()
    site_id, token_id = new_id("site", random), new_id("tok", random)
    token, secret = new_token(random), signatures.new_secret(random)
    noted = entry._replace(target=site_id, site_id=site_id, detail={"before": None, "after": values})
    rows, *_ = await services.database.batch(
        [
            sites.insert(values, site_id, secret, now),
            token_rows.insert(site_id, token_id, hash_of(token), "first", None, now),
            audit.insert(noted),
        ]
    )
    return NewSite(rows[0], token, secret)


async def find(services: Services, site_id: str) -> Row:
    """Raises a `Problem` where there is none, as everything here does."""
    return _the_site(await services.database.all(sites.find(site_id)))


async def change(services: Services, site_id: str, changes: Mapping[str, Parameter], entry: Entry) -> Row:
    """Set these columns. A callback URL that is set is on again, and what waited for it goes out."""
    reopens, now = "callback_url" in changes, services.clock.now()
    reopened = [callbacks.unpark(site_id, now), *replays.end_waiting(Scope(site_id), now)] if reopens else []
    row = await _changed(services, site_id, changes, entry, [sites.update(site_id, changes), *reopened])
    if reopens:
        await dispatch.kick_callbacks(services, site_id)
    return row


async def disable(services: Services, site_id: str, entry: Entry) -> Row:
    """Its tokens open nothing, and its callbacks wait."""
    return await _changed(services, site_id, {"disabled": True}, entry, [sites.disable(site_id, services.clock.now())])


async def enable(services: Services, site_id: str, entry: Entry) -> Row:
    statements = [sites.enable(site_id), callbacks.unpark(site_id, services.clock.now())]
    row = await _changed(services, site_id, {"disabled": False}, entry, statements)
    await dispatch.kick_callbacks(services, site_id)
    return row


async def rotate_callback_secret(services: Services, site_id: str, entry: Entry) -> tuple[Row, str]:
    """The new one; the old one signs as well for a day more. Raises a `Problem` while one before it still does: of
    three secrets one would stop without a word, and it may be the one that the receiver knows."""
    secret, now = signatures.new_secret(services.random), services.clock.now()
    note = audit.insert_secret_rotation(entry._replace(at=now, target=site_id, site_id=site_id))
    statement = sites.rotate_callback_secret(site_id, secret, now + DAY, now)
    before, _, rows = await services.database.batch([sites.rotating_until(site_id), note, statement])
    _the_site(before)
    if not rows:
        until = times.rfc3339(before[0]["previous_secret_until"])
        raise Problem(problems.SECRET_ROTATING, f"The secret before this one signs until {until}. Wait until then.")
    return rows[0], secret


async def _changed(
    services: Services, site_id: str, after: Mapping[str, Parameter], entry: Entry, statements: list[Statement]
) -> Row:
    """The site after the first of `statements`, which returns it."""
    note = audit.insert_site_change(entry._replace(target=site_id, site_id=site_id, detail=after))
    _, rows, *_ = await services.database.batch([note, *statements])
    return _the_site(rows)


def _the_site(rows: list[Row]) -> Row:
    if not rows:
        raise Problem(problems.UNKNOWN_SITE, "There is no site with this id.")
    return rows[0]
