"""What a company has of its own is in its jobs from then on, set by whoever may and by nobody else."""

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from store.companies import SETTABLE
from tests.api.test_assets import SVG, uploaded, with_elements, with_picture
from tests.api.test_certificates import JOB, can_issue, issued, listed
from tests.worlds.api import MESSAGE, NEW_JOB, Deployment, Site, fault, person

__all__ = ["can_issue"]

SETTINGS: dict[str, Any] = {
    "from": {"email": "noreply@acme.example", "name": "Acme"},
    "reply_to": {"email": "help@acme.example", "name": "Help"},
    "logo": "https://acme.example/logo.png",
    "colour": "#1a2b3c",
    "send_rate": 5,
}
NOTHING = dict.fromkeys(SETTINGS)
ACME = "/v1/companies/Acme"


async def put(client: httpx.AsyncClient, company: str = "Acme", **settings: Any) -> dict[str, Any]:
    response = await client.put(f"/v1/companies/{quote(company, safe='')}", json=settings)
    assert response.status_code == 200, response.text
    shown: dict[str, Any] = response.json()
    return shown


def content(deployment: Deployment, job: str) -> dict[str, Any]:
    [row] = deployment.database.query("SELECT content FROM job_contents WHERE job_id = ?", job)
    kept: dict[str, Any] = json.loads(row["content"])
    return kept


async def previewed(client: httpx.AsyncClient, html: str, **more: Any) -> dict[str, Any]:
    body = {"message": {"subject": "Hello", "html": html}, "recipient": person(1)} | more
    response = await client.post("/v1/preview", json=body)
    assert response.status_code == 200, response.text
    shown: dict[str, Any] = response.json()
    return shown


async def test_a_site_sets_shows_lists_and_takes_away(site: Site) -> None:
    assert await put(site.client, **SETTINGS) == {"company": "Acme", **SETTINGS}
    assert (await site.client.get(ACME)).json() == {"company": "Acme", **SETTINGS}
    assert await put(site.client, colour="#000000") == {"company": "Acme", **NOTHING, "colour": "#000000"}
    assert (await site.client.delete(ACME)).status_code == 204
    assert fault(await site.client.get(ACME)) == (404, "unknown-company", "")
    assert fault(await site.client.delete(ACME)) == (404, "unknown-company", "")


async def test_the_operator_does_the_same_for_a_site_they_name(site: Site) -> None:
    of_site = {"site": site.id}
    response = await site.operator.put(ACME, json=SETTINGS, params=of_site)
    assert response.json() == (await site.client.get(ACME)).json()
    assert (await site.operator.get("/v1/companies", params=of_site)).json()["companies"] == [response.json()]
    assert (await site.operator.delete(ACME, params=of_site)).status_code == 204
    for method, path in (("GET", ACME), ("PUT", ACME), ("DELETE", ACME), ("GET", "/v1/companies")):
        body: dict[str, Any] | None = {} if method == "PUT" else None
        assert fault(await site.operator.request(method, path, json=body)) == (422, "invalid-request", "site")
        unknown = await site.operator.request(method, path, json=body, params={"site": "site_0"})
        assert fault(unknown) == (404, "unknown-site", "")


@pytest.mark.parametrize("name", ["A/B", "a b", "ä=ö&ü?", "...", "x/", "100%", "=1+1"])
async def test_a_company_may_be_called_anything(site: Site, name: str) -> None:
    await put(site.client, name, colour="#000000")
    assert (await site.client.get(f"/v1/companies/{quote(name, safe='')}")).json()["company"] == name
    assert (await site.client.get("/v1/companies")).json()["companies"][0]["company"] == name


async def test_companies_are_listed_by_name_a_page_at_a_time(site: Site) -> None:
    for name in ("c", "a", "b"):
        await put(site.client, name)
    first = (await site.client.get("/v1/companies?limit=2")).json()
    rest = (await site.client.get("/v1/companies", params={"limit": 2, "cursor": first["next"]})).json()
    assert [row["company"] for row in first["companies"] + rest["companies"]] == ["a", "b", "c"]
    assert rest["next"] is None


async def test_a_company_sets_its_own_business_and_leaves_the_sites(site: Site) -> None:
    acme = await site.company("Acme")
    await put(site.client, **SETTINGS)
    own: dict[str, Any] = {"reply_to": None, "logo": None, "colour": "#ffffff"}
    assert await put(acme, **own) == {"company": "Acme", **SETTINGS, **own}
    for field in ("from", "send_rate"):
        assert fault(await acme.put(ACME, json={field: SETTINGS[field]})) == (403, "forbidden", "")
        assert fault(await acme.put(ACME, json={field: None})) == (403, "forbidden", "")
    assert fault(await acme.delete(ACME)) == (403, "forbidden", "")
    assert (await acme.get(ACME)).json() == {"company": "Acme", **SETTINGS, **own}


