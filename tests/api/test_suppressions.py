"""The list of whom not to mail is kept as it is given, each their own; a wish comes off it only with a reason."""

import csv
import hashlib
import io
import json
from typing import Any

import httpx
import pytest

from api import suppressions as routes
from core.scope import Scope
from store import suppressions
from store.audit_details import with_words
from tests.worlds.api import Deployment, Site, fault

PATH = "/v1/suppressions"
CSV = {"Content-Type": "text/csv"}


async def suppress(client: httpx.AsyncClient, email: str, **more: Any) -> None:
    response = await client.post(PATH, json={"email": email, **more})
    assert (response.status_code, response.json()) == (200, {"added": 1, "unchanged": 0})


async def listed(client: httpx.AsyncClient, **filters: str) -> list[dict[str, Any]]:
    response = await client.get(PATH, params=filters)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["suppressions"]
    return found


async def release(client: httpx.AsyncClient, email: str, **more: Any) -> httpx.Response:
    return await client.request("DELETE", PATH, json={"email": email, **more})


def trail(deployment: Deployment) -> list[dict[str, Any]]:
    """As it is shown."""
    shown = f"SELECT {with_words('detail')} AS detail, a.* FROM audit a WHERE action LIKE 'suppression.%' ORDER BY id"
    rows = deployment.database.query(shown)
    return [{**row, "detail": json.loads(row["detail"])} for row in rows]


def hashed(email: str) -> str:
    return f"sha256:{hashlib.sha256(email.encode()).hexdigest()}"


async def test_one_address_is_suppressed_by_hand_and_shown(site: Site) -> None:
    await suppress(site.client, "Zoe@EXAMPLE.com", detail="asked by phone")
    [row] = await listed(site.client)
    assert row == {
        "email": "zoe@example.com",
        "company": None,
        "category": None,
        "reason": "manual",
        "detail": "asked by phone",
        "created_at": row["created_at"],
    }
    again = await site.client.post(PATH, json={"email": "zoe@example.com"})
    assert again.json() == {"added": 0, "unchanged": 1}


@pytest.mark.parametrize("wrapped", [False, True])
async def test_many_are_suppressed_at_once(site: Site, wrapped: bool) -> None:
    rows = [{"email": f"u{number}@example.com", "reason": "hard_bounce"} for number in range(3)]
    response = await site.client.post(PATH, json={"suppressions": rows} if wrapped else rows)
    assert response.json() == {"added": 3, "unchanged": 0}
    assert [row["email"] for row in await listed(site.client, reason="hard_bounce")] == [row["email"] for row in rows]
    assert await listed(site.client, reason="manual") == []


async def test_an_address_that_is_none_is_named_by_its_place_and_nothing_is_added(site: Site) -> None:
    response = await site.client.post(PATH, json=[{"email": "a@example.com"}, {"email": "nobody"}])
    assert fault(response) == (422, "invalid-request", "/1/email")
    assert await listed(site.client) == []
    assert fault(await site.client.get(PATH, params={"email": "nobody"})) == (422, "invalid-request", "email")


async def test_an_international_domain_is_kept_as_mail_has_it(site: Site) -> None:
    await suppress(site.client, "a@München.de")
    [row] = await listed(site.client, email="A@münchen.de")
    assert row["email"] == "a@xn--mnchen-3ya.de"


async def test_pages_follow_one_another(site: Site) -> None:
    await site.client.post(PATH, json=[{"email": f"u{number}@example.com"} for number in range(5)])
    found, parameters = [], {"limit": "2"}
    while True:
        page = (await site.client.get(PATH, params=parameters)).json()
        found += [row["email"] for row in page["suppressions"]]
        if not page["next"]:
            break
        parameters["cursor"] = page["next"]
    assert found == [f"u{number}@example.com" for number in range(5)]
    for foreign in ("WzFd", "WyJhIiwiYiIsM10"):  # [1] and ["a","b",3]
        assert fault(await site.client.get(PATH, params={"cursor": foreign})) == (422, "invalid-request", "cursor")


async def test_a_wish_takes_the_place_of_a_bounce_and_nothing_takes_its_place(site: Site) -> None:
    await suppress(site.client, "a@example.com", reason="hard_bounce")
    await suppress(site.client, "a@example.com", reason="complaint")
    for reason in ("manual", "hard_bounce", "unsubscribe"):
        response = await site.client.post(PATH, json={"email": "a@example.com", "reason": reason})
        assert response.json() == {"added": 0, "unchanged": 1}
    assert [row["reason"] for row in await listed(site.client)] == ["complaint"]


# CSV


