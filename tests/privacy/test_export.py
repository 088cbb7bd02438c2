"""A person gets all that is kept of them, and nothing of anybody else; in pages where there is much."""

import json

import pytest

from certificates import changes
from core.scope import Scope
from privacy import actions as privacy
from privacy import person as finding
from privacy.person import Person
from runtime.ports import Statement
from store import privacy as statements
from store import retention
from store.audit import Entry
from tests.privacy.conftest import BOTH, EMAIL, OTHER, TRACES, ZOE, erase, export, noted
from tests.store.test_plans import whole_reads
from tests.worlds.world import SITE, World, person


async def test_a_person_gets_all_that_is_kept_of_them(school: World) -> None:
    document = await export(school)
    sent, certified, waiting = document["recipients"]
    assert (sent["job_name"], sent["state"], sent["variables"]) == ("Reminder", "sent", {"course": "Blue cheese"})
    assert (certified["state"], waiting["state"]) == ("sent", "pending")
    assert {(row["ref"], row["email"], row["name"]) for row in document["recipients"]} == {
        ("zoe-4711", "Zoe.Lukasik@Example.org", "Zoë Łukasik")
    }
    assert {event["type"] for event in document["events"]} == {"batch.completed", "certificate.issued"}
    assert all(about["ref"] == "zoe-4711" for event in document["events"] for about in event["about"])
    [certificate] = document["certificates"]
    assert (certificate["holder"], certificate["title"], certificate["version"]) == ("Zoë Łukasik", "Biology", 1)
    assert certificate["url"].startswith(f"https://offload.example/c/{certificate['code']}.pdf?exp=")
    [suppression] = document["suppressions"]
    assert (suppression["email"], suppression["category"], suppression["detail"]) == (EMAIL, "news", "Zoë wrote")
    assert [row["bounces"] for row in document["soft_bounces"]] == [2]


async def test_nothing_of_anybody_else_is_in_it(school: World) -> None:
    text = json.dumps(await export(school), ensure_ascii=False).lower()
    assert not any(trace in text for trace in ("li-4712", "li@example.org", "tea"))
    text = json.dumps(await export(school, Person.named(OTHER["ref"], OTHER["email"])), ensure_ascii=False).lower()
    assert not any(trace in text for trace in TRACES)


@pytest.mark.parametrize("who", [Person.named(ZOE["ref"], None), Person.named(None, "ZOE.lukasik@example.ORG")])
async def test_a_reference_or_an_address_finds_the_same(school: World, who: Person) -> None:
    assert await export(school, who) == await export(school)


