"""Two sites with companies in them, each with one of everything; kept as a template, so that every look starts anew.

What belongs to whom is marked in its names and addresses, and nobody else may ever be shown that or its ids.
"""

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import httpx

import queue_consumer
from console.sessions import COOKIE
from runtime.ports import Row, Statement, StoredObject
from tests.console.reader import Shown
from tests.doubles.bindings import DeliveredMessage, MemoryBucket
from tests.doubles.clock import ManualClock, SeededRandom
from tests.doubles.d1 import SqliteDatabase
from tests.worlds.api import MESSAGE, OPERATOR_TOKEN, Deployment, HeldToDocument
from tests.worlds.issuing import DESIGN, SETTINGS

HASHES = re.compile(r"\b[0-9a-f]{64}\b|hash:[\w-]+")
CERTIFICATE = {"design": DESIGN, "title": "Biology", "issuer": "School"}
# of each kind of id one that was never given to anything, as long as those that were
UNKNOWN = {
    "job": f"job_{'0' * 32}",
    "event": f"evt_{'0' * 32}_0",
    "code": "0000000000000000",
    "letter": "letter-00",
    "asset": "0" * 64,
    "site": f"site_{'0' * 32}",
    "token": f"tok_{'0' * 32}",
    "company": "company-00",
    "email": "person-00@people.example",
    "stopped": "stopped-00@people.example",
    "ref": "ref-00",
}


class WatchedDatabase(SqliteDatabase):
    """Knows what was asked of it."""

    def __init__(self) -> None:
        super().__init__(())
        self.asked: list[str] = []
        self.transactions_asked: list[list[str]] = []

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        before = len(self.asked)
        try:
            return await super().batch(statements)
        finally:
            self.transactions_asked.append(self.asked[before:])

    def _run(self, statement: Statement) -> list[Row]:
        self.asked.append(" ".join(statement.sql.split()))
        return super()._run(statement)


@dataclass
class WatchedBucket(MemoryBucket):
    touched: list[str] = field(default_factory=list)

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        self.touched.append(key)
        await super().put(key, data, content_type)

    async def get(self, key: str) -> StoredObject | None:
        self.touched.append(key)
        return await super().get(key)

    async def keys(self, prefix: str, limit: int = 1000) -> list[str]:
        self.touched.append(prefix)
        return await super().keys(prefix, limit)

    async def delete(self, keys: Any) -> None:
        self.touched += keys
        await super().delete(keys)


@dataclass
class Tenant:
    """A site as a whole (`company` None) or a company. `ids`: one of each kind that is theirs."""

    mark: str
    site: str
    token: str
    company: str | None = None
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        return f"{self.site}/{self.company.replace('-', '%2D') if self.company else '-'}/"


@dataclass
class Town:
    """`tenants` by mark; `tokens` of every caller, None for nobody."""

    tenants: dict[str, Tenant]
    tokens: dict[str, str | None]
    cookies: dict[str, str]  # of the sessions that their tokens began
    database: bytes
    rows: frozenset[str]
    files: dict[str, StoredObject]
    now: int
    counter: int

    def deployment(self) -> "Fresh":
        """As everything was when the town was built, whatever has been done to it since."""
        database = WatchedDatabase()
        database.connection.deserialize(self.database)
        database.connection.execute("PRAGMA foreign_keys = ON")
        database.connection.row_factory = sqlite3.Row
        random = SeededRandom()
        random.counter = self.counter
        fresh = Fresh(
            database=database, files=WatchedBucket(dict(self.files)), clock=ManualClock(self.now), random=random
        )
        fresh.values |= SETTINGS
        return fresh

    def foreign(self, caller: str) -> list[Tenant]:
        """Whose things the caller must not see."""
        seen = SEES[caller]
        return [tenant for mark, tenant in self.tenants.items() if mark not in seen]

    def hidden(self, caller: str) -> set[str]:
        """What must not reach the caller: names, addresses and ids of all that is not theirs."""
        own = {self.tenants[mark].site for mark in SEES[caller]}
        hidden: set[str] = set()
        for tenant in self.foreign(caller):
            hidden |= {f"-{tenant.mark}", tenant.token, *tenant.ids.values()}
            if tenant.company is None and tenant.site in own:
                hidden.remove(tenant.ids["asset"])  # a company uses the pictures of its site
        return hidden - own


