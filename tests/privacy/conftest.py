"""A deployment with people in jobs, certificates and suppressions, and a look at what is left of one of them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from core.scope import Scope
from mail.compose import idempotency_key
from privacy import actions as privacy
from privacy.person import START, Person
from providers import sandbox
from store.audit import Entry
from tests.certs.conftest import files
from tests.doubles.bucket import FaultyBucket
from tests.worlds.issuing import CERTIFICATE, LINKED
from tests.worlds.world import SITE, World

__all__ = ["files"]

ZOE: dict[str, Any] = {
    "ref": "zoe-4711",
    "email": "Zoe.Lukasik@Example.org",
    "name": "Zoë Łukasik",
    "variables": {"course": "Blue cheese"},
}
EMAIL = "zoe.lukasik@example.org"
OTHER: dict[str, Any] = {"ref": "li-4712", "email": "li@example.org", "name": "Li", "variables": {"course": "Tea"}}
# whatever is left of her
TRACES = ("zoe-4711", "lukasik", "łukasik", "zoë", "blue cheese")
BOTH = Person.named(ZOE["ref"], ZOE["email"])


def noted(target: str, detail: Mapping[str, Any], *, at: int = 0, company: str | None = None) -> Entry:
    return Entry(at, "tok_1", "site", "privacy.erase", target, None, SITE, company, detail)


async def erase(
    world: World, person: Person = BOTH, scope: Scope | None = None, *, dry_run: bool = False
) -> dict[str, int]:
    """Until it is done; the counts of all calls together."""
    place, counts = START, dict.fromkeys(privacy.KINDS, 0)
    for _ in range(100):
        part = await privacy.erase(world.services, scope or world.scope, person, noted, place, dry_run=dry_run)
        counts = {kind: counts[kind] + part.counts[kind] for kind in counts}
        if part.next is None:
            return counts
        place = part.next
    raise AssertionError("there is no end to it")


async def export(world: World, person: Person = BOTH, scope: Scope | None = None) -> dict[str, list[dict[str, Any]]]:
    """All pages as one."""
    place, document = START, dict[str, list[dict[str, Any]]]()
    for _ in range(100):
        page = await privacy.export(world.services, scope or world.scope, person, noted, place)
        for name, items in page.document.items():
            document.setdefault(name, []).extend(items)
        if page.next is None:
            return document
        place = page.next
    raise AssertionError("there is no end to it")


def everything(world: World) -> dict[str, str]:
    """All that is stored, as text: every table by its name, and the files."""
    tables = [row["name"] for row in world.database.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
    texts = {
        table: json.dumps(world.database.query(f"SELECT * FROM {table}"), ensure_ascii=False, default=str)
        for table in tables
    }
    assert isinstance(world.services.files, FaultyBucket)
    return texts | {"files": json.dumps(sorted(world.services.files.objects))}


def places_of(world: World, traces: Sequence[str] = TRACES) -> list[str]:
    """The tables in which something of a person stands."""
    found = everything(world).items()
    return sorted(table for table, text in found if any(trace in text.lower() for trace in traces))


def mail_of(world: World, job: str, ref: str) -> str:
    """Where the sandbox keeps a mail."""
    [content] = world.database.query("SELECT version FROM job_contents WHERE job_id = ?", job)
    return sandbox.file_of(SITE, job, idempotency_key(SITE, job, ref, content["version"]))


@pytest.fixture
async def school(world: World, files: FaultyBucket) -> World:  # noqa: ARG001 - certificates can be issued with it
    """Zoë and Li: mailed in one job, certified in another, waiting in a third; Zoë unsubscribed, and bounced before."""
    job = await world.job([ZOE, OTHER])
    await world.work()
    for who in (ZOE, OTHER):
        await world.services.files.put(mail_of(world, job, who["ref"]), b"To: ...", "message/rfc822")
    content = {"message": LINKED, "certificate": CERTIFICATE}
    await world.job([OTHER, ZOE], kind="certificate", content=content)
    await world.work()
    await world.draft([ZOE, OTHER])
    world.database.query(
        """INSERT INTO suppressions (site_id, email, category, reason, detail, created_at)
           VALUES (?, ?, 'news', 'unsubscribe', 'Zoë wrote', 1)""",
        *(SITE, EMAIL),
    )
    world.database.query("INSERT INTO soft_bounces VALUES (?, ?, 2, ?)", SITE, EMAIL, world.clock.now())
    return world
