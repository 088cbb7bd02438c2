"""Erasing a person: nothing of them is left, nothing that is counted changes, and they are not mailed any more."""

import json
from typing import Any

import pytest

from certificates import changes
from core import person_hash
from core.errors import HolderForgotten, PersonInFlight
from core.scope import Scope
from jobs import actions as jobs
from privacy.person import Person
from store.audit import Entry
from tests.doubles.bucket import FaultyBucket
from tests.doubles.provider import Crash
from tests.privacy.conftest import EMAIL, OTHER, TRACES, ZOE, erase, everything, mail_of, places_of
from tests.worlds.issuing import CERTIFICATE, LINKED
from tests.worlds.world import SITE, World, person

BY_REF, BY_EMAIL = Person.named(ZOE["ref"], None), Person.named(None, ZOE["email"])


def files_of(world: World) -> dict[str, Any]:
    assert isinstance(world.services.files, FaultyBucket)
    return world.services.files.objects


def certificates_of(world: World) -> list[str]:
    return [key for key in files_of(world) if "/certificates/" in key]


def counters(world: World) -> list[dict[str, Any]]:
    names = "total, pending, sending, sent, failed, uncertain, suppressed, cancelled"
    return world.database.query(f"SELECT id, state, {names} FROM jobs ORDER BY created_at, id")


async def test_nothing_of_an_erased_person_is_left_anywhere(school: World) -> None:
    assert places_of(school) == ["callbacks", "certificates", "recipients", "soft_bounces", "suppressions"]
    others = everything(school)["recipients"].count("li@example.org")
    await erase(school)
    assert places_of(school) == []
    assert everything(school)["recipients"].count("li@example.org") == others == 3
    assert len(certificates_of(school)) == 1


async def test_counts_and_states_stay_and_who_was_waiting_is_cancelled(school: World) -> None:
    before = counters(school)
    assert await erase(school) == {
        "recipients": 3,
        "cancelled": 1,
        "sending": 0,
        "certificates": 1,
        "events": 3,
        "suppressions": 1,
        "soft_bounces": 1,
    }
    school.check()
    draft = before[-1]
    assert counters(school) == [*before[:-1], draft | {"pending": 1, "cancelled": 1}]
    [row] = school.database.query("SELECT * FROM recipients WHERE state = 'cancelled'")
    assert row["reason"] == "erased"
    await jobs.start(school.services, school.scope, draft["id"])
    await school.work()
    assert school.states(draft["id"]) == {"cancelled": 1, "sent": 1}
    school.check()


async def test_a_second_erasure_changes_nothing(school: World) -> None:
    await erase(school)
    before = everything(school)
    assert not any((await erase(school)).values())
    assert everything(school) == before


async def test_a_dry_run_counts_the_same_and_changes_nothing(school: World) -> None:
    before = everything(school)
    counted = await erase(school, dry_run=True)
    assert everything(school) == before
    assert counted == await erase(school)


@pytest.mark.parametrize("who", [BY_REF, BY_EMAIL])
async def test_a_reference_or_an_address_alone_is_enough(school: World, who: Person) -> None:
    await erase(school, who)
    assert places_of(school) == []


async def test_an_address_is_found_in_capitals_and_one_that_is_none_as_it_was_submitted(world: World) -> None:
    job = await world.draft([person(1, email="ZOE@example.org"), person(2, email="no address"), person(3)])
    await erase(world, Person.named(None, "zoe@EXAMPLE.org"))
    await erase(world, Person.named(None, "No Address"))
    assert [row["email"] for row in world.people(job)] == ["", "", "person3@example.com"]


async def test_events_still_tell_the_outcomes_of_all(school: World) -> None:
    [job] = school.database.query("SELECT id FROM jobs WHERE kind = 'email' AND state = 'completed'")

    def told() -> list[dict[str, Any]]:
        [event] = school.events(job["id"], "batch.completed")
        people: list[dict[str, Any]] = event["data"]["recipients"]
        return people

    before = told()
    await erase(school)
    after = told()
    assert after[1] == before[1]
    assert after[0] == before[0] | {"ref": school.people(job["id"])[0]["ref"], "message_id": None}
    assert after[0]["ref"].startswith("erased-")