# whose things each caller may see; the first of them is what they call their own
SEES: dict[str, str] = {
    "site a": "axy",
    "company x": "x",
    "company y": "y",
    "site b": "bz",
    "read-only a": "axy",
    "read-only x": "x",
    "operator": "axybz",
    "nobody": "",
}


@dataclass
class Fresh(Deployment):
    database: WatchedDatabase
    files: WatchedBucket

    def http(self, token: str | None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(
            transport=HeldToDocument(self.services()), base_url="https://offload.example", headers=headers
        )


async def build() -> Town:
    deployment = Deployment()
    deployment.values |= SETTINGS
    tenants: dict[str, Tenant] = {}
    async with deployment.clients:
        operator = await deployment.client(OPERATOR_TOKEN)
        for mark in "ab":
            tenants[mark] = await _site(operator, mark)
        for mark, site in (("x", "a"), ("y", "a"), ("z", "b")):
            tenants[mark] = await _company(operator, tenants[site], mark)
        for tenant in tenants.values():
            await _furnish(deployment, await deployment.client(tenant.token), tenant)
        tokens: dict[str, str | None] = {"operator": OPERATOR_TOKEN, "nobody": None}
        for caller, mark in (("site a", "a"), ("company x", "x"), ("company y", "y"), ("site b", "b")):
            tokens[caller] = tenants[mark].token
        for caller, company in (("read-only a", None), ("read-only x", tenants["x"].company)):
            body = {"name": caller, "company": company, "read_only": True}
            made = await operator.post(f"/v1/sites/{tenants['a'].site}/tokens", json=body)
            tokens[caller] = made.json()["token"]
        cookies = {caller: await _signed_in(deployment, token) for caller, token in tokens.items()}
    return Town(
        tenants,
        tokens,
        cookies,
        deployment.database.connection.serialize(),
        rows(deployment.database),
        deployment.files.objects,
        deployment.clock.now(),
        deployment.random.counter,
    )


async def _site(operator: httpx.AsyncClient, mark: str) -> Tenant:
    body = {
        "name": f"Site {mark}",  # a site's companies are told it
        "from": {"email": f"office@{mark}.example"},
        "callback_url": f"https://{mark}.example/hook",
    }
    made = (await operator.post("/v1/sites", json=body)).json()
    return Tenant(mark * 2, made["id"], made["token"])


async def _signed_in(deployment: Deployment, secret: str | None) -> str:
    """The cookie of a session of the console; of nobody's, an empty one."""
    browser = await deployment.client(None)
    form = await browser.get("/console/sign-in")
    csrf = dict(Shown(form).form("Sign in").fields)["csrf"]
    response = await browser.post("/console/sign-in", data={"csrf": csrf, "secret": secret or "", "next": ""})
    assert response.status_code == (303 if secret else 401), response.text
    return str(response.cookies.get(COOKIE, "")).strip('"')


async def _company(operator: httpx.AsyncClient, site: Tenant, mark: str) -> Tenant:
    company = f"company-{mark}{mark}"
    body = {"name": company, "company": company}
    made = (await operator.post(f"/v1/sites/{site.site}/tokens", json=body)).json()
    return Tenant(mark * 2, site.site, made["token"], company, {"company": company, "token": made["id"]})


async def _furnish(deployment: Deployment, client: httpx.AsyncClient, tenant: Tenant) -> None:
    """One of everything."""
    mark = tenant.mark
    person = {"ref": f"ref-{mark}", "email": f"person-{mark}@people.example", "name": f"Person -{mark}"}
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="{ord(mark[0])}" height="9"/></svg>'
    )
    asset = (await client.post("/v1/assets", content=picture)).json()["name"]
    if tenant.company:
        settings = {"reply_to": {"email": f"help-{mark}@people.example"}, "logo": asset}
        assert (await client.put(f"/v1/companies/{tenant.company}", json=settings)).status_code == 200
    image = {"type": "image", "asset": asset, "x": 1, "y": 1, "width": 9, "height": 9}
    elements = [*DESIGN["pages"][0]["elements"], image]
    certificate = {**CERTIFICATE, "award": f"award-{mark}", "design": DESIGN | {"pages": [{"elements": elements}]}}
    body = {
        "kind": "certificate",
        "name": f"Job -{mark}",
        "message": MESSAGE | {"variables": {"course": f"Course -{mark}"}},
        "certificate": certificate,
        "recipients": [person],
        "start": True,
    }
    response = await client.post("/v1/jobs", json=body)
    assert response.status_code == 201, response.text
    job = response.json()["id"]
    while deployment.batches.sent:
        message, _ = deployment.batches.sent.popleft()
        await queue_consumer.consume(deployment.services(), [DeliveredMessage(message)])
    mails = {"kind": "email", "name": f"Mails -{mark}", "message": MESSAGE, "recipients": [person], "start": True}
    buried, letter = (await client.post("/v1/jobs", json=mails)).json()["id"], f"letter-{mark}"
    deployment.batches.sent.clear()
    dead = DeliveredMessage({"job": buried, "batch": 0, "reason": f"reason -{mark}"}, id=letter)
    await queue_consumer.dead_letter(deployment.services(), [dead])
    deployment.callbacks.sent.clear()
    stopped = {"email": f"stopped-{mark}@people.example", "detail": f"Detail -{mark}"}
    assert (await client.post("/v1/suppressions", json=stopped)).status_code == 200
    [code] = [row["code"] for row in (await client.get(f"/v1/certificates?job={job}")).json()["certificates"]]
    event = (await client.get(f"/v1/callbacks?job={job}")).json()["callbacks"][0]["id"]
    rows = deployment.database.query("SELECT id FROM tokens WHERE site_id = ? AND company IS NULL", tenant.site)
    tenant.ids |= {
        "job": job,
        "failed job": buried,
        "code": code,
        "event": event,
        "letter": letter,
        "asset": asset,
        "site": tenant.site,
        "email": person["email"],
        "stopped": stopped["email"],
        "ref": person["ref"],
    }
    tenant.ids.setdefault("token", rows[0]["id"])


@dataclass(frozen=True)
class Seen:
    """All that anybody could tell of a request: the answer, what was asked of database and store, what was logged."""

    status: int
    headers: Mapping[str, str]
    body: str
    statements: tuple[str, ...]
    files: tuple[str, ...]
    log: str
    changed: frozenset[str]  # rows that the request added or took away

    def but_for(self, id: str) -> "Seen":
        """The same with a placeholder for the id that was asked for, and for what it hashes to."""
        forms = {id, json.dumps(id)[1:-1], quote(id), quote(id, safe=""), quote(quote(id, safe=""))} - {""}

        def without(text: str) -> str:
            for form in forms:
                text = text.replace(form, "<id>")
            return text

        return replace(
            self,
            headers={name: without(value) for name, value in self.headers.items()},
            body=without(self.body),
            files=tuple(map(without, self.files)),
            log=without(self.log),
            changed=frozenset(HASHES.sub("<hash>", without(row)) for row in self.changed),
        )


def rows(database: SqliteDatabase) -> frozenset[str]:
    """Everything in the database."""
    tables = [row["name"] for row in database.query("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return frozenset(
        f"{table} {json.dumps(row)}" for table in tables for row in database.query(f"SELECT * FROM {table}")
    )