async def test_a_table_goes_in_and_comes_out_and_goes_in_again(site: Site, deployment: Deployment) -> None:
    table = (
        "\ufeffEmail,Reason,Category,Company,Detail\r\n"
        'a@example.com,unsubscribe,news,,"said ""stop"",\r\ntwice"\r\n'.replace("\r\ntwice", " twice")
        + "+b@example.com,,,nordic,\r\n\r\n"
    )
    response = await site.client.post(PATH, content=table.encode(), headers=CSV)
    assert response.json() == {"added": 2, "unchanged": 0}, response.text
    out = await site.client.get(PATH, headers={"Accept": "text/csv"})
    assert out.headers["content-disposition"] == 'attachment; filename="suppressions.csv"'
    rows = {row["email"]: row for row in csv.DictReader(io.StringIO(out.content.decode("utf-8-sig")))}
    assert rows["a@example.com"]["detail"] == 'said "stop", twice'
    assert rows["'+b@example.com"]["company"] == "nordic"  # no formula
    deployment.database.query("DELETE FROM suppressions")
    back = await site.client.post(PATH, content=out.content, headers=CSV)
    assert back.json() == {"added": 2, "unchanged": 0}
    assert (await site.client.get(PATH, params={"format": "csv"})).content == out.content


async def test_a_table_of_a_spreadsheet_with_semicolons_is_understood(site: Site) -> None:
    await site.client.post(PATH, content=b"email;reason\na@example.com;complaint\n", headers=CSV)
    assert [row["reason"] for row in await listed(site.client)] == ["complaint"]


@pytest.mark.parametrize(
    ("row", "status", "slug", "field", "words"),
    [
        ("nobody", 422, "invalid-request", "line 3: /email", "'@'"),
        ("a@example.com,because", 422, "invalid-request", "line 3: /reason", "must be one of"),
        ("a@example.com,manual,Big News", 422, "invalid-request", "line 3: /category", "a to z"),
        ("a@example.com,manual,news,more", 400, "malformed-body", "", "Line 3, there are 4 cells"),
        ('a@example.com,"manual', 400, "malformed-body", "", "Line 3, a quote is not closed"),
        ('a@example.com,"a"b"c"', 400, "malformed-body", "", "Line 3, "),
        ("a@example.com\0", 400, "malformed-body", "", "Line 3, there is a NUL"),
        (b"\xff@example.com", 400, "malformed-body", "", "Line 3, this is not UTF-8"),
    ],
)
async def test_a_bad_row_is_named_by_its_line(
    site: Site, row: str | bytes, status: int, slug: str, field: str, words: str
) -> None:
    line = row if isinstance(row, bytes) else row.encode()
    response = await site.client.post(PATH, content=b"email,reason,category\nok@example.com\n" + line, headers=CSV)
    assert fault(response) == (status, slug, field)
    assert words in response.json()["detail"]


async def test_a_column_that_nobody_knows_is_refused(site: Site) -> None:
    response = await site.client.post(PATH, content=b"email,phone\na@example.com,123\n", headers=CSV)
    assert fault(response) == (422, "invalid-request", "line 2: /phone")
    missing = await site.client.post(PATH, content=b"mail\na@example.com\n", headers=CSV)
    assert fault(missing) == (422, "invalid-request", "line 2: /email")


async def test_a_quote_that_swallows_the_rest_is_told_before_memory_is_gone(site: Site) -> None:
    content = b'email,detail\n"' + b"a@example.com\n" * 10_000
    response = await site.client.post(PATH, content=content, headers=CSV)
    assert fault(response) == (413, "too-large", "")
    assert "Line 2" in response.json()["detail"]


async def test_what_was_taken_before_a_bad_row_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "CHUNK", 2)
    content = "".join(["email\n", *(f"u{number}@example.com\n" for number in range(5)), "nobody\n"])
    response = await site.client.post(PATH, content=content.encode(), headers=CSV)
    assert fault(response) == (422, "invalid-request", "line 7: /email")
    assert "The 4 addresses before that were taken" in response.json()["detail"]
    assert len(await listed(site.client)) == 4


# releasing


@pytest.mark.parametrize("reason", ["hard_bounce", "soft_bounces", "manual"])
async def test_a_fault_is_released_at_once(site: Site, reason: str) -> None:
    await suppress(site.client, "a@example.com", reason=reason)
    response = await release(site.client, "A@example.com")
    assert [row["reason"] for row in response.json()["released"]] == [reason]
    assert await listed(site.client) == []