async def test_another_company_looks_like_one_without_settings(site: Site) -> None:
    acme = await site.company("Acme")
    await put(site.client, "Beta", **SETTINGS)
    before = (await site.client.get("/v1/companies/Beta")).json()
    for method, body in (("GET", None), ("PUT", {"colour": "#000000"}), ("DELETE", None)):
        foreign = await acme.request(method, "/v1/companies/Beta", json=body)
        unknown = await acme.request(method, "/v1/companies/Gamma", json=body)
        assert fault(foreign) == fault(unknown) == (404, "unknown-company", "")
    assert (await acme.get("/v1/companies")).json()["companies"] == []
    assert (await site.client.get("/v1/companies/Beta")).json() == before
    assert [row["company"] for row in (await site.client.get("/v1/companies")).json()["companies"]] == ["Beta"]


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"from": {"email": "nobody"}}, "/from/email"),
        ({"reply_to": {"email": "a@b@c"}}, "/reply_to/email"),
        ({"colour": "red"}, "/colour"),
        ({"logo": "http://10.0.0.1/logo.png"}, "/logo"),
        ({"logo": "https://localhost/logo.png"}, "/logo"),
        ({"logo": "javascript:alert(1)"}, "/logo"),
        ({"logo": "0" * 64}, "/logo"),
        ({"send_rate": 0}, "/send_rate"),
        ({"sender": None}, "/sender"),
    ],
)
async def test_a_setting_with_a_fault_is_refused_by_field(site: Site, settings: dict[str, Any], field: str) -> None:
    assert fault(await site.client.put(ACME, json=settings)) == (422, "invalid-request", field)
    assert (await site.client.get("/v1/companies")).json()["companies"] == []


async def test_every_change_is_audited_with_before_and_after(site: Site) -> None:
    acme = await site.company("Acme")
    await put(site.client, **SETTINGS)
    await put(acme, colour="#000000")
    await site.client.delete(ACME)
    entries = (await site.client.get("/v1/audit?target=Acme")).json()["entries"]
    assert [(entry["action"], entry["role"], entry["company"]) for entry in entries] == [
        ("company.delete", "site", "Acme"),
        ("company.change", "company", "Acme"),
        ("company.change", "site", "Acme"),
    ]
    deleted, own, first = entries
    assert first["before"] is None
    assert first["after"]["sender_email"] == "@acme.example", "an address is a person's: its domain stays"
    assert first["after"].keys() == deleted["before"].keys() == {*SETTABLE}
    assert own["before"] == {name: first["after"][name] for name in own["after"]}
    assert (deleted["before"]["colour"], deleted["after"]) == ("#000000", None)


async def test_a_job_takes_what_it_does_not_name_from_its_company_and_else_from_the_site(
    site: Site, deployment: Deployment
) -> None:
    plain = content(deployment, await site.job(company="Acme"))
    assert (plain["message"]["from"]["email"], plain["message"]["reply_to"]) == ("noreply@campus.example", None)
    await put(site.client, **SETTINGS)
    theirs = content(deployment, await site.job(company="Acme"))
    assert (theirs["message"]["from"], theirs["message"]["reply_to"]) == (SETTINGS["from"], SETTINGS["reply_to"])
    own = MESSAGE | {"from": {"email": "x@own.example"}, "reply_to": {"email": "y@own.example"}}
    named = content(deployment, await site.job(company="Acme", message=own))["message"]
    assert (named["from"]["email"], named["reply_to"]["email"]) == ("x@own.example", "y@own.example")
    for other in (None, "Beta"):
        message = content(deployment, await site.job(company=other))["message"]
        assert (message["from"]["email"], message["reply_to"]) == ("noreply@campus.example", None)


async def test_what_a_company_changes_later_does_not_change_a_job_nor_its_idempotency(
    site: Site, deployment: Deployment
) -> None:
    await put(site.client, **SETTINGS)
    body, key = NEW_JOB | {"company": "Acme"}, {"Idempotency-Key": "k"}
    job = (await site.client.post("/v1/jobs", json=body, headers=key)).json()["id"]
    before = content(deployment, job)
    await put(site.client, colour="#000000")
    again = await site.client.post("/v1/jobs", json=body, headers=key)
    assert (again.json()["id"], again.headers["idempotent-replayed"]) == (job, "true")
    assert content(deployment, job) == before


async def test_a_template_knows_its_company(site: Site) -> None:
    html = "<p style='color:{{ company.colour }}'>{{ company.name }}<img src='{{ company.logo }}'></p>"
    await put(site.client, "A & B", **SETTINGS)
    shown = await previewed(site.client, html, company="A & B")
    assert "color:#1a2b3c'>A &amp; B<img src='https://acme.example/logo.png'>" in shown["html"]
    assert (shown["from"], shown["reply_to"]) == (SETTINGS["from"], SETTINGS["reply_to"])
    acme = await site.company("Acme")
    assert "color:'>Acme<img src=''>" in (await previewed(acme, html))["html"]
    assert fault(await acme.post("/v1/preview", json={"recipient": person(1), "company": "A & B"})) == (
        422,
        "invalid-request",
        "/company",
    )