async def test_what_a_receiver_said_of_the_events_goes_but_for_its_code(school: World) -> None:
    school.database.query("UPDATE callbacks SET error = 'http_500: Zoë Łukasik is unknown'")
    school.database.query(
        "INSERT INTO callback_attempts SELECT cursor, 1, 1, 500, 'http_500: Zoë Łukasik is unknown' FROM callbacks"
    )
    others = school.database.query("SELECT count(*) AS count FROM callbacks WHERE data NOT LIKE '%zoe-4711%'")[0]
    await erase(school)
    for table in ("callbacks", "callback_attempts"):
        rows = school.database.query(f"SELECT error, count(*) AS count FROM {table} GROUP BY 1 ORDER BY 1")
        assert {row["error"]: row["count"] for row in rows} == {
            "http_500": 3,
            "http_500: Zoë Łukasik is unknown": others["count"],
        }


async def test_the_audit_trail_holds_counts_and_hashes_and_never_the_person(school: World) -> None:
    await erase(school)
    rows = school.database.query("SELECT * FROM audit WHERE action = 'privacy.erase' ORDER BY id")
    [site] = school.database.query("SELECT address_key FROM sites WHERE id = ?", SITE)
    named = {
        "ref": person_hash.of_ref(site["address_key"], ZOE["ref"]),
        "email": person_hash.of_address(site["address_key"], EMAIL),
    }
    address, people = [json.loads(row["detail"]) for row in rows]
    assert address == named | {"suppressions": 1, "soft_bounces": 1}
    assert people == named | {"recipients": 3, "cancelled": 1, "certificates": 1, "events": 3}
    assert {row["target"] for row in rows} == {named["ref"]}
    assert not any(trace in json.dumps(rows).lower() for trace in TRACES)


async def test_the_mail_that_the_sandbox_keeps_is_deleted(school: World) -> None:
    [job] = school.database.query("SELECT id FROM jobs WHERE kind = 'email' AND state = 'completed'")
    hers, lis = mail_of(school, job["id"], ZOE["ref"]), mail_of(school, job["id"], OTHER["ref"])
    assert {hers, lis} <= files_of(school).keys()
    await erase(school)
    assert (hers in files_of(school), lis in files_of(school)) == (False, True)


async def test_a_certificate_that_a_crash_left_without_its_row_is_deleted(world: World, files: FaultyBucket) -> None:
    content = {"message": LINKED, "certificate": CERTIFICATE}
    job = await world.job([ZOE], kind="certificate", content=content)
    files.faults.append("crash")
    with pytest.raises(Crash):
        await world.work()
    assert len(files.objects) == 1
    world.database.query("UPDATE recipients SET state = 'pending'")
    world.database.query("UPDATE batches SET sending = 0, pending = 1")
    await erase(world)
    assert not files.objects
    assert world.states(job) == {"cancelled": 1}


# not mailed any more


async def test_an_erased_person_is_not_mailed_when_they_are_submitted_again(school: World) -> None:
    await erase(school)
    school.provider.accepted.clear()
    job = await school.job([ZOE | {"email": "ZOE.Lukasik@example.org"}, OTHER])
    await school.work()
    assert school.states(job) == {"suppressed": 1, "sent": 1}
    assert [row["reason"] for row in school.people(job)] == ["erased", None]
    assert set(school.provider.accepted) == {"li@example.org"}


async def test_whoever_shares_the_address_is_not_mailed_either(world: World, files: FaultyBucket) -> None:
    job = await world.draft([ZOE, ZOE | {"ref": "sister"}])
    await erase(world, BY_REF)
    await jobs.start(world.services, world.scope, job)
    await world.work()
    assert world.states(job) == {"cancelled": 1, "suppressed": 1}
    assert files_of(world) == files.objects


async def test_what_was_suppressed_before_stays_with_its_reason(school: World) -> None:
    await erase(school)
    rows = school.database.query("SELECT * FROM suppressions ORDER BY category")
    assert [(row["category"], row["reason"], row["detail"]) for row in rows] == [
        ("", "erased", None),
        ("news", "unsubscribe", None),
    ]
    assert all(row["email"].startswith("hash:") for row in rows)


async def test_a_person_can_be_appended_again_under_the_same_reference(school: World) -> None:
    await erase(school)
    [draft] = school.database.query("SELECT id FROM jobs WHERE state = 'draft'")
    added = await jobs.append(school.services, school.scope, draft["id"], [ZOE, OTHER])
    assert (added.added, added.duplicates, added.total) == (1, 1, 3)
    school.check()
    await erase(school)
    school.check()
    assert places_of(school) == []


