"""Anybody can see whether a certificate is valid, and no more than its site shows; its file needs the signed link."""

import re
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from certificates import codes
from core.errors import BucketUnavailable
from pages import words
from tests.api.test_certificates import CERTIFICATE, can_issue, issued, listed, one, work
from tests.pages.test_pages import Page
from tests.worlds.api import Deployment, Site, person

__all__ = ["can_issue", "work"]

DAY = 86_400


@pytest.fixture
async def anybody(deployment: Deployment) -> httpx.AsyncClient:
    return await deployment.client(None)


async def seen(client: httpx.AsyncClient, path: str, language: str = "en", status: int = 200) -> str:
    response = await client.get(path, headers={"Accept-Language": language})
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert response.headers["x-robots-tag"] == "noindex"
    assert response.headers["cache-control"] == "no-store"
    assert "<script" not in response.text
    Page(response.text)
    return response.text


def mail_link(deployment: Deployment) -> str:
    [mail] = [stored.data for key, stored in deployment.files.objects.items() if key.endswith(".eml")]
    text = mail.decode().replace("=\n", "").replace("=\r\n", "").replace("=3D", "=")
    found = re.search(r"https://offload\.example(/c/\w+\.pdf\?exp=\d+&amp;sig=[\w-]+)", text)
    assert found, text
    return found[1].replace("&amp;", "&")


LINKED = {"subject": "Yours", "html": '<a href="{{ certificate_url }}">x</a>', "variables": {"course": "Biology"}}


async def test_a_valid_certificate_is_shown_with_all_that_is_on_record(site: Site, anybody: httpx.AsyncClient) -> None:
    people = [person(0, name="Zoë <b>Ünal</b>")]
    certificate = await one(site, recipients=people, certificate=CERTIFICATE | {"expires_at": "2030-01-01T00:00:00Z"})
    page = await seen(anybody, f"/verify/{certificate['code']}")
    assert "This certificate is valid" in page
    assert "Zoë &lt;b&gt;Ünal&lt;/b&gt;" in page
    for told in ("Biology", "School", certificate["printed_code"], certificate["sha256"], "31 December 2029"):
        assert told in page


async def test_the_code_may_be_typed_in_any_way(site: Site, anybody: httpx.AsyncClient) -> None:
    certificate = await one(site)
    typed = certificate["printed_code"].lower().replace("-", " ").replace("0", "o").replace("1", "i")
    response = await anybody.get("/verify", params={"code": f" {typed} "})
    assert (response.status_code, response.headers["location"]) == (303, f"/verify/{certificate['code']}")
    assert "is valid" in await seen(anybody, f"/verify/{certificate['printed_code'].lower()}")


async def test_a_mistyped_code_is_told_from_an_unknown_one(anybody: httpx.AsyncClient) -> None:
    code = codes.make(b"x" * 32, "site", None, "award", "7", 1, {})
    assert "no certificate with this code" in await seen(anybody, f"/verify/{code}", status=404)
    wrong = ("1" if code[0] != "1" else "2") + code[1:]
    assert "This code is mistyped" in await seen(anybody, f"/verify/{wrong}", status=404)
    page = await seen(anybody, "/verify?code=%22%3E%3Cscript%3E", status=404)
    assert "This code is mistyped" in page
    assert "&#34;&gt;&lt;script&gt;" in page


async def test_the_form_asks_for_a_code(anybody: httpx.AsyncClient) -> None:
    page = await seen(anybody, "/verify")
    assert '<label for="code">' in page
    assert '<form method="get" action="/verify">' in page


async def test_what_was_revoked_says_why(site: Site, anybody: httpx.AsyncClient) -> None:
    code = (await one(site))["code"]
    await site.client.post(f"/v1/certificates/{code}/revoke", json={"reason": "Issued by mistake"})
    page = await seen(anybody, f"/verify/{code}")
    assert "has been revoked" in page
    assert "Issued by mistake" in page
    assert "is valid" not in page