@pytest.mark.parametrize("reason", ["complaint", "unsubscribe"])
async def test_a_wish_is_released_only_with_force_and_a_note(site: Site, reason: str, deployment: Deployment) -> None:
    await suppress(site.client, "a@example.com", reason=reason)
    await suppress(site.client, "a@example.com", reason="manual", category="news")
    refused = await release(site.client, "a@example.com")
    assert fault(refused) == (409, "mail-not-wanted", "")
    assert reason in refused.json()["detail"]
    assert fault(await release(site.client, "a@example.com", force=True)) == (422, "invalid-request", "/note")
    assert len(await listed(site.client)) == 2
    forced = await release(site.client, "a@example.com", category=None, force=True, note="She wrote to us, ticket 4711")
    assert [row["reason"] for row in forced.json()["released"]] == [reason]
    assert [row["category"] for row in await listed(site.client)] == ["news"]
    entry = trail(deployment)[-1]
    assert (entry["action"], entry["target"]) == ("suppression.release", hashed("a@example.com"))
    assert entry["detail"] == {
        "reason": reason,
        "category": None,
        "force": True,
        "note": "She wrote to us, ticket 4711",
    }


async def test_what_is_not_suppressed_cannot_be_released(site: Site, new_site: Any) -> None:
    other = await new_site()
    await suppress(other.client, "a@example.com")
    assert fault(await release(site.client, "a@example.com")) == (404, "unknown-suppression", "")
    assert len(await listed(other.client)) == 1


async def test_a_release_that_released_nothing_leaves_no_trace(site: Site, deployment: Deployment) -> None:
    await suppress(site.client, "a@example.com", reason="complaint")
    before = len(trail(deployment))
    await release(site.client, "a@example.com")
    await release(site.client, "b@example.com")
    assert len(trail(deployment)) == before


# companies


async def test_a_company_sees_and_changes_its_own_rows(site: Site) -> None:
    nordic, iberia = await site.company("nordic"), await site.company("iberia")
    await suppress(nordic, "a@example.com")
    await suppress(iberia, "a@example.com")
    await suppress(site.client, "b@example.com")
    assert [(row["email"], row["company"]) for row in await listed(nordic)] == [("a@example.com", "nordic")]
    assert [row["company"] for row in await listed(nordic, email="a@example.com")] == ["nordic"]
    foreign = await nordic.post(PATH, json={"email": "c@example.com", "company": "iberia"})
    assert fault(foreign) == (422, "invalid-request", "/company")
    assert fault(await release(nordic, "a@example.com", company="iberia")) == (422, "invalid-request", "/company")
    assert [row["company"] for row in (await release(nordic, "a@example.com")).json()["released"]] == ["nordic"]
    assert [(row["email"], row["company"]) for row in await listed(site.client)] == [
        ("a@example.com", "iberia"),
        ("b@example.com", None),
    ]


async def test_a_company_asks_about_an_address_and_learns_that_the_site_has_it_and_cannot_release_it(
    site: Site,
) -> None:
    nordic = await site.company("nordic")
    await suppress(site.client, "a@example.com", detail="of the board")
    assert await listed(nordic) == []
    assert await listed(nordic, email="a@example.com") == [
        {
            "email": "a@example.com",
            "company": None,
            "category": None,
            "reason": "manual",
            "detail": None,
            "created_at": None,
        }
    ]
    assert fault(await release(nordic, "a@example.com")) == (403, "suppressed-site-wide", "")
    assert fault(await release(nordic, "a@example.com", company=None)) == (403, "suppressed-site-wide", "")
    table = await nordic.get(PATH, params={"format": "csv"})
    assert "a@example.com" not in table.text
    assert len(await listed(site.client)) == 1


# audit


async def test_the_audit_trail_counts_what_was_added_and_names_nobody(site: Site, deployment: Deployment) -> None:
    nordic = await site.company("nordic")
    await suppress(nordic, "a@example.com")
    await site.client.post(PATH, json=[{"email": f"u{number}@example.com"} for number in range(3)])
    one, many = trail(deployment)
    assert (one["company"], one["target"], one["detail"]) == ("nordic", hashed("a@example.com"), {"addresses": 1})
    assert (many["company"], many["target"], many["detail"]) == (None, "suppressions", {"addresses": 3})
    assert "example.com" not in json.dumps([one, many])


@pytest.mark.parametrize("scope", [Scope("site_1"), Scope("site_1", "nordic")])
@pytest.mark.parametrize("email", [None, "a@example.com"])
async def test_a_page_reads_no_more_than_it_shows(deployment: Deployment, scope: Scope, email: str | None) -> None:
    keys = json.dumps([email]) if email else None
    sql, parameters = suppressions.page(scope, keys, None, ("", "", ""), 10)
    [search, *_] = deployment.database.query(f"EXPLAIN QUERY PLAN {sql}", *parameters)
    assert search["detail"].startswith("SEARCH suppressions USING ")
    assert ("email=?" if email else "company=?" if scope.company else "(email,company,category)>") in search["detail"]
