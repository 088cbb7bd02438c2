"""The audit trail says who did what, with before and after; each sees their own of it, and nothing changes it."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from api.csv_answers import AUDIT
from core.scope import Scope
from monitoring import audit as trail
from runtime.ports import Statement
from store import audit
from store.audit import Filter, Place
from tests.doubles.d1 import SqliteDatabase
from tests.store.tampering import TAMPERING
from tests.worlds.api import Site, fault


async def entries(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """Of all pages."""
    found: list[dict[str, Any]] = []
    more: Mapping[str, Any] = query
    while True:
        response = await client.get("/v1/audit", params=more)
        assert response.status_code == 200, response.text
        page = response.json()
        found += page["entries"]
        if page["next"] is None:
            return found
        more = query | {"cursor": page["next"]}


async def actions(client: httpx.AsyncClient, **query: Any) -> list[str]:
    return [entry["action"] for entry in await entries(client, **query)]


async def table(client: httpx.AsyncClient, **query: Any) -> list[list[str]]:
    response = await client.get("/v1/audit", params=query | {"format": "csv"})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


async def test_an_entry_says_who_did_what_to_what_from_where(site: Site) -> None:
    acme = await site.company("Acme")
    body = {"kind": "email", "message": {"subject": "Hello", "html": "<p>Hello</p>"}}
    site.deployment.front.address = "192.0.2.7"
    job = (await acme.post("/v1/jobs", json=body)).json()["id"]
    [entry] = await entries(site.client, action="job.create")
    tokens = (await site.operator.get(f"/v1/sites/{site.id}/tokens")).json()["tokens"]
    [token] = [token["id"] for token in tokens if token["company"] == "Acme"]
    assert entry | {"at": None} == {
        "at": None,
        "site": site.id,
        "company": "Acme",
        "actor": token,
        "role": "company",
        "action": "job.create",
        "target": job,
        "address": "192.0.2.7",
        "before": None,
        "after": None,
        "detail": None,
    }


async def test_each_sees_its_own_and_the_operator_sees_everything(new_site: Callable[..., Any]) -> None:
    ours, theirs = await new_site(), await new_site()
    acme, beta = await ours.company("Acme"), await ours.company("Beta")
    jobs = {name: await ours.job(company=name) for name in ("Acme", "Beta")} | {None: await ours.job()}
    foreign = await theirs.job()
    assert {entry["target"] for entry in await entries(acme, action="job.create")} == {jobs["Acme"]}
    assert {entry["target"] for entry in await entries(beta, action="job.create")} == {jobs["Beta"]}
    assert {entry["company"] for entry in await entries(acme)} == {"Acme"}
    assert {entry["target"] for entry in await entries(ours.client, action="job.create")} == {*jobs.values()}
    assert {entry["site"] for entry in await entries(ours.client)} == {ours.id}
    everything = await entries(ours.operator)
    assert {entry["site"] for entry in everything} == {ours.id, theirs.id}
    assert foreign in {entry["target"] for entry in everything}
    assert await entries(ours.operator, site=theirs.id) == [e for e in everything if e["site"] == theirs.id]
    for client, row in ((acme, jobs["Beta"]), (beta, jobs[None]), (ours.client, foreign)):
        assert await entries(client, target=row) == []
        assert foreign not in str(await table(client))


async def test_the_operators_address_is_the_operators_own_business(site: Site) -> None:
    path = f"/v1/sites/{site.id}"
    site.deployment.front.address = "192.0.2.1"
    await site.operator.patch(path, json={"name": "Other"})
    [seen] = await entries(site.client, action="site.change")
    assert (seen["actor"], seen["address"]) == ("operator", None)
    assert "192.0.2.1" not in str(await table(site.client))
    [own] = await entries(site.operator, action="site.change", site=site.id)
    assert own["address"] == "192.0.2.1"


async def test_filters_narrow_and_go_together(site: Site) -> None:
    acme = await site.company("Acme")
    early = await site.job(company="Acme")
    site.deployment.clock.advance(60)
    middle = "2026-11-18T11:07:00Z"
    late = await site.job(company="Acme")
    await acme.post(f"/v1/jobs/{early}/cancel")
    assert await actions(site.client, target=early) == ["job.cancel", "job.create"]
    assert await actions(site.client, target=early, action="job.create") == ["job.create"]
    [cancelled] = await entries(site.client, action="job.cancel")
    assert await actions(site.client, actor=cancelled["actor"]) == ["job.cancel"]
    assert await actions(site.client, actor=cancelled["actor"], action="job.create") == []
    assert [
        entry["target"] for entry in await entries(site.client, to=middle, company="Acme", action="job.create")
    ] == [early]
    assert [entry["target"] for entry in await entries(site.client, **{"from": middle}, action="job.create")] == [late]
    assert await actions(site.operator, site=site.id, company="Acme", target=late) == ["job.create"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-13-01T00:00:00Z"}, "to"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "WzFd"}, "cursor"),  # [1]
        ({"cursor": "WzEsImEiXQ"}, "cursor"),  # [1,"a"]
        ({"cursor": "WzEsLTFd"}, "cursor"),  # [1,-1]
        ({"limit": "0"}, "limit"),
        ({"site": "site_0"}, "site"),
        ({"format": "xml"}, "format"),
    ],
)
async def test_what_cannot_be_looked_for_is_told(site: Site, query: dict[str, str], field: str) -> None:
    assert fault(await site.client.get("/v1/audit", params=query)) == (422, "invalid-request", field)


async def test_only_the_operator_names_a_site_and_a_company_only_itself(site: Site) -> None:
    acme = await site.company("Acme")
    assert fault(await site.client.get(f"/v1/audit?site={site.id}")) == (422, "invalid-request", "site")
    assert fault(await acme.get("/v1/audit?company=Beta")) == (422, "invalid-request", "company")
    assert (await acme.get("/v1/audit?company=Acme")).status_code == 200
    assert fault(await site.operator.get("/v1/audit?company=Acme")) == (422, "invalid-request", "company")
    assert fault(await site.operator.get("/v1/audit?site=site_0")) == (404, "unknown-site", "")


async def test_pages_hold_every_entry_once_where_many_have_the_same_time(site: Site) -> None:
    for number in range(7):
        await site.operator.patch(f"/v1/sites/{site.id}", json={"name": f"Name {number}"})
    first = (await site.client.get("/v1/audit?limit=3")).json()
    assert len(first["entries"]) == 3
    names = [entry["after"]["name"] for entry in await entries(site.client, limit=3)]
    assert names == [*(f"Name {number}" for number in reversed(range(7))), "Campus"]


async def test_what_is_rare_is_found_a_bounded_look_at_a_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "SCAN", 3)
    job = await site.job()
    for number in range(7):
        await site.operator.patch(f"/v1/sites/{site.id}", json={"name": f"Name {number}"})
    page = (await site.client.get("/v1/audit?action=job.create")).json()
    assert page["entries"] == []
    assert page["next"]
    assert [entry["target"] for entry in await entries(site.client, action="job.create")] == [job]
    assert (await table(site.client, action="job.create"))[1][6] == job


async def test_a_spreadsheet_takes_no_cell_for_a_formula(site: Site) -> None:
    await site.company("=HYPERLINK(1)")
    header, *rows = await table(site.operator)
    assert header == [*AUDIT]
    assert {row[2] for row in rows} == {"", "'=HYPERLINK(1)"}
    assert len(rows) == len(await entries(site.operator))


async def test_settings_are_kept_as_they_were_and_as_they_became(site: Site) -> None:
    path = f"/v1/sites/{site.id}"
    await site.operator.patch(path, json={"send_rate": 5, "name": "Other"})
    await site.operator.post(f"{path}/disable")
    await site.operator.post(f"{path}/enable")
    token = (await site.operator.post(f"{path}/tokens", json={"name": "x", "read_only": True})).json()["id"]
    successor = (await site.operator.post(f"{path}/tokens/{token}/rotate")).json()["id"]
    await site.operator.delete(f"{path}/tokens/{token}")
    ends = site.deployment.clock.now() + 86_400_000
    told = [
        (entry["action"], entry["before"], entry["after"])
        for entry in reversed(await entries(site.client))
        if not entry["action"].endswith("create") or entry["target"] == token
    ]
    assert told == [
        ("site.change", {"send_rate": None, "name": "Campus"}, {"send_rate": 5, "name": "Other"}),
        ("site.disable", {"disabled": False}, {"disabled": True}),
        ("site.enable", {"disabled": True}, {"disabled": False}),
        ("token.create", None, {"name": "x", "company": None, "read_only": True}),
        ("token.rotate", {"expires_at": None, "successor": None}, {"expires_at": ends, "successor": successor}),
        ("token.delete", {"name": "x", "read_only": True, "expires_at": ends}, None),
    ]


@pytest.mark.parametrize("statement", TAMPERING)
async def test_no_statement_changes_or_deletes_an_entry(site: Site, statement: str) -> None:
    await site.job()
    database = site.deployment.database
    before = database.query("SELECT * FROM audit")
    assert len(before) == 2
    with pytest.raises(Exception, match="append-only"):
        await database.all(Statement(statement))
    assert database.query("SELECT * FROM audit") == before


@pytest.mark.parametrize("scope", [None, Scope("s"), Scope("s", "c")])
@pytest.mark.parametrize("target", [None, "t"])
def test_looking_reads_an_index_in_its_order(scope: Scope | None, target: str | None) -> None:
    database, chosen = SqliteDatabase(), Filter(action="job.start", target=target, since=1, until=2)
    for look, sorts in ((audit.page, 1), (audit.end_of_scan, 0)):
        statement = look(scope, chosen, Place(1, 2), 5000, *([100] if sorts else []))
        plan = [row["detail"] for row in database.query(f"EXPLAIN QUERY PLAN {statement.sql}", *statement.parameters)]
        [read] = [line for line in plan if " audit " in line]
        assert re.fullmatch(r"SEARCH audit USING (COVERING )?INDEX audit_\w+ \(.*at>\? AND at<\?\)", read), plan
        # only the page that was found may be sorted
        assert sum("B-TREE" in line for line in plan) <= sorts, plan