async def test_what_was_replaced_says_so_and_keeps_the_new_code_to_its_holder(
    site: Site, anybody: httpx.AsyncClient
) -> None:
    old = (await one(site))["code"]
    new = (await site.client.post(f"/v1/certificates/{old}/reissue", json={"name": "Zoë"})).json()["code"]
    page = await seen(anybody, f"/verify/{old}")
    assert "has been replaced" in page
    assert new not in page
    assert "is valid" in await seen(anybody, f"/verify/{new}")


async def test_what_has_expired_says_so_from_that_moment(
    site: Site, deployment: Deployment, anybody: httpx.AsyncClient
) -> None:
    expiry = CERTIFICATE | {"expires_at": "2027-01-01T00:00:00Z"}
    code = (await one(site, certificate=expiry))["code"]
    deployment.clock.milliseconds = 1_798_761_599_999
    assert "is valid" in await seen(anybody, f"/verify/{code}")
    deployment.clock.milliseconds += 1
    page = await seen(anybody, f"/verify/{code}")
    assert "has expired" in page
    assert "31 December 2026" in page


@pytest.mark.parametrize(("shown", "there"), [("initials", "P. 0."), ("hidden", "Not shown here")])
async def test_no_more_is_shown_of_the_holder_than_the_site_chose(
    site: Site, anybody: httpx.AsyncClient, shown: str, there: str
) -> None:
    code = (await one(site, certificate=CERTIFICATE | {"holder": shown}))["code"]
    page = await seen(anybody, f"/verify/{code}")
    assert there in page
    assert "Person 0" not in page
    assert "u0" not in page


@pytest.mark.parametrize("language", sorted(words.codes()))
async def test_every_language_has_every_page(site: Site, anybody: httpx.AsyncClient, language: str) -> None:
    code = (await one(site))["code"]
    told, direction = words.language(language).verify, words.language(language).direction
    page = await seen(anybody, f"/verify/{code}", language)
    assert f'<html lang="{language}" dir="{direction}">' in page
    assert told.valid_title in page
    assert told.title in await seen(anybody, "/verify", language)
    assert told.mistyped_title in await seen(anybody, "/verify/x", language, 404)


async def test_the_link_in_the_mail_leads_to_the_file(
    site: Site, deployment: Deployment, anybody: httpx.AsyncClient
) -> None:
    certificate = await one(site, message=LINKED)
    response = await anybody.get(mail_link(deployment))
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"] == f'inline; filename="{certificate["code"]}.pdf"'
    assert response.content.startswith(b"%PDF-")


async def test_an_expired_link_says_how_to_get_a_new_one(
    site: Site, deployment: Deployment, anybody: httpx.AsyncClient
) -> None:
    certificate = await one(site, message=LINKED, certificate=CERTIFICATE | {"link_days": 7})
    link = mail_link(deployment)
    deployment.clock.advance(7 * DAY - 1)
    assert (await anybody.get(link)).status_code == 200
    deployment.clock.advance(2)
    page = await seen(anybody, link, status=410)
    assert "This link has expired" in page
    assert f"/verify/{certificate['code']}" in page


async def test_a_link_that_was_tampered_with_gives_nothing(site: Site, anybody: httpx.AsyncClient) -> None:
    await issued(site, 2)
    first, second = (one["code"] for one in await listed(site.client))
    link = (
        (await site.client.post(f"/v1/certificates/{first}/link")).json()["url"].removeprefix("https://offload.example")
    )
    ends = re.search(r"exp=(\d+)", link)
    assert ends
    for wrong in (
        link.replace(first, second),
        link.replace(ends[1], str(int(ends[1]) + 1)),
        link[:-1] + ("A" if link[-1] != "A" else "B"),
        link.partition("&sig")[0],
        link.partition("?")[0],
        link.replace(first, codes.make(b"", "", None, "", "", 1, {})),
        f"/c/{first}.pdf?exp=soon&sig=é",
    ):
        assert "This link does not work" in await seen(anybody, wrong, status=404)