async def test_many_rows_come_in_pages_without_one_lost_or_twice(
    school: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        await school.draft([person(number), ZOE, person(100 + number)])
    [row] = school.database.query("SELECT code FROM certificates WHERE ref = ?", ZOE["ref"])
    for number in range(3):
        entry = Entry(0, "tok_1", "site", "certificate.reissue", row["code"], None, SITE)
        row = await changes.reissue(school.services, school.scope, row["code"], {"name": f"Zoë {number}"}, entry)
    whole = await export(school)
    assert len(whole["recipients"]) == 15
    assert len(whole["certificates"]) == 4
    counted = await erase(school, dry_run=True)
    for name, few in (("JOBS", 2), ("READ", 5), ("FOUND", 3), ("STEPS", 2)):
        monkeypatch.setattr(finding, name, few)
    monkeypatch.setattr(privacy, "EVENTS", 2)
    monkeypatch.setattr(privacy, "CERTIFICATES", 1)
    for who in (BOTH, Person.named(ZOE["ref"], None), Person.named(None, ZOE["email"])):
        paged = await export(school, who)
        for kind in ("recipients", "events", "certificates"):
            assert sorted(map(str, paged[kind])) == sorted(map(str, whole[kind])), kind
    assert await erase(school, dry_run=True) == counted
    assert await erase(school) == counted
    assert not (await export(school))["recipients"]
    school.check()


async def test_certificates_that_the_jobs_know_nothing_of_any_more_come_in_pages_too(
    school: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    [row] = school.database.query("SELECT code FROM certificates WHERE ref = ?", ZOE["ref"])
    for number in range(3):
        entry = Entry(0, "tok_1", "site", "certificate.reissue", row["code"], None, SITE)
        row = await changes.reissue(school.services, school.scope, row["code"], {"name": f"Zoë {number}"}, entry)
    school.database.query("UPDATE recipients SET ref = position, email = '', name = '', variables = '{}'")
    monkeypatch.setattr(privacy, "CERTIFICATES", 1)
    for _ in range(2):
        found = (await export(school))["certificates"]
        assert [certificate["version"] for certificate in sorted(found, key=lambda one: one["version"])] == [1, 2, 3, 4]
    assert (await erase(school, dry_run=True))["certificates"] == 4
    assert (await erase(school))["certificates"] == 4


async def test_what_is_kept_by_hash_is_shown_to_whoever_knows_the_address(school: World) -> None:
    await erase(school)
    document = await export(school)
    assert {(row["email"], row["reason"]) for row in document["suppressions"]} == {
        (EMAIL, "erased"),
        (EMAIL, "unsubscribe"),
    }
    assert not any(document[kind] for kind in ("recipients", "events", "certificates", "soft_bounces"))


async def test_an_export_is_in_the_audit_trail_once_and_without_the_person(school: World) -> None:
    await export(school)
    rows = school.database.query("SELECT * FROM audit WHERE action LIKE 'privacy.%'")
    assert len(rows) == 1
    assert not any(trace in json.dumps(rows).lower() for trace in TRACES)


async def test_a_company_exports_its_own_only(school: World) -> None:
    nordic = Scope(SITE, "nordic")
    mine = await school.job([ZOE], scope=nordic, company="nordic")
    await school.work()
    document = await export(school, scope=nordic)
    assert {row["job"] for kind in ("recipients", "events", "certificates") for row in document[kind]} == {mine}
    assert document["suppressions"] == document["soft_bounces"] == []


async def test_no_statement_reads_a_whole_table(school: World) -> None:
    people = json.dumps([{"job": "job_1", "position": 3, "ref": "r", "as": "erased-1"}])
    ranges = json.dumps([{"job": "job_1", "first": 0, "last": 9}])
    codes, addresses = json.dumps([{"code": "C", "as": "e"}]), json.dumps([{"email": "a@b.example", "hash": "hash:1"}])
    for scope in (Scope(SITE), Scope(SITE, "nordic")):
        chosen: list[Statement] = [
            statements.jobs_from(scope, 0, "", 10),
            statements.people(ranges, "r", None, 10),
            statements.people(ranges, "r", "a@b.example", 10),
            statements.events("job_1", "r", 0, 10),
            statements.count_events(people),
            statements.certificates_of(people),
            statements.certificates_of_ref(scope, "r", "", 10),
            statements.suppressions(scope, "[]"),
            statements.soft_bounces(scope, "[]"),
            statements.releases(scope, "[]"),
            statements.note(noted("t", {}), people),
            statements.note_certificates(noted("t", {}), codes),
            statements.note_addresses(noted("t", {}), addresses),
            statements.erase_people(people, 1),
            statements.still_there(people),
            statements.erase_from_events(people),
            statements.erase_certificates(codes, 1),
            *statements.erase_addresses(scope, addresses, 1),
            retention.stale_drafts(1, 10),
            retention.due_jobs(1, 10),
            retention.erase_people("job_1", 0, 10),
            retention.delete_events("job_1", 10),
            retention.due_certificates(1, 10),
            retention.delete_soft_bounces(1, 10),
            retention.standing(scope, (-1, ""), 1, 10),
        ]
        for statement in chosen:
            lines = whole_reads(school.database, statement)
            assert [line for line in lines if line not in ("SCAN p", "SCAN g", "SCAN e")] == [], statement.sql
