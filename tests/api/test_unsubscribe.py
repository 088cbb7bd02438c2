"""A job's category is taken or refused by name, and the public page takes what mail programs add."""

from typing import Any

import httpx
import pytest

from tests.worlds.api import MESSAGE, NEW_JOB, Deployment, Site, fault, person

LINKED = MESSAGE | {"html": '<a href="{{ unsubscribe_url }}">unsubscribe</a>'}


@pytest.fixture
def settings(deployment: Deployment) -> None:
    deployment.values |= {"PUBLIC_URL": "https://offload.example", "SIGNING_SECRET": "s" * 32}


@pytest.mark.usefixtures("settings")
async def test_a_job_shows_its_category(site: Site) -> None:
    made = await site.client.post("/v1/jobs", json=NEW_JOB | {"category": "course-reminders", "unsubscribe": True})
    assert made.json()["category"] == "course-reminders"
    plain = await site.client.post("/v1/jobs", json=NEW_JOB)
    assert plain.json()["category"] is None


@pytest.mark.parametrize("category", ["", "News", "a b", "x" * 51, "é", 5])
async def test_a_category_is_a_short_plain_word(site: Site, category: Any) -> None:
    response = await site.client.post("/v1/jobs", json=NEW_JOB | {"category": category})
    assert fault(response) == (422, "invalid-request", "/category")


async def test_a_setting_that_links_need_is_named_when_a_job_or_a_preview_asks_for_them(
    site: Site, deployment: Deployment
) -> None:
    body = NEW_JOB | {"unsubscribe": True}
    assert fault(await site.client.post("/v1/jobs", json=body)) == (409, "not-configured", "SIGNING_SECRET")
    deployment.values["SIGNING_SECRET"] = "s" * 32
    assert fault(await site.client.post("/v1/jobs", json=body)) == (409, "not-configured", "PUBLIC_URL")
    request = {"message": LINKED, "recipient": person(1), "unsubscribe": True}
    assert fault(await site.client.post("/v1/preview", json=request)) == (409, "not-configured", "PUBLIC_URL")
    assert deployment.database.query("SELECT * FROM jobs") == []


@pytest.mark.usefixtures("settings")
async def test_a_preview_shows_where_the_link_will_be(site: Site) -> None:
    request = {"message": LINKED, "recipient": person(1), "unsubscribe": True}
    shown = (await site.client.post("/v1/preview", json=request)).json()
    assert 'href="https://offload.example/u/preview"' in shown["html"]
    assert shown["headers"]["List-Unsubscribe"] == "<https://offload.example/u/preview>"
    without = await site.client.post("/v1/preview", json=request | {"unsubscribe": False})
    assert fault(without)[1] == "recipient-fault"


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
async def test_the_page_needs_no_token_and_takes_what_mail_programs_add(deployment: Deployment, method: str) -> None:
    client: httpx.AsyncClient = await deployment.client(None)
    response = await client.request(method, "/u/nobody?utm_source=mail", headers={"Accept-Language": "de"})
    assert response.status_code == 404
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-language"] == "de"
    assert response.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