async def test_two_sites_hash_one_address_differently(world: World) -> None:
    other = "site_" + "b" * 32
    world.add_site(other)
    keys = [row["address_key"] for row in world.database.query("SELECT address_key FROM sites")]
    assert len({person_hash.of_address(key, EMAIL) for key in keys}) == 2
    assert {len(key) for key in keys} == {64}
    assert person_hash.of_address(keys[0], "a@b.example") != person_hash.of_ref(keys[0], "a@b.example")


# who is being mailed


async def in_flight(world: World) -> str:
    job = await world.job([ZOE, OTHER])
    chosen = "WHERE job_id = ?"
    world.database.query(f"UPDATE recipients SET state = 'sending', fence = 1 {chosen} AND position = 0", job)
    lease = "state = 'processing', fence = 1, lease_until = ?, pending = 1, sending = 1"
    world.database.query(f"UPDATE batches SET {lease} {chosen}", 2**50, job)
    return job


async def test_whoever_is_being_mailed_is_erased_only_afterwards(world: World, files: FaultyBucket) -> None:
    waiting = await world.draft([ZOE])
    job = await in_flight(world)
    with pytest.raises(PersonInFlight) as refused:
        await erase(world)
    assert refused.value.job_id == job
    assert [row["state"] for row in world.people(waiting)] == ["cancelled"]
    assert [row["email"] for row in world.people(job)] == [ZOE["email"], OTHER["email"]]
    assert (await erase(world, dry_run=True))["sending"] == 1
    world.check()
    world.database.query("UPDATE recipients SET state = 'uncertain' WHERE state = 'sending'")
    world.database.query("UPDATE batches SET sending = 0, uncertain = 1 WHERE sending = 1")
    await erase(world)
    assert places_of(world) == []
    world.check()
    assert not files.objects


async def test_a_late_answer_or_event_brings_nothing_of_the_person_back(school: World) -> None:
    from delivery_events import outcomes
    from delivery_events.base import DeliveryEvent, Kind, Notice

    await erase(school)
    [row] = school.database.query(
        "SELECT * FROM recipients WHERE email = '' AND state = 'sent' ORDER BY job_id LIMIT 1"
    )
    for kind in (Kind.SOFT_BOUNCE, Kind.HARD_BOUNCE, Kind.COMPLAINT, Kind.UNSUBSCRIBE):
        event = DeliveryEvent(kind, 5, row["job_id"], row["position"], "<zoe-4711@provider>", "Zoë is gone")
        await outcomes.apply(school.services, Notice([event]))
    assert places_of(school) == []
    [after] = school.database.query(
        "SELECT * FROM recipients WHERE job_id = ? AND position = ?", row["job_id"], row["position"]
    )
    assert (after["delivery"], after["message_id"], after["detail"]) == ("complained", None, None)


async def test_an_erased_person_cannot_be_tried_again_or_handed_back(world: World, files: FaultyBucket) -> None:
    job = await world.job([ZOE, OTHER])
    _, count = await jobs.hand_back(world.services, world.scope, job)
    assert count == 2
    failed = await world.job([ZOE, OTHER])
    world.database.query("UPDATE recipients SET state = 'failed', reason = 'x' WHERE job_id = ?", failed)
    world.database.query("UPDATE batches SET state = 'done', pending = 0, failed = 2 WHERE job_id = ?", failed)
    world.database.query("UPDATE jobs SET state = 'completed', ended_at = 1 WHERE id = ?", failed)
    await erase(world)
    assert (await jobs.hand_back(world.services, world.scope, job))[1] == 1
    selection = jobs.Selection()
    assert (await jobs.retry(world.services, world.scope, failed, selection, dry_run=True))[0] == 1
    assert (await jobs.retry(world.services, world.scope, failed, selection))[0] == 1
    await world.work()
    assert world.states(failed) == {"sent": 1, "failed": 1}
    world.check()
    assert not files.objects


# certificates