async def test_days_may_be_written_with_a_fraction_of_nothing(
    site: Site, deployment: Deployment, anybody: httpx.AsyncClient
) -> None:
    code = (await one(site, message=LINKED, certificate=CERTIFICATE | {"link_days": 7.0}))["code"]
    assert (await anybody.get(mail_link(deployment))).status_code == 200
    made = await site.client.post(f"/v1/certificates/{code}/link", json={"days": 7.0})
    assert (await anybody.get(made.json()["url"])).status_code == 200


async def test_a_link_of_the_signing_secret_before_gives_the_file_still(
    site: Site, deployment: Deployment, anybody: httpx.AsyncClient
) -> None:
    await one(site, message=LINKED)
    link = mail_link(deployment)
    deployment.values |= {"SIGNING_SECRET": "n" * 32, "SIGNING_SECRET_PREVIOUS": deployment.values["SIGNING_SECRET"]}
    assert (await anybody.get(link)).status_code == 200
    deployment.values["SIGNING_SECRET_PREVIOUS"] = ""
    assert (await anybody.get(link)).status_code == 404


async def test_an_old_link_gives_the_corrected_file(
    site: Site, deployment: Deployment, anybody: httpx.AsyncClient
) -> None:
    old = (await one(site, message=LINKED))["code"]
    new = (await site.client.post(f"/v1/certificates/{old}/reissue", json={"name": "Zoë"})).json()["code"]
    response = await anybody.get(mail_link(deployment))
    assert new in response.headers["content-disposition"]


async def test_the_file_of_a_revoked_certificate_is_not_given_away(
    site: Site, deployment: Deployment, anybody: httpx.AsyncClient
) -> None:
    code = (await one(site, message=LINKED))["code"]
    await site.client.post(f"/v1/certificates/{code}/revoke", json={"reason": "x"})
    assert "not available any more" in await seen(anybody, mail_link(deployment), status=410)


async def test_when_the_store_does_not_answer_people_are_told_to_come_again(
    site: Site, deployment: Deployment, anybody: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await one(site, message=LINKED)
    link = mail_link(deployment)

    async def down(*_: Any) -> None:
        raise BucketUnavailable

    monkeypatch.setattr(deployment.files, "get", down)
    assert "Please try again" in await seen(anybody, link, status=503)


async def test_who_tries_many_codes_is_slowed_down(anybody: httpx.AsyncClient, deployment: Deployment) -> None:
    deployment.page_limit.most = 3
    deployment.front.address = "198.51.100.7"

    async def statuses(path: str, count: int) -> list[int]:
        return [(await anybody.get(path)).status_code for _ in range(count)]

    assert await statuses("/verify/x", 2) + await statuses("/c/x.pdf", 2) == [404, 404, 404, 429]
    for path in ("/credentials/x", "/credentials/status/7"):
        deployment.page_limit.counts.clear()
        assert await statuses(path, 4) == [404, 404, 404, 429]
    assert await statuses("/.well-known/did.json", 1) == [429]


@pytest.mark.parametrize("language", sorted(words.codes()))
async def test_a_files_fingerprint_is_compared_however_a_program_prints_it(
    site: Site, anybody: httpx.AsyncClient, language: str
) -> None:
    certificate = await one(site)
    told = words.language(language).fingerprint
    pairs = [certificate["sha256"][at : at + 2] for at in range(0, 64, 2)]
    for typed, said in (
        (certificate["sha256"], told.same),
        (" ".join(pairs).upper() + " ", told.same),
        (":".join(pairs), told.same),
        ("0" * 64, told.other),
        (certificate["sha256"][:-1], told.none),
        ("<script>", told.none),
    ):
        page = await seen(anybody, f"/verify/{certificate['code']}?sha256={quote(typed)}", language)
        assert [text for text in told[2:] if text in page] == [said]
    page = await seen(anybody, f"/verify/{certificate['code']}", language)
    assert not [text for text in told[2:] if text in page]
    assert told.label in page
