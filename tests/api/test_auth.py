"""A token opens what it is for and nothing else, and who guesses tokens is slowed down."""

import re
from typing import Any

import httpx
import pytest

from api.routes import OPERATIONS
from tests.worlds.api import NEW_JOB, OPERATOR_TOKEN, Deployment, Site, fault, person


async def test_without_a_token_the_answer_says_how_to_send_one(deployment: Deployment) -> None:
    response = await (await deployment.client(None)).get("/v1/jobs")
    assert fault(response) == (401, "unauthenticated", "")
    assert response.headers["www-authenticate"] == 'Bearer realm="offload"'


@pytest.mark.parametrize("token", ["cot_wrong", "ümläut", "x" * 5000])
async def test_a_wrong_token_opens_nothing(deployment: Deployment, token: str) -> None:
    client = await deployment.client(None)
    for path in ("/v1/jobs", "/v1/sites"):
        response = await client.get(path, headers=[(b"Authorization", f"Bearer {token}".encode())])
        assert fault(response) == (401, "unauthenticated", "")
        assert 'error="invalid_token"' in response.headers["www-authenticate"]


@pytest.mark.parametrize("header", ["Basic abc", "Bearer", "Bearer  ", "cot_x"])
async def test_another_scheme_is_no_token(deployment: Deployment, header: str) -> None:
    response = await (await deployment.client(None)).get("/v1/jobs", headers={"Authorization": header})
    assert fault(response) == (401, "unauthenticated", "")


async def test_who_guesses_tokens_is_slowed_down_and_whoever_has_one_is_not(deployment: Deployment, site: Site) -> None:
    deployment.sign_in_limit.most = 2
    deployment.front.address = "198.51.100.7"
    guesser = await deployment.client("cot_wrong")
    guesses = [await guesser.get(path) for path in ("/v1/jobs", "/v1/sites", "/v1/me")]
    assert [response.status_code for response in guesses] == [401, 401, 429]
    assert fault(guesses[2]) == (429, "rate-limited", "")
    assert guesses[2].headers["retry-after"] == "60"
    deployment.front.address = "198.51.100.8"
    assert (await guesser.get("/v1/jobs")).status_code == 401
    counted = deployment.sign_in_limit.counts.total()
    deployment.front.address = "198.51.100.7"
    assert (await site.client.get("/v1/jobs")).status_code == 200
    assert deployment.sign_in_limit.counts.total() == counted


async def test_a_site_may_not_do_what_is_the_operators(site: Site) -> None:
    assert fault(await site.client.get("/v1/sites")) == (403, "forbidden", "")


async def test_the_operator_has_no_site_of_their_own(operator: httpx.AsyncClient) -> None:
    assert fault(await operator.get("/v1/jobs")) == (403, "forbidden", "")


@pytest.mark.parametrize("value", [None, "short"])
async def test_without_a_good_operator_token_the_setting_is_named(deployment: Deployment, value: str | None) -> None:
    deployment.values = {} if value is None else {"OPERATOR_TOKEN": value}
    response = await (await deployment.client(value or OPERATOR_TOKEN)).get("/v1/sites")
    assert fault(response) == (403, "no-operator", "")
    assert "OPERATOR_TOKEN" in response.json()["detail"]


async def test_an_empty_token_is_not_the_missing_operator_token(deployment: Deployment) -> None:
    deployment.values = {}
    client = await deployment.client(None)
    assert (await client.get("/v1/jobs", headers={"Authorization": "Bearer  "})).status_code == 401


async def test_a_disabled_site_is_shut_out_until_it_is_enabled(site: Site) -> None:
    await site.operator.post(f"/v1/sites/{site.id}/disable")
    assert fault(await site.client.get("/v1/jobs")) == (403, "site-disabled", "")
    await site.operator.post(f"/v1/sites/{site.id}/enable")
    assert (await site.client.get("/v1/jobs")).status_code == 200