async def test_a_variable_called_company_is_what_it_was(site: Site) -> None:
    acme = await site.company("Acme")
    told = person(1) | {"variables": {"company": "Theirs"}}
    assert "Theirs" in (await previewed(acme, "{{ company }}", recipient=told))["html"]


async def test_a_job_of_no_company_that_names_one_is_refused_before_anybody_is_mailed(site: Site) -> None:
    message = {"subject": "Hello", "html": "{{ company.name }}"}
    job = await site.job(1, message=message)
    assert fault(await site.client.post(f"/v1/jobs/{job}/start"))[:2] == (422, "missing-variables")
    job = await site.job(1, message=message, company="Acme")
    assert (await site.client.post(f"/v1/jobs/{job}/start")).status_code == 200


@pytest.mark.parametrize("owner", ["Acme", None])
async def test_an_uploaded_logo_has_an_address_for_mails_that_cannot_be_made_up(site: Site, owner: str | None) -> None:
    acme, anybody = await site.company("Acme"), await site.deployment.client(None)
    name = await uploaded(acme if owner else site.client)
    await put(acme, logo=name)
    address = (await previewed(acme, "{{ company.logo }}"))["text"].strip()
    path = address.removeprefix("https://offload.example")
    response = await anybody.get(path)
    assert (response.status_code, response.headers["content-type"]) == (200, "image/svg+xml")
    assert b"<rect" in response.content
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    for forged in (path[:-2], f"{path}AA", path.replace("/logo/", "/logo/A"), "/logo/x", "/logo/äöü"):
        assert fault(await anybody.get(forged)) == (404, "not-found", "")
    site.deployment.files.objects.clear()
    assert fault(await anybody.get(path)) == (404, "not-found", "")


async def test_a_logo_is_a_picture_of_the_company_or_its_site(site: Site, new_site: Any) -> None:
    beta, other = await site.company("Beta"), await new_site()
    for client in (beta, other.client):
        name = await uploaded(client, SVG.replace(b"#123", b"#234"))
        assert fault(await site.client.put(ACME, json={"logo": name})) == (422, "invalid-request", "/logo")
    await put(site.client, "Beta", logo=name)


async def test_a_certificate_has_the_companys_look(site: Site, deployment: Deployment) -> None:
    acme = await site.company("Acme")
    name = await uploaded(acme)
    await put(acme, logo=name, colour="#aa0000")
    line = {"type": "line", "x": 10, "y": 10, "width": 50, "height": 1, "color": "{{ company.colour }}"}
    words = {"type": "text", "x": 10, "y": 20, "width": 90, "height": 20, "text": "Of {{company.name}}"}
    design = with_elements(line, words, with_picture("company.logo")["design"]["pages"][0]["elements"][-1])
    job = await issued(site, client=acme, certificate=design)
    elements = content(deployment, job)["certificate"]["design"]["pages"][0]["elements"]
    assert [elements[-3]["color"], elements[-2]["text"], elements[-1]["asset"]] == ["#aa0000", "Of Acme", name]
    assert len(await listed(acme)) == 1


@pytest.mark.parametrize(
    ("settings", "element"),
    [
        ({}, {"type": "line", "x": 1, "y": 1, "width": 1, "height": 1, "color": "{{ company.colour }}"}),
        ({}, {"type": "image", "x": 1, "y": 1, "width": 1, "height": 1, "asset": "company.logo"}),
        (
            {"logo": "https://acme.example/logo.png"},
            {"type": "image", "x": 1, "y": 1, "width": 1, "height": 1, "asset": "company.logo"},
        ),
    ],
)
async def test_a_look_that_a_design_asks_for_and_the_company_lacks_is_told(
    site: Site, settings: dict[str, Any], element: dict[str, Any]
) -> None:
    acme = await site.company("Acme")
    await put(acme, **settings)
    refused = await acme.post("/v1/jobs", json=JOB | {"certificate": with_elements(element)})
    assert fault(refused) == (422, "invalid-request", "/certificate/design")
    assert "the company has none" in refused.json()["detail"]


async def test_a_job_shows_the_least_of_its_rates(site: Site) -> None:
    jobs = [await site.job(company="Acme"), await site.job(company="Acme", rate=2), await site.job()]
    await site.operator.patch(f"/v1/sites/{site.id}", json={"send_rate": 8})

    async def rates() -> list[float]:
        listed = {job["id"]: job["rate"] for job in (await site.client.get("/v1/jobs")).json()["jobs"]}
        shown = [(await site.client.get(f"/v1/jobs/{job}")).json()["rate"] for job in jobs]
        assert shown == [listed[job] for job in jobs]
        return shown

    assert await rates() == [8, 2, 8]
    await put(site.client, send_rate=5)
    assert await rates() == [5, 2, 8]
