"""What the public pages say of somebody who was erased: that there was something, and nothing of them."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from app import app
from pages import words
from suppressions import unsubscribe
from tenancy.tokens import hash_of
from tests.privacy.conftest import TRACES, ZOE, erase
from tests.worlds.world import SITE, World


@pytest.fixture
async def reader(school: World) -> AsyncIterator[httpx.AsyncClient]:
    school.settings["CREDENTIAL_KEY"] = "1" * 64
    transport = httpx.ASGITransport(app(school.services), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="https://offload.example") as client:
        yield client


def code_of(world: World) -> str:
    [row] = world.database.query("SELECT code FROM certificates WHERE ref = ?", ZOE["ref"])
    return str(row["code"])


def is_silent(response: httpx.Response) -> bool:
    """About the person, and about what they were awarded."""
    return not any(trace in response.text.lower() for trace in (*TRACES, "biology"))


@pytest.mark.parametrize("language", sorted(words.codes()))
async def test_a_code_still_answers_that_there_was_a_certificate(
    school: World, reader: httpx.AsyncClient, language: str
) -> None:
    code = code_of(school)
    await erase(school)
    page = await reader.get(f"/verify/{code}", headers={"Accept-Language": language})
    assert page.status_code == 200
    assert words.language(language).verify.erased_title in page.text
    assert "School" in page.text
    assert is_silent(page)
    assert "sha256sum" not in page.text
    assert f"/verify/{code}/link" not in page.text


async def test_neither_the_file_nor_the_credential_is_given_away(school: World, reader: httpx.AsyncClient) -> None:
    code = code_of(school)
    from certificates import links

    url = links.download_url(school.services.settings, code, school.clock.now() + links.DAY)
    assert (await reader.get(url)).status_code == 200
    assert (await reader.get(f"/credentials/{code}")).status_code == 200
    await erase(school)
    gone = await reader.get(url)
    assert (gone.status_code, is_silent(gone)) == (410, True)
    assert (await reader.get(f"/credentials/{code}")).status_code == 404
    # what a wallet has does not become revoked by it
    assert (await reader.get("/credentials/status/0")).status_code == 200


async def test_no_new_link_is_made_to_a_file_that_is_not_there(school: World, reader: httpx.AsyncClient) -> None:
    code = code_of(school)
    await erase(school)
    token = "cot_" + "t" * 43
    school.database.query(
        "INSERT INTO tokens (id, hash, site_id, name, created_at) VALUES ('tok_1', ?, ?, 'first', 1)",
        *(hash_of(token), SITE),
    )
    headers = {"Authorization": f"Bearer {token}"}
    refused = await reader.post(f"/v1/certificates/{code}/link", headers=headers)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "holder-forgotten")
    shown = await reader.get(f"/v1/certificates/{code}", headers=headers)
    assert (shown.json()["holder"], shown.json()["title"], is_silent(shown)) == ("", "", True)
    assert len((await reader.get("/v1/certificates", headers=headers)).json()["certificates"]) == 1


async def test_the_link_in_an_old_mail_says_that_nothing_is_kept_any_more(
    school: World, reader: httpx.AsyncClient
) -> None:
    [job] = school.database.query("SELECT id FROM jobs WHERE kind = 'email' AND state = 'completed'")
    link = unsubscribe.link(school.services.settings, job["id"], 0)
    assert (await reader.get(link)).status_code == 200
    await erase(school)
    rows = school.database.query("SELECT * FROM suppressions")
    for response in (await reader.get(link), await reader.post(link, data={"List-Unsubscribe": "One-Click"})):
        assert response.status_code == 410
        assert is_silent(response)
    assert school.database.query("SELECT * FROM suppressions") == rows


def test_every_language_names_whom_to_ask() -> None:
    said = [words.language(code).verify.erased for code in words.codes()]
    assert all(re.findall(r"\{(\w+)\}", text) == ["issuer"] for text in said)