async def test_a_foreign_job_looks_like_a_missing_one_on_every_route(new_site: Any) -> None:
    ours, theirs = await new_site(), await new_site()
    job = await theirs.job(2)
    other = await ours.company("Other")
    missing = f"job_{'0' * 32}"
    for client in (ours.client, other):
        for method, tail, body in (
            ("GET", "", None),
            ("GET", "/recipients", None),
            ("GET", "/recipients?format=csv", None),
            ("GET", "/reasons", None),
            ("POST", "/recipients", [person(9)]),
            ("POST", "/start", None),
            ("POST", "/pause", None),
            ("POST", "/resume", None),
            ("POST", "/cancel", None),
            ("POST", "/retry", {}),
            ("POST", "/handback", None),
        ):
            foreign = await client.request(method, f"/v1/jobs/{job}{tail}", json=body)
            unknown = await client.request(method, f"/v1/jobs/{missing}{tail}", json=body)
            assert fault(foreign) == fault(unknown) == (404, "unknown-job", "")
            assert foreign.json()["detail"] == unknown.json()["detail"]
    assert (await theirs.client.get(f"/v1/jobs/{job}")).json()["counts"]["total"] == 2


async def test_a_company_sees_and_touches_only_its_own_jobs(site: Site) -> None:
    acme, beta = await site.company("Acme"), await site.company("Beta")
    job = (await acme.post("/v1/jobs", json=NEW_JOB)).json()
    assert job["company"] == "Acme"
    of_site = await site.job()
    assert [found["id"] for found in (await acme.get("/v1/jobs")).json()["jobs"]] == [job["id"]]
    assert (await beta.get("/v1/jobs")).json()["jobs"] == []
    assert fault(await beta.get(f"/v1/jobs/{job['id']}")) == (404, "unknown-job", "")
    assert fault(await acme.post(f"/v1/jobs/{of_site}/cancel")) == (404, "unknown-job", "")
    assert {found["id"] for found in (await site.client.get("/v1/jobs")).json()["jobs"]} == {job["id"], of_site}
    assert [found["id"] for found in (await site.client.get("/v1/jobs?company=Acme")).json()["jobs"]] == [job["id"]]


async def test_a_company_creates_jobs_only_for_itself(site: Site) -> None:
    acme = await site.company("Acme")
    assert fault(await acme.post("/v1/jobs", json=NEW_JOB | {"company": "Beta"})) == (
        422,
        "invalid-request",
        "/company",
    )
    assert (await acme.post("/v1/jobs", json=NEW_JOB | {"company": "Acme"})).json()["company"] == "Acme"
    assert (await site.client.post("/v1/jobs", json=NEW_JOB | {"company": "Beta"})).json()["company"] == "Beta"


@pytest.mark.parametrize("company", [None, "Acme"])
async def test_a_read_only_token_looks_and_changes_nothing(site: Site, company: str | None) -> None:
    job = await site.job(2, company="Acme")
    body = {"name": "auditor", "company": company, "read_only": True}
    made = (await site.operator.post(f"/v1/sites/{site.id}/tokens", json=body)).json()
    assert made["read_only"] is True
    reader = await site.deployment.client(made["token"])
    assert (await reader.get("/v1/me")).json()["role"] == "read_only"
    assert [found["id"] for found in (await reader.get("/v1/jobs")).json()["jobs"]] == [job]
    assert (await reader.head(f"/v1/jobs/{job}")).status_code == 200
    before = [dict(row) for row in site.deployment.database.query("SELECT * FROM jobs")]
    for operation in OPERATIONS:
        if operation.method != "GET" and operation.access in ("site", "either"):
            path = re.sub(r"{\w+}", job, operation.path)
            assert fault(await reader.request(operation.method, path, json={})) == (403, "forbidden", ""), path
    assert site.deployment.database.query("SELECT * FROM jobs") == before


async def test_the_successor_of_a_read_only_token_is_read_only_too(site: Site) -> None:
    tokens = f"/v1/sites/{site.id}/tokens"
    made = (await site.operator.post(tokens, json={"name": "auditor", "read_only": True})).json()
    rotated = (await site.operator.post(f"{tokens}/{made['id']}/rotate")).json()
    assert rotated["read_only"] is True
    successor = await site.deployment.client(rotated["token"])
    assert fault(await successor.post("/v1/jobs", json=NEW_JOB)) == (403, "forbidden", "")
