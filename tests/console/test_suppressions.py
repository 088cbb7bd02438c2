"""Addresses are found, added, imported and exported; a wish is released only with a reason."""

import hashlib
import json

import pytest

from tests.worlds.console import Console, Person
from tests.worlds.world import SITE

OTHER = "site_" + "b" * 32
ADDRESS = "ann@example.com"


def suppress(console: Console, reason: str = "hard_bounce", company: str = "", **columns: str) -> None:
    row = {"email": ADDRESS, "category": "", "site_id": SITE} | columns
    console.database.query(
        "INSERT INTO suppressions (site_id, company, email, category, reason, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        *(row["site_id"], company, row["email"], row["category"], reason, console.clock.now()),
    )


def kept(console: Console) -> list[tuple[str, str, str]]:
    rows = console.database.query("SELECT email, company, reason FROM suppressions ORDER BY email, company")
    return [tuple(row.values()) for row in rows]


async def test_an_address_is_found_and_released_after_the_question(console: Console, operator: Person) -> None:
    suppress(console)
    await operator.open("/console/suppressions")
    shown = await operator.press("Find", email="Ann@Example.com")
    assert "hard bounce" in shown.text
    assert ADDRESS not in str(shown.response.url)
    shown = await operator.press("Release")
    assert f"{ADDRESS} : hard bounce. Mail to it is sent again." in shown.text
    assert kept(console)
    shown = await operator.press("Release")
    assert "The address is released." in shown.text
    assert kept(console) == []
    [row] = console.database.query("SELECT actor, target FROM audit WHERE action = 'suppression.release'")
    assert row["target"] == f"sha256:{hashlib.sha256(ADDRESS.encode()).hexdigest()}"


async def test_whoever_asked_not_to_be_mailed_is_released_only_with_a_reason(
    console: Console, operator: Person
) -> None:
    suppress(console, "complaint")
    await operator.open("/console/suppressions")
    shown = await operator.press("Release")
    assert "This person asked not to be mailed" in shown.text
    assert "asked not to be mailed" in (await operator.press("Release", note="")).text
    assert kept(console)
    await operator.open("/console/suppressions")
    await operator.press("Release")
    await operator.press("Release", note="asked by phone")
    assert kept(console) == []
    assert "asked by phone" in (await operator.open("/console/audit?action=suppression.release")).text
    assert "asked by phone" not in json.dumps(console.database.query("SELECT * FROM audit"))


async def test_addresses_are_imported_a_line_each(console: Console, operator: Person) -> None:
    suppress(console)
    await operator.open("/console/suppressions")
    lines = f"email,reason\n{ADDRESS}\nBob@Example.com,unsubscribe,news,by letter\n\n"
    shown = await operator.press("Suppress", addresses=lines)
    assert "1 suppressed. 1 were suppressed already." in shown.text
    assert kept(console) == [(ADDRESS, "", "hard_bounce"), ("bob@example.com", "", "unsubscribe")]
    await operator.press("Suppress", addresses="'+tim@example.com")  # as our tables have it, which hold no formula
    assert ("+tim@example.com", "", "manual") in kept(console)


@pytest.mark.parametrize("line", ["not an address", "eve@example.com,because", "eve@example.com,erased"])
async def test_a_wrong_line_is_named_and_nothing_is_changed(console: Console, operator: Person, line: str) -> None:
    await operator.open("/console/suppressions")
    shown = await operator.press("Suppress", addresses=f"bob@example.com\n{line}")
    assert shown.status == 422
    assert "Line 2" in shown.text
    assert kept(console) == []


async def test_all_of_them_are_a_table(console: Console, operator: Person) -> None:
    suppress(console, email="=cmd@example.com")
    answer = await operator.http.get(f"/console/suppressions.csv?site={SITE}")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "'=cmd@example.com" in answer.text


async def test_a_company_sees_and_changes_its_own(console: Console) -> None:
    suppress(console)
    suppress(console, company="north", email="own@example.com")
    suppress(console, company="south", email="bob@example.com")
    north = await console.holder(company="north")
    shown = await north.open("/console/suppressions")
    assert "own@example.com" in shown.text
    assert ADDRESS not in shown.text
    assert "bob@example.com" not in shown.text
    await north.press("Suppress", addresses="eve@example.com")
    assert ("eve@example.com", "north", "manual") in kept(console)
    await north.press("Find", email=ADDRESS)
    await north.press("Release")
    assert "Only a token of the site releases it" in (await north.press("Release")).text
    assert (ADDRESS, "", "hard_bounce") in kept(console)


async def test_another_sites_are_not_there(console: Console) -> None:
    console.add_site(OTHER)
    suppress(console)
    stranger = await console.holder(OTHER)
    token = dict((await stranger.open("/console/suppressions")).form("Sign out").fields)["csrf"]
    assert ADDRESS not in stranger.at.text
    for site in (SITE, "site_unknown"):
        assert (await stranger.open(f"/console/suppressions?site={site}")).status == 404
        assert (await stranger.open(f"/console/suppressions.csv?site={site}")).status == 404
        for path in ("", "/find", "/ask-release", "/release"):
            sent = {"csrf": token, "site": site, "email": ADDRESS, "addresses": "x@example.com"}
            assert (await stranger.http.post(f"/console/suppressions{path}", data=sent)).status_code == 404
    assert kept(console) == [(ADDRESS, "", "hard_bounce")]


async def test_whoever_may_only_look_changes_nothing(console: Console) -> None:
    suppress(console)
    reader = await console.holder(read_only=True)
    shown = await reader.open("/console/suppressions")
    assert [form.buttons for form in shown.forms] == [["Sign out"], ["Filter"], ["Find"]]
    token = dict(shown.form("Sign out").fields)["csrf"]
    for path in ("", "/ask-release", "/release"):
        sent = {"csrf": token, "site": SITE, "email": ADDRESS, "addresses": "x@example.com"}
        assert (await reader.http.post(f"/console/suppressions{path}", data=sent)).status_code == 403
    assert kept(console) == [(ADDRESS, "", "hard_bounce")]
