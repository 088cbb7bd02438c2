"""A deployment that has something of everything, so that made-up requests also meet what is there."""

import asyncio
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

from starlette.types import ASGIApp

import queue_consumer
from app import app
from delivery_events import SOURCES
from suppressions import unsubscribe
from tenancy import logos
from tests.api.test_assets import SVG
from tests.api.test_certificates import JOB
from tests.doubles.bindings import DeliveredMessage
from tests.doubles.crypto import p256_key, spki
from tests.doubles.d1 import SqliteDatabase
from tests.worlds.api import NEW_JOB, OPERATOR_TOKEN, Deployment, person
from tests.worlds.issuing import SETTINGS

VALUES = SETTINGS | {
    "OPERATOR_TOKEN": OPERATOR_TOKEN,
    "CREDENTIAL_KEY": "11" * 32,
    "SENDGRID_WEBHOOK_KEY": spki(p256_key("sendgrid")).hex(),
    "MAILGUN_SIGNING_KEY": "key",
    "RESEND_WEBHOOK_SECRET": "whsec_" + "A" * 43 + "=",
    "SES_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:mail",
}


@dataclass(frozen=True)
class Furnished:
    """`tokens` by role, "" for nobody's; `known`: what is there, by the name of a path's parameter."""

    database: bytes
    files: dict[str, Any]
    tokens: dict[str, str]
    known: dict[str, tuple[str, ...]]

    def serve(self) -> ASGIApp:
        """A copy of its own."""
        return app(self.copy().services())

    def copy(self) -> Deployment:
        copy = Deployment(SqliteDatabase(()), values=dict(VALUES))
        copy.database.connection.deserialize(self.database)
        copy.files.objects = deepcopy(self.files)
        copy.random.seed = "fuzz"
        return copy


@cache
def furnished() -> Furnished:
    return asyncio.run(_furnish())


async def _furnish() -> Furnished:
    deployment = Deployment(values=dict(VALUES))
    operator = await deployment.client(OPERATOR_TOKEN)

    async def post(client: Any, path: str, body: Any = None, **more: Any) -> Any:
        response = await client.post(path, json=body, **more)
        assert response.is_success, response.text
        return response.json()

    made = await post(operator, "/v1/sites", {"name": "Campus", "from": {"email": "a@campus.example"}})
    tokens = {"nobody": "", "operator": OPERATOR_TOKEN, "site": made["token"]}
    for role, fields in (("company", {"company": "Acme"}), ("read_only", {"read_only": True})):
        tokens[role] = (await post(operator, f"/v1/sites/{made['id']}/tokens", {"name": role, **fields}))["token"]
    site = await deployment.client(tokens["site"])
    await site.put("/v1/companies/Acme", json={"colour": "#1a2b3c"})
    people = [person(number, variables={"title": "x"}) for number in range(3)]
    asset = await site.post("/v1/assets", content=SVG, headers={"Content-Type": "image/svg+xml"})
    draft, sent, dead, certificates = [
        (await post(site, "/v1/jobs", body | {"recipients": people}))["id"]
        for body in (NEW_JOB, NEW_JOB, NEW_JOB | {"company": "Acme"}, JOB)
    ]
    for job in (sent, dead, certificates):
        await post(site, f"/v1/jobs/{job}/start")
    letter = DeliveredMessage({"job": dead, "batch": 0, "reason": "poison"}, id="letter-1")
    await queue_consumer.dead_letter(deployment.services(), [letter])
    while deployment.batches.sent:
        await queue_consumer.consume(deployment.services(), [DeliveredMessage(deployment.batches.sent.popleft()[0])])
    await post(site, "/v1/suppressions", {"email": "no@campus.example"})
    [code, *_] = [row["code"] for row in deployment.database.query("SELECT code FROM certificates")]
    settings = deployment.services().settings
    logo = logos.url(settings, logos.Logo(made["id"], "Acme", asset.json()["name"]))
    known = {
        "job": (draft, sent, dead, certificates),
        "letter": ("letter-1",),
        "site": (made["id"],),
        "company": ("Acme",),
        "name": (asset.json()["name"],),
        "code": (code,),
        "list": ("0",),
        "provider": tuple(SOURCES),
        "token": (
            *(row["id"] for row in deployment.database.query("SELECT id FROM tokens")),
            unsubscribe.link(settings, sent, 0).rpartition("/")[2],
            logo.rpartition("/")[2],
        ),
    }
    await deployment.clients.aclose()
    return Furnished(deployment.database.connection.serialize(), deployment.files.objects, tokens, known)
