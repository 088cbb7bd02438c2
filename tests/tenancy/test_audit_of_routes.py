"""Whatever changes something leaves a row in the audit trail, in the change's own transaction: every route is tried."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from api.routes import OPERATIONS
from suppressions import unsubscribe
from tests.tenancy.references import IN_PATH, parameters
from tests.worlds.api import MESSAGE, person
from tests.worlds.town import Town, WatchedDatabase

# Changes nothing, or is nobody's decision.
UNAUDITED = {
    ("POST", "/v1/preview"): "it keeps nothing",
    ("POST", "/v1/events/{provider}"): "what a provider tells is kept with each person, and told as events",
}
# Worth a row, though the database holds nothing else of it.
CHANGES_NOTHING = {("POST", "/v1/certificates/{code}/link"), ("POST", "/v1/privacy/export")}
WRITES = re.compile(r"(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>'
_JOB = {"kind": "email", "message": MESSAGE, "recipients": [person(1)]}


@dataclass(frozen=True)
class Try:
    """A request that changes something. `moves` a job of its own is taken through before; `sql` is run before; `ids`
    stand in the address instead of the tenant's own."""

    body: Any = None
    moves: tuple[str, ...] | None = None
    sql: str = ""
    ids: tuple[tuple[str, str], ...] = ()
    caller: str = "company x"
    content: str = ""
    form: tuple[tuple[str, str], ...] = ()


_FAILED = (("job", "failed job"),)
TRIES: dict[tuple[str, str], Try] = {
    ("POST", "/v1/jobs"): Try(_JOB),
    ("POST", "/v1/jobs/{job}/recipients"): Try([person(2)], moves=()),
    ("POST", "/v1/jobs/{job}/start"): Try(moves=()),
    ("POST", "/v1/jobs/{job}/pause"): Try(moves=("start",)),
    ("POST", "/v1/jobs/{job}/resume"): Try(moves=("start", "pause")),
    ("POST", "/v1/jobs/{job}/cancel"): Try(moves=("start",)),
    ("POST", "/v1/jobs/{job}/handback"): Try(moves=("start",)),
    ("POST", "/v1/jobs/{job}/retry"): Try({}, ids=_FAILED),
    ("POST", "/v1/jobs/{job}/resolve"): Try({}, ids=_FAILED, sql="UPDATE recipients SET state = 'uncertain'"),
    ("POST", "/v1/callbacks/replay"): Try({"since": "2020-01-01T00:00:00Z"}, sql="UPDATE callbacks SET state = 'dead'"),
    ("POST", "/v1/certificates/{code}/revoke"): Try({"reason": "wrong"}),
    ("POST", "/v1/certificates/{code}/reissue"): Try({"name": "Other"}),
    ("POST", "/v1/certificates/{code}/link"): Try({"days": 1}),
    ("POST", "/v1/assets"): Try(content=SVG),
    ("DELETE", "/v1/assets/{name}"): Try(sql="UPDATE companies SET logo = NULL"),
    ("POST", "/v1/dead-letters/redrive"): Try({"ids": ["letter-xx"]}),
    ("POST", "/v1/dead-letters/discard"): Try({"ids": ["letter-xx"]}),
    ("POST", "/v1/suppressions"): Try({"email": "a@people.example"}),
    ("DELETE", "/v1/suppressions"): Try({"email": "stopped-xx@people.example"}),
    ("POST", "/v1/privacy/export"): Try({"ref": "ref-xx"}),
    ("POST", "/v1/privacy/erase"): Try({"ref": "ref-xx"}),
    ("PUT", "/v1/companies/{company}"): Try({"colour": "#000000"}),
    ("DELETE", "/v1/companies/{company}"): Try(caller="site a"),
    ("POST", "/v1/sites"): Try({"name": "Other"}, caller="operator"),
    ("PATCH", "/v1/sites/{site}"): Try({"name": "Other"}, caller="operator"),
    ("POST", "/v1/sites/{site}/disable"): Try(caller="operator"),
    ("POST", "/v1/sites/{site}/enable"): Try(caller="operator", sql="UPDATE sites SET disabled_at = 1"),
    ("POST", "/v1/sites/{site}/rotate-callback-secret"): Try(caller="operator"),
    ("POST", "/v1/sites/{site}/tokens"): Try({"name": "Other"}, caller="operator"),
    ("POST", "/v1/sites/{site}/tokens/{token}/rotate"): Try(caller="operator"),
    ("DELETE", "/v1/sites/{site}/tokens/{token}"): Try(caller="operator"),
    ("POST", "/u/{token}"): Try(caller="nobody", form=(("choice", "all"),)),
    ("POST", "/verify/{code}/link"): Try(caller="nobody"),
}
ROLES = {"company x": "company", "site a": "site", "operator": "operator", "nobody": "public"}


def test_every_route_that_may_change_something_is_tried_or_says_why_not() -> None:
    changing = {(operation.method, operation.path) for operation in OPERATIONS if operation.method != "GET"}
    assert changing == TRIES.keys() | UNAUDITED.keys()
    assert not TRIES.keys() & UNAUDITED.keys()


@pytest.mark.parametrize("address", TRIES, ids=" ".join)
async def test_a_change_leaves_a_row_in_its_own_transaction(town: Town, address: tuple[str, str]) -> None:
    attempt, (method, path) = TRIES[address], address
    fresh, own = town.deployment(), town.tenants["x"]
    async with fresh.http(town.tokens[attempt.caller]) as client:
        kinds = IN_PATH | dict(attempt.ids)
        ids = {name: own.ids[kinds[name]] for name in parameters(path)}
        if attempt.moves is not None:
            ids["job"] = (await client.post("/v1/jobs", json=_JOB)).json()["id"]
            for move in attempt.moves:
                assert (await client.post(f"/v1/jobs/{ids['job']}/{move}")).status_code == 200
        if path == "/u/{token}":
            ids["token"] = unsubscribe.link(fresh.services().settings, own.ids["job"], 0).rpartition("/")[2]
        if attempt.sql:
            fresh.database.query(attempt.sql)
        before = fresh.database.query("SELECT max(id) AS id FROM audit")[0]["id"]
        fresh.database.transactions_asked.clear()
        request: dict[str, Any] = {"json": attempt.body}
        if attempt.content:
            request = {"content": attempt.content}
        if attempt.form:
            request = {"data": dict(attempt.form)}
        response = await client.request(method, path.format(**ids), **request)
    assert response.is_success, response.text
    rows = fresh.database.query("SELECT * FROM audit WHERE id > ?", before)
    assert rows
    assert {row["role"] for row in rows} == {ROLES[attempt.caller]}
    assert all(row["site_id"] and row["target"] and row["actor"] for row in rows)
    first = first_change(fresh.database)
    assert any(is_note(statement) for statement in first), f"the change itself leaves none: {first}"
    assert any(not is_note(statement) for statement in first) or address in CHANGES_NOTHING


def first_change(database: WatchedDatabase) -> list[str]:
    """What the first transaction writes that writes anything."""
    for transaction in database.transactions_asked:
        if writes := [statement for statement in transaction if WRITES.match(statement)]:
            return writes
    raise AssertionError("nothing was changed")


def is_note(statement: str) -> bool:
    return statement.startswith("INSERT INTO audit")
