"""One company never sees another's: every route, with every kind of id that is not the caller's, by every caller.

What is somebody else's looks the same as what was never there: in the answer to the last byte, in its headers, in the
statements that the database was asked (so that no time tells them apart), in the files that were touched, in the log;
and nothing of it is changed.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from api.openapi import query_names
from api.routes import OPERATIONS
from tests.tenancy.looker import Looker
from tests.tenancy.references import IN_PATH, MADE_BY_NAMING, PUBLIC, Reference, parameters, references
from tests.worlds.api import MESSAGE
from tests.worlds.town import SEES, UNKNOWN, Seen, Town

pytestmark = pytest.mark.long

REFERENCES = [*references()]
LISTS = [operation for operation in OPERATIONS if operation.method == "GET" and operation.access != "public"]
MALFORMED = ("", "..", "x", "'", "%", "\x00", "ä" * 40, "x" * 3000, "job_../../a", "=1+1")
BY_ADDRESS = {(operation.method, operation.path): operation for operation in OPERATIONS}
# A company uses the pictures of its site, and learns of an address it asks for that its site has stopped it.
OF_THE_SITE_FOR_ITS_COMPANIES = ("body certificate", "body logo", "query email", "body email")
# The operator makes tokens for companies that nobody has spoken of before.
KNOWN_TO_NOBODY = ("POST /v1/sites/{site}/tokens body company",)


async def named(looker: Looker, caller: str, reference: Reference, id: str) -> Seen:
    """What comes of a request that names the thing `id`, but for the id."""
    own, path = looker.own(caller), reference.path
    where, _, parameter = reference.place.partition(" ")
    for name in parameters(path):
        value = id if reference.place == f"path {name}" else looker.id_of(own, IN_PATH[name])
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    query = {parameter: id} if where == "query" else {}
    operation = BY_ADDRESS[reference.method, reference.path]
    if caller == "operator" and "site" in query_names(operation) - {parameter}:
        query["site"] = own.site
    seen = await looker.ask(caller, reference.method, path, params=query, json=reference.body(id))
    looker.check(caller, seen.but_for(id))
    return seen.but_for(id)


def foreign(looker: Looker, caller: str, reference: Reference) -> Iterator[str]:
    """Ids that are not the caller's; the operator's are those of another site than the one they name."""
    own, tenants = looker.own(caller), looker.town.foreign(caller)
    if caller == "operator" and _is_of_one_site(reference):
        tenants = [tenant for tenant in looker.town.tenants.values() if tenant.site != own.site]
    for tenant in tenants:
        shared = tenant.company is None and tenant.site == own.site
        if reference.kind in tenant.ids and not (shared and reference.place in OF_THE_SITE_FOR_ITS_COMPANIES):
            yield tenant.ids[reference.kind]


def _is_of_one_site(reference: Reference) -> bool:
    operation = BY_ADDRESS[reference.method, reference.path]
    of_site = "{site}" in reference.path or "site" in query_names(operation)
    return of_site and not reference.place.endswith(" site")


def refusal(caller: str, reference: Reference) -> int:
    """The status of whoever may not use the route at all; 0 for the others."""
    access = BY_ADDRESS[reference.method, reference.path].access
    if caller == "nobody":
        return 401
    if caller == "operator":
        return 403 if access == "site" else 0
    if access == "operator" or (caller.startswith("read-only") and reference.method != "GET"):
        return 403
    return 0


@pytest.mark.parametrize("reference", REFERENCES, ids=str)
async def test_what_is_somebody_elses_is_not_there(looker: Looker, reference: Reference) -> None:
    known = False
    for caller in SEES:
        unknown = await named(looker, caller, reference, UNKNOWN[reference.kind])
        if refused := refusal(caller, reference):
            assert unknown.status == refused
        elif reference.place.startswith("path") and (str(reference), caller[:4]) not in MADE_BY_NAMING:
            assert unknown.status == 404
        assert unknown.status in (200, 201) or not unknown.changed
        for id in foreign(looker, caller, reference):
            assert len(id) == len(UNKNOWN[reference.kind])
            assert await named(looker, caller, reference, id) == unknown, f"{caller} can tell {id}"
        own = await named(looker, caller, reference, looker.id_of(looker.own(caller), reference.kind))
        if refused:
            assert own == unknown
        known = known or (own != unknown and own.status != 404)
    assert known or str(reference) in KNOWN_TO_NOBODY, "nobody can name what is their own: the walk proves nothing"


@pytest.mark.parametrize("reference", REFERENCES, ids=str)
async def test_what_is_no_id_at_all_is_not_there_either(looker: Looker, reference: Reference) -> None:
    for caller in ("company x", "operator"):
        unknown = await named(looker, caller, reference, UNKNOWN[reference.kind])
        for malformed in MALFORMED:
            seen = await named(looker, caller, reference, malformed)
            if reference.place.startswith("path"):
                assert seen.status in (unknown.status, 404, 405)
            elif malformed:  # an empty parameter is none
                assert seen.status == unknown.status or 400 <= seen.status < 500


@pytest.mark.parametrize("operation", LISTS, ids=lambda operation: operation.path)
@pytest.mark.parametrize("form", ["json", "csv"])
async def test_lists_and_files_hold_what_is_the_callers_own(looker: Looker, operation: Any, form: str) -> None:
    names = query_names(operation)
    for caller in SEES:
        own, path = looker.own(caller), operation.path
        for name in parameters(path):
            path = path.replace(f"{{{name}}}", quote(looker.id_of(own, IN_PATH[name]), safe=""))
        query = {"format": form} if "format" in names else {}
        if caller == "operator" and "site" in names:
            query["site"] = own.site
        looker.check(caller, await looker.ask(caller, "GET", path, params=query))


async def test_a_cursor_of_somebody_else_opens_nothing(looker: Looker) -> None:
    tried = 0
    for operation in LISTS:
        for name in query_names(operation) & {"cursor", "after"}:
            path = operation.path
            for parameter in parameters(path):
                path = path.replace(f"{{{parameter}}}", "{id}")
            for giver in ("site a", "company x", "company y", "site b"):
                kind = IN_PATH[parameters(operation.path)[0]] if "{" in path else "job"
                whose = path.replace("{id}", looker.id_of(looker.own(giver), kind))
                given = await looker.ask(giver, "GET", whose, params={"limit": 1})
                cursor = json.loads(given.body).get("next") if given.status == 200 else None
                if cursor is None:
                    continue
                for taker in ("site a", "company x", "company y", "site b"):
                    mine = path.replace("{id}", looker.id_of(looker.own(taker), kind))
                    seen = await looker.ask(taker, "GET", mine, params={name: cursor})
                    assert seen.status in (200, 403, 422)
                    looker.check(taker, seen.but_for(cursor))
                    tried += 1
    assert tried > 30


async def test_an_idempotency_key_of_somebody_else_is_a_new_one(town: Town) -> None:
    body, key = {"kind": "email", "message": MESSAGE}, {"Idempotency-Key": "the same"}
    fresh, made = town.deployment(), set()
    for caller in ("site a", "company x", "company y", "site b"):
        async with fresh.http(town.tokens[caller]) as client:
            response = await client.post("/v1/jobs", json=body, headers=key)
        assert response.status_code == 201
        assert "idempotent-replayed" not in response.headers
        made.add(response.json()["id"])
    assert len(made) == 4


def test_every_public_address_says_why_it_is_public() -> None:
    open_to_all = {operation.path for operation in OPERATIONS if operation.access == "public"}
    assert {path for path in open_to_all if "{" in path} == PUBLIC.keys()
