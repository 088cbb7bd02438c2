"""A person is counted, exported and erased by whoever may, and found by nobody else."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.worlds.api import Deployment, Site, fault

EXPORT, ERASE, RETENTION = "/v1/privacy/export", "/v1/privacy/erase", "/v1/privacy/retention"
WHO = {"ref": "u1", "email": "u1@example.com"}


async def erased(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    response = await client.post(ERASE, json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def emails(deployment: Deployment) -> list[str]:
    rows = deployment.database.query("SELECT email FROM recipients WHERE ref NOT IN ('u0', 'u2') ORDER BY job_id")
    return [row["email"] for row in rows]


async def test_a_person_is_counted_exported_erased_and_then_nobody(site: Site) -> None:
    await site.job(3)
    counted = await erased(site.client, **WHO, dry_run=True)
    assert (counted["dry_run"], counted["counts"]["recipients"], counted["next"]) == (True, 1, None)
    shown = (await site.client.post(EXPORT, json=WHO)).json()
    assert [(row["ref"], row["job_name"]) for row in shown["recipients"]] == [("u1", "Reminder")]
    done = await erased(site.client, **WHO)
    assert done == counted | {"dry_run": False}
    assert (await site.client.post(EXPORT, json=WHO)).json()["recipients"] == []
    assert not any((await erased(site.client, **WHO))["counts"].values())


@pytest.mark.parametrize("path", [EXPORT, ERASE])
async def test_somebody_has_to_be_named(site: Site, path: str) -> None:
    assert fault(await site.client.post(path, json={})) == (422, "invalid-request", "")
    assert fault(await site.client.post(path, json={"email": ""})) == (422, "invalid-request", "/email")
    assert fault(await site.client.post(path, json={"id": "1"})) == (422, "invalid-request", "/id")


@pytest.mark.parametrize("cursor", ["nonsense", "WyIxIl0", "WyJhIiwiYiIsImMiLCJkIl0", "WyItMSIsIiIsIjAiLCIwIl0"])
async def test_a_cursor_that_is_none_of_ours_is_refused(site: Site, cursor: str) -> None:
    for path in (EXPORT, ERASE):
        response = await site.client.post(path, params={"cursor": cursor}, json=WHO)
        assert fault(response) == (422, "invalid-request", "cursor")


async def test_who_is_being_mailed_is_told_as_a_problem(site: Site, deployment: Deployment) -> None:
    await site.job(2)
    deployment.database.query("UPDATE recipients SET state = 'sending'")
    response = await site.client.post(ERASE, json=WHO)
    assert fault(response)[:2] == (409, "person-in-flight")
    assert "u1" not in response.text
    assert (await erased(site.client, **WHO, dry_run=True))["counts"]["sending"] == 1


async def test_neither_another_site_nor_a_company_reaches_anybody(
    site: Site, new_site: Callable[..., Any], deployment: Deployment
) -> None:
    nordic, baltic = await site.company("nordic"), await site.company("baltic")
    other: Site = await new_site()
    await site.job(2)
    await nordic.post("/v1/jobs", json={**job_of(1), "name": "Nordic"})
    before = emails(deployment)
    for client in (baltic, other.client):
        assert not any((await erased(client, **WHO))["counts"].values())
        shown = (await client.post(EXPORT, json=WHO)).json()
        assert shown["recipients"] == shown["events"] == shown["certificates"] == []
    assert emails(deployment) == before
    assert (await erased(nordic, **WHO))["counts"]["recipients"] == 1
    assert sorted(emails(deployment)) == ["", "u1@example.com"]
    assert (await erased(site.client, **WHO))["counts"]["recipients"] == 1


def job_of(*numbers: int) -> dict[str, Any]:
    people = [{"ref": f"u{number}", "email": f"u{number}@example.com"} for number in numbers]
    return {"kind": "email", "message": {"subject": "s", "html": "h"}, "recipients": people}


async def test_a_cursor_of_another_site_leads_nowhere_else(
    site: Site, new_site: Callable[..., Any], deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from privacy import person

    monkeypatch.setattr(person, "FOUND", 1)
    other: Site = await new_site()
    for owner in (site, other):
        await owner.client.post("/v1/jobs", json=job_of(1))
        await owner.client.post("/v1/jobs", json=job_of(1))
    cursor = (await site.client.post(EXPORT, json=WHO)).json()["next"]
    assert cursor
    shown = (await other.client.post(EXPORT, params={"cursor": cursor}, json=WHO)).json()
    owners = {row["id"]: row["site_id"] for row in deployment.database.query("SELECT id, site_id FROM jobs")}
    assert {owners[row["job"]] for row in shown["recipients"]} <= {other.id}


async def test_a_token_that_only_looks_and_the_operator_erase_nobody(
    site: Site, operator: httpx.AsyncClient, deployment: Deployment
) -> None:
    await site.job(2)
    body = {"name": "looks", "read_only": True}
    token = (await operator.post(f"/v1/sites/{site.id}/tokens", json=body)).json()["token"]
    reading = await deployment.client(token)
    for client in (reading, operator):
        for path in (EXPORT, ERASE):
            assert fault(await client.post(path, json=WHO))[:2] == (403, "forbidden")
    assert (await reading.get(RETENTION)).status_code == 200
    assert "u1@example.com" in emails(deployment)


async def test_an_erased_address_is_found_shown_and_released_by_whoever_knows_it(
    site: Site, deployment: Deployment
) -> None:
    await erased(site.client, **WHO)
    assert (await site.client.get("/v1/suppressions")).json()["suppressions"] == []
    table = await site.client.get("/v1/suppressions", params={"format": "csv"})
    assert "hash:" not in table.text
    asked = await site.client.get("/v1/suppressions", params={"email": "U1@example.com"})
    [row] = asked.json()["suppressions"]
    assert (row["email"], row["reason"]) == ("u1@example.com", "erased")
    release = {"email": "u1@example.com"}
    refused = await site.client.request("DELETE", "/v1/suppressions", json=release)
    assert fault(refused)[:2] == (409, "mail-not-wanted")
    forced = release | {"force": True, "note": "they came back"}
    done = await site.client.request("DELETE", "/v1/suppressions", json=forced)
    assert [row["email"] for row in done.json()["released"]] == ["u1@example.com"]
    assert not deployment.database.query("SELECT 1 FROM suppressions")


async def test_a_company_learns_of_a_site_wide_erasure_only_by_asking(site: Site) -> None:
    nordic = await site.company("nordic")
    await erased(site.client, **WHO)
    assert (await nordic.get("/v1/suppressions")).json()["suppressions"] == []
    [row] = (await nordic.get("/v1/suppressions", params={"email": "u1@example.com"})).json()["suppressions"]
    assert (row["email"], row["company"], row["created_at"]) == ("u1@example.com", None, None)


async def test_nobody_can_suppress_somebody_as_erased_by_hand(site: Site) -> None:
    response = await site.client.post("/v1/suppressions", json={"email": "a@example.com", "reason": "erased"})
    assert fault(response) == (422, "invalid-request", "/reason")


# retention


async def test_a_site_is_given_times_and_told_what_is_due(
    site: Site, operator: httpx.AsyncClient, deployment: Deployment
) -> None:
    made = (await operator.get(f"/v1/sites/{site.id}")).json()
    assert (made["keep_people_days"], made["keep_certificate_years"]) == (None, None)
    times = {"keep_people_days": 30, "keep_certificate_years": 10}
    changed = await operator.patch(f"/v1/sites/{site.id}", json=times)
    assert {name: changed.json()[name] for name in times} == times
    await site.job(2)
    deployment.clock.advance(31 * 86_400)
    due = {"jobs": 0, "people": 0, "events": 0, "drafts": 1, "certificates": 0, "soft_bounces": 0}
    expected = {"site": site.id, **times, "due": due}
    assert (await site.client.get(RETENTION)).json() == {"sites": [expected], "next": None}
    nordic = await site.company("nordic")
    assert (await nordic.get(RETENTION)).json()["sites"] == [expected | {"due": due | {"drafts": 0}}]
    [audited] = deployment.database.query("SELECT detail FROM audit WHERE action = 'site.change'")
    assert json.loads(audited["detail"])["after"] == times


@pytest.mark.parametrize("times", [{"keep_people_days": 0}, {"keep_certificate_years": -1}, {"keep_people_days": 0.5}])
async def test_a_time_is_at_least_a_day_or_a_year(
    site: Site, operator: httpx.AsyncClient, times: dict[str, Any]
) -> None:
    response = await operator.patch(f"/v1/sites/{site.id}", json=times)
    assert fault(response) == (422, "invalid-request", f"/{next(iter(times))}")


async def test_the_operator_is_told_of_every_site_in_pages(
    site: Site, new_site: Callable[..., Any], operator: httpx.AsyncClient
) -> None:
    others = [(await new_site()).id for _ in range(3)]
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await operator.get(RETENTION, params={"limit": 1, "cursor": cursor})).json()
        found += [row["site"] for row in page["sites"]]
        cursor = page["next"]
    assert sorted(found) == sorted([site.id, *others])


async def test_why_somebody_was_mailed_again_is_shown_to_them_and_goes_with_them(
    site: Site, deployment: Deployment
) -> None:
    email = "zoe@example.org"
    assert (await site.client.post("/v1/suppressions", json={"email": email, "reason": "complaint"})).is_success
    release = {"email": email, "force": True, "note": "Zoë rang us"}
    assert (await site.client.request("DELETE", "/v1/suppressions", json=release)).is_success
    company = await site.company("Acme")
    for client, expected in ((company, []), (site.client, ["Zoë rang us"])):
        shown = (await client.post("/v1/privacy/export", json={"email": email})).json()
        assert [(one["note"], one["email"]) for one in shown["releases"]] == [(note, email) for note in expected]
    assert (await company.post("/v1/privacy/erase", json={"email": email})).is_success
    assert deployment.database.query("SELECT note FROM release_notes"), "it is the site's"
    assert (await site.client.post("/v1/privacy/erase", json={"email": email})).is_success
    assert not deployment.database.query("SELECT note FROM release_notes")
    [entry] = (await site.client.get("/v1/audit?action=suppression.release")).json()["entries"]
    assert entry["detail"] == {"reason": "complaint", "category": None, "force": True, "note": None}
