"""The audit trail in the console: who sees what of it, looked through, with before and after in words."""

import csv
import io
import json

import pytest

from tests.console.test_sites import HERE
from tests.worlds.console import Console, Person
from tests.worlds.world import SITE

OTHER = "site_" + "b" * 32


def add(
    console: Console,
    action: str,
    site: str | None = SITE,
    company: str | None = None,
    *,
    role: str = "site",
    target: str = "job_1",
    at: int | None = None,
    detail: object = None,
) -> None:
    console.database.query(
        "INSERT INTO audit (at, site_id, company, actor, role, action, target, address, detail) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, '192.0.2.7', ?)",
        *(console.clock.now() if at is None else at, site, company, f"tok_{role}", role, action, target),
        json.dumps(detail) if detail else None,
    )


async def test_before_and_after_are_told_in_words(operator: Person) -> None:
    await operator.open(f"{HERE}/change")
    await operator.press("Change", name="College", callback_url="https://moodle.example/hook")
    shown = await operator.open("/console/audit?action=site.change")
    assert "name: from School to College" in shown.text
    assert "callback url: from nothing to https://moodle.example/hook" in shown.text
    assert "Operator operator" in shown.text
    assert "School" in shown.text


async def test_what_was_made_and_what_went_is_told_as_well(console: Console, operator: Person) -> None:
    add(console, "token.create", detail={"before": None, "after": {"name": "Moodle", "read_only": False}})
    shown = await operator.open("/console/audit?action=token.create")
    assert "name: Moodle read only: no" in shown.text
    add(console, "token.delete", detail={"before": {"name": "Moodle", "expires_at": 0}, "after": None})
    shown = await operator.open("/console/audit?action=token.delete")
    assert "name: from Moodle to nothing expires at: from 1 Jan 1970, 00:00:00 UTC to nothing" in shown.text
    add(console, "job.retry", detail={"people": 3, "states": ["failed"]})
    assert 'people: 3 states: ["failed"]' in (await operator.open("/console/audit?action=job.retry")).text
    add(console, "site.change", detail={"before": {}, "after": {str(number): number for number in range(9)}})
    assert "9 values" in (await operator.open("/console/audit?action=site.change")).text


async def test_it_is_filtered(console: Console, operator: Person) -> None:
    day = 86_400_000
    add(console, "job.start", company="north", target="job_n", at=1_700_000_000_000 // day * day)
    add(console, "job.pause", company="south", target="job_s", at=1_700_000_000_000 // day * day + day - 1)
    add(console, "job.cancel", OTHER, target="job_o", role="system", at=1_700_000_000_000 // day * day + day)
    console.add_site(OTHER, name="Elsewhere")
    for query, expected in (
        ("action=job.start", {"job_n"}),
        ("actor=tok_system", {"job_o"}),
        ("target=job_s", {"job_s"}),
        (f"site={SITE}&company=north", {"job_n"}),
        (f"site={OTHER}", {"job_o"}),
        ("from=2023-11-14&to=2023-11-14", {"job_n", "job_s"}),
        ("from=2023-11-15&to=2023-11-15", {"job_o"}),
    ):
        shown = await operator.open(f"/console/audit?{query}")
        assert {words for _, words in shown.links if words.startswith("job_")} == expected, query
    assert "choose the site that it belongs to" in (await operator.open("/console/audit?company=north")).text
    assert (await operator.open("/console/audit?from=soon")).status == 422
    assert "There is none like that." in (await operator.open("/console/audit?action=nothing")).text


async def test_pages_go_on_from_where_they_ended(console: Console, operator: Person) -> None:
    for number in range(120):
        add(console, "job.start", target=f"job_{number:03}", at=1_000)
    seen: list[str] = []
    await operator.open("/console/audit?action=job.start")
    while True:
        seen += [words for _, words in operator.at.links if words.startswith("job_")]
        if "Older entries" not in operator.at.text:
            break
        await operator.follow("Older entries")
    assert seen == [f"job_{number:03}" for number in reversed(range(120))]


async def test_where_the_newest_hold_none_it_says_how_to_look_on(
    console: Console, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.audit.SCAN", 10)
    add(console, "job.rare", at=1)
    for _ in range(30):
        add(console, "job.start")
    shown = await operator.open("/console/audit?action=job.rare")
    assert "None of the newest 10 is like that." in shown.text
    for _ in range(4):
        if "job_1" not in shown.text:
            shown = await operator.follow("Look on")
    assert "job_1" in shown.text


async def test_the_table_has_all_of_the_same(console: Console, operator: Person) -> None:
    for number in range(60):
        add(console, "job.start", target=f"job_{number}")
    add(console, "job.pause")
    await operator.open("/console/audit?action=job.start")
    answer = await operator.http.get(operator.at.link("All of these as a table (CSV)"))
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["action"] for row in rows} == {"job.start"}
    assert len(rows) == 60
    assert answer.headers["content-type"].startswith("text/csv")


async def test_each_sees_what_is_theirs_and_not_where_the_operator_works(console: Console) -> None:
    console.add_site(OTHER, name="Elsewhere")
    add(console, "job.start", company="north", target="job_north")
    add(console, "job.start", company="south", target="job_south")
    add(console, "job.start", OTHER, target="job_other")
    add(console, "site.change", role="operator", target="job_operator")
    people = {
        await console.holder(): {"job_north", "job_south", "job_operator"},
        await console.holder(company="north"): {"job_north"},
        await console.holder(read_only=True): {"job_north", "job_south", "job_operator"},
    }
    for person, expected in people.items():
        shown = await person.open("/console/audit")
        assert {words for _, words in shown.links if words.startswith("job_")} == expected
        assert shown.text.count("192.0.2.7") == len(expected - {"job_operator"})
        table = (await person.http.get("/console/audit.csv")).text
        assert {target for target in ("job_north", "job_south", "job_other") if target in table} == {
            target for target in expected if target != "job_operator"
        }
        assert table.count("192.0.2.7") == len(expected - {"job_operator"})
        for path in ("/console/audit", "/console/audit.csv"):
            answers = [await person.open(f"{path}?site={id}") for id in (OTHER, "site_0")]
            assert [shown.status for shown in answers] == [404, 404]
            assert answers[0].text.partition("Request")[0] == answers[1].text.partition("Request")[0]


async def test_a_company_names_no_other(console: Console) -> None:
    north = await console.holder(company="north")
    assert "company" not in (await north.open("/console/audit")).form("Filter").names
    assert (await north.open("/console/audit?company=north")).status == 200
    assert (await north.open("/console/audit?company=south")).status == 404
