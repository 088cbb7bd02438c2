"""Access tokens of a site: made, rotated, revoked.

The promise: a token is told once, when it is made; and every change leaves its audit row in its own transaction.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from core import problems
from core.problems import Problem
from runtime.ports import Parameter, Random, Row
from runtime.services import Services
from store import audit, tokens
from store.audit import Entry

DAY = 86_400_000


class NewToken(NamedTuple):
    """`token`: itself, which is kept nowhere."""

    row: Row
    token: str


def new_id(kind: str, random: Random) -> str:
    return f"{kind}_{random.token(16).hex()}"


def new_token(random: Random) -> str:
    return "cot_" + base64.urlsafe_b64encode(random.token(32)).decode().rstrip("=")


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def create(
    services: Services, site_id: str, name: str, company: str | None, read_only: bool, entry: Entry
) -> NewToken:
    """Raises a `Problem` where there is no such site."""
    token_id, token = new_id("tok", services.random), new_token(services.random)
    after: Mapping[str, Parameter | bool] = {"name": name, "company": company, "read_only": read_only}
    noted = entry._replace(target=token_id, site_id=site_id, company=company, detail={"before": None, "after": after})
    now = services.clock.now()
    rows, _ = await services.database.batch(
        [
            tokens.insert(site_id, token_id, hash_of(token), name, company, now, read_only=read_only),
            audit.insert_for_site(noted),
        ]
    )
    if not rows:
        raise Problem(problems.UNKNOWN_SITE, "There is no site with this id.")
    return NewToken(rows[0], token)


async def find(services: Services, site_id: str, token_id: str) -> Row:
    """Raises a `Problem` where it is not the site's."""
    return _the_token(await services.database.all(tokens.find(site_id, token_id)))


async def rotate(services: Services, site_id: str, token_id: str, entry: Entry) -> NewToken:
    """A successor; the old one opens what it does for a day more. Raises a `Problem` where it has one already."""
    successor, token = new_id("tok", services.random), new_token(services.random)
    now = services.clock.now()
    detail = {"expires_at": now + DAY, "successor": successor}
    noted = entry._replace(target=token_id, site_id=site_id, detail=detail)
    found, rows, *_ = await services.database.batch(
        [
            tokens.find(site_id, token_id),
            tokens.insert_successor(site_id, token_id, successor, hash_of(token), now),
            audit.insert_token_change(noted, lasting=True),
            tokens.expire(site_id, token_id, now + DAY),
        ]
    )
    _the_token(found)
    if not rows:
        raise Problem(problems.TOKEN_EXPIRING, "It has a successor, or has expired. Rotate that one, or create one.")
    return NewToken(rows[0], token)


async def delete(services: Services, site_id: str, token_id: str, entry: Entry) -> None:
    """It opens nothing from now on. Raises a `Problem` where it is not the site's."""
    noted = entry._replace(target=token_id, site_id=site_id)
    _, rows = await services.database.batch([audit.insert_token_change(noted), tokens.delete(site_id, token_id)])
    _the_token(rows)


def _the_token(rows: list[Row]) -> Row:
    if not rows:
        raise Problem(problems.UNKNOWN_TOKEN, "There is no token with this id in this site.")
    return rows[0]