async def test_of_an_erased_certificate_the_issuer_is_left(school: World) -> None:
    await erase(school)
    [row] = school.database.query("SELECT * FROM certificates WHERE erased_at IS NOT NULL")
    assert json.loads(row["shown"]) == {"holder": "", "title": "", "issuer": "School", "locale": "en"}
    assert (row["file"], row["sha256"], row["state"]) == ("", "", "valid")
    entry = Entry(0, "tok_1", "site", "certificate.reissue", row["code"], None, SITE)
    with pytest.raises(HolderForgotten):
        await changes.reissue(school.services, school.scope, row["code"], {"name": "Zoë"}, entry)


async def test_corrections_of_a_certificate_are_erased_with_it(school: World) -> None:
    [row] = school.database.query("SELECT * FROM certificates WHERE ref = ?", ZOE["ref"])
    entry = Entry(0, "tok_1", "site", "certificate.reissue", row["code"], None, SITE)
    await changes.reissue(school.services, school.scope, row["code"], {"name": "Zoë Łukasik-Li"}, entry)
    assert (await erase(school, BY_EMAIL))["certificates"] == 2
    assert places_of(school) == []
    assert len(certificates_of(school)) == 1


async def test_a_certificate_of_a_job_that_knows_the_person_no_more_is_found_by_their_reference(school: World) -> None:
    school.database.query("UPDATE recipients SET ref = position, email = '', name = '', variables = '{}'")
    school.database.query("DELETE FROM callbacks WHERE type <> 'certificate.issued'")
    assert (await erase(school, BY_REF))["certificates"] == 1
    assert places_of(school, ("zoe-4711", "łukasik")) == []
    assert len(certificates_of(school)) == 1


async def test_the_same_award_is_not_issued_again_to_whoever_was_erased_and_let_in_again(school: World) -> None:
    await erase(school)
    school.database.query("DELETE FROM suppressions")
    content = {"message": LINKED, "certificate": CERTIFICATE}
    job = await school.job([ZOE, OTHER], kind="certificate", content=content)
    await school.work()
    assert [(row["state"], row["reason"]) for row in school.people(job)] == [
        ("failed", "certificate_erased"),
        ("sent", None),
    ]
    assert len(certificates_of(school)) == 1


# companies


async def test_a_company_erases_its_own_and_touches_no_other(school: World) -> None:
    nordic = Scope(SITE, "nordic")
    content = {"message": LINKED, "certificate": CERTIFICATE}
    mine = await school.job([ZOE, OTHER], scope=nordic, company="nordic", kind="certificate", content=content)
    await school.work()
    school.database.query(
        "INSERT INTO suppressions (site_id, company, email, reason, created_at) VALUES (?, 'nordic', ?, 'manual', 1)",
        *(SITE, EMAIL),
    )
    tables = ("recipients", "callbacks", "certificates", "suppressions")

    def of_others() -> list[list[dict[str, Any]]]:
        job = "job_id <> ?"
        return [
            school.database.query(
                f"SELECT * FROM {table} WHERE {'company <> ?' if table == 'suppressions' else job}",
                "nordic" if table == "suppressions" else mine,
            )
            for table in tables
        ] + [school.database.query("SELECT * FROM soft_bounces")]

    before = of_others()
    counts = await erase(school, scope=nordic)
    assert (counts["recipients"], counts["certificates"], counts["suppressions"]) == (1, 1, 1)
    assert of_others() == before
    assert [row["email"] for row in school.people(mine)] == ["", "li@example.org"]
    kept = school.database.query("SELECT email, company, reason FROM suppressions WHERE company = 'nordic'")
    assert [(row["email"][:5], row["reason"]) for row in kept] == [("hash:", "erased")]
    again = await school.job([ZOE], scope=nordic, company="nordic")
    still = await school.job([ZOE])
    await school.work()
    assert school.states(again) == {"suppressed": 1}
    assert school.states(still) == {"sent": 1}


async def test_a_correction_that_is_under_way_does_not_bring_the_holder_back(
    school: World, files: FaultyBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    [row] = school.database.query("SELECT code FROM certificates WHERE ref = ?", ZOE["ref"])
    real = files.put

    async def put(key: str, data: bytes, content_type: str) -> None:
        await real(key, data, content_type)
        await erase(school)

    monkeypatch.setattr(files, "put", put)
    entry = Entry(0, "tok_1", "site", "certificate.reissue", row["code"], None, SITE)
    with pytest.raises(HolderForgotten):
        await changes.reissue(school.services, school.scope, row["code"], {"name": "Zoë Zwei"}, entry)
    assert places_of(school) == []
    assert len(certificates_of(school)) == 1
