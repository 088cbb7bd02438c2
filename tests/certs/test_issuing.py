"""Issuing: once for each person, whatever happens on the way."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigurationError, DatabaseUncertain, DesignRefused, MissingForEverybody
from core.scope import Scope
from mail.message import OutgoingMail
from runtime.ports import Row, Statement
from tests.certs.conftest import Issue
from tests.doubles.bucket import FaultyBucket
from tests.doubles.provider import Crash
from tests.worlds.issuing import DESIGN, SETTINGS
from tests.worlds.world import SITE, World, person

ROOT = Path(__file__).resolve().parents[2]


def rows(world: World) -> list[Row]:
    return world.database.query("SELECT * FROM certificates ORDER BY position, version")


def everything_fits(world: World, files: FaultyBucket) -> None:
    """Every file has its row and every row its file, byte for byte."""
    world.check()
    assert {row["file"]: row["sha256"] for row in rows(world)} == {
        key: hashlib.sha256(stored.data).hexdigest() for key, stored in files.objects.items()
    }


@pytest.fixture
def mails(world: World) -> list[OutgoingMail]:
    sent: list[OutgoingMail] = []

    def keep(mail: OutgoingMail) -> str:
        sent.append(mail)
        return "id"

    world.provider.script = keep
    return sent


async def test_each_person_gets_a_certificate_and_a_mail_that_leads_to_it(
    world: World, files: FaultyBucket, issue: Issue, mails: list[OutgoingMail]
) -> None:
    job_id = await issue(3)
    await world.work()
    assert world.states(job_id) == {"sent": 3}
    everything_fits(world, files)
    kept = rows(world)
    assert [row["ref"] for row in kept] == ["0", "1", "2"]
    assert all(row["file"] == f"{SITE}/-/certificates/{job_id}/{row['code']}.pdf" for row in kept)
    assert all(stored.data.startswith(b"%PDF-") for stored in files.objects.values())
    assert json.loads(kept[0]["shown"]) == {
        "holder": "Person 0",
        "title": "Biology",
        "issuer": "School",
        "locale": "en",
    }
    html = {mail.to.email: mail.html for mail in mails}["person0@example.com"]
    code = kept[0]["code"]
    assert re.search(rf"https://offload\.example/c/{code}\.pdf\?exp=\d+&amp;sig=[\w-]{{22}}'", html)
    assert f"https://offload.example/verify/{code}" in html
    assert "-".join(re.findall("....", code)) in html


async def test_new_certificates_are_told_in_one_event_a_group(world: World, issue: Issue) -> None:
    job_id = await issue(30)
    await world.work()
    told = [event["data"] for event in world.events(job_id, "certificate.issued")]
    assert [len(event["certificates"]) for event in told] == [24, 6]
    [first, *_] = told[0]["certificates"]
    row = rows(world)[0]
    assert first == {
        **{name: row[name] for name in ("ref", "award", "code", "version", "sha256", "issued_at", "expires_at")},
        "replaces": None,
    }


async def test_the_same_award_is_certified_once(
    world: World, files: FaultyBucket, issue: Issue, mails: list[OutgoingMail]
) -> None:
    await issue(2)
    await world.work()
    world.clock.advance(86_400)
    again = await issue(3)
    await world.work()
    assert world.states(again) == {"sent": 3}
    everything_fits(world, files)
    assert [(row["ref"], row["version"]) for row in rows(world)] == [("0", 1), ("1", 1), ("2", 1)]
    links = [re.findall(r"/verify/(\w+)", mail.html) for mail in mails if mail.to.email == "person0@example.com"]
    assert links == [[rows(world)[0]["code"]]] * 2
    [event] = world.events(again, "certificate.issued")
    assert [one["ref"] for one in event["data"]["certificates"]] == ["2"]


async def test_companies_have_certificates_of_their_own(world: World, files: FaultyBucket, issue: Issue) -> None:
    await issue(1, scope=Scope(SITE, "north"))
    await issue(1, scope=Scope(SITE, "south"))
    await issue(1)
    await world.work()
    assert sorted(str(row["company"]) for row in rows(world)) == ["None", "north", "south"]
    assert len({row["code"] for row in rows(world)}) == 3
    everything_fits(world, files)


async def test_an_expired_certificate_is_followed_by_a_new_one(world: World, files: FaultyBucket, issue: Issue) -> None:
    year = 365 * 86_400_000
    await issue(1, certificate={"expires_at": world.clock.now() + year})
    await world.work()
    world.clock.advance(400 * 86_400)
    await issue(1, certificate={"expires_at": world.clock.now() + year})
    await world.work()
    assert [(row["version"], row["state"]) for row in rows(world)] == [(1, "superseded"), (2, "valid")]
    everything_fits(world, files)


async def test_a_persons_own_expiry_is_kept(world: World, issue: Issue) -> None:
    await issue([person(0, variables={"expires": "2027-12-31"})])
    await world.work()
    assert rows(world)[0]["expires_at"] == 1_830_297_600_000  # 2028-01-01T00:00:00Z


async def test_a_code_of_moodles_own_goes_on_the_paper_and_into_the_mail(
    world: World, issue: Issue, mails: list[OutgoingMail]
) -> None:
    own = {"certificate_code": "CC-99", "certificate_verify_url": "https://moodle.example/verify?code=CC-99"}
    await issue([person(0, variables=own)])
    await world.work()
    assert "CC-99" in mails[0].html
    assert "https://moodle.example/verify?code=CC-99" in mails[0].html
    assert json.loads(rows(world)[0]["shown"])["code"] == "CC-99"


async def test_a_name_that_cannot_be_spelled_fails_that_person_alone(
    world: World, files: FaultyBucket, issue: Issue
) -> None:
    job_id = await issue([person(0), person(1, name="Zoë \U00013080"), person(2)])
    await world.work()
    assert [(p["state"], p["reason"]) for p in world.people(job_id)] == [
        ("sent", None),
        ("failed", "missing_glyph"),
        ("sent", None),
    ]
    everything_fits(world, files)


async def test_a_revoked_award_is_not_issued_again(world: World, files: FaultyBucket, issue: Issue) -> None:
    await issue(1)
    await world.work()
    world.database.query("UPDATE certificates SET state = 'revoked'")
    job_id = await issue(1)
    await world.work()
    assert [(p["state"], p["reason"]) for p in world.people(job_id)] == [("failed", "certificate_revoked")]
    assert len(files.objects) == 1


@pytest.mark.parametrize("fault", ["refused", "lost"])
async def test_a_file_that_could_not_be_put_is_tried_again(
    world: World, files: FaultyBucket, issue: Issue, fault: str
) -> None:
    files.faults.extend([fault, "", fault])
    job_id = await issue(3)
    await world.work()
    assert world.states(job_id) == {"sent": 3}
    assert list(world.provider.accepted.values()) == [1, 1, 1]
    everything_fits(world, files)


@pytest.mark.parametrize("fault", ["refused", "lost"])
async def test_a_store_that_is_away_pauses_the_job_until_it_is_back_and_fails_nobody(
    world: World, files: FaultyBucket, issue: Issue, fault: str
) -> None:
    files.faults.extend([fault] * 8)
    job_id = await issue(1)
    for _ in range(8):
        await world.work()
        job = await world.show(job_id)
        assert (job["state"], job["reason"]) == ("paused", "outage")
        assert job["detail"].startswith("files_unavailable: ")
        assert rows(world) == []
        everything_fits(world, files)
        world.clock.milliseconds = job["resume_at"]
        await world.sweep()
    await world.work()
    assert [(p["state"], p["attempts"]) for p in world.people(job_id)] == [("sent", 1)]
    everything_fits(world, files)


async def test_who_gets_no_file_while_others_do_fails_after_all_attempts(
    world: World, files: FaultyBucket, issue: Issue
) -> None:
    world.settings["MAX_ATTEMPTS"] = "1"
    files.faults.extend(["refused", "", ""])
    job_id = await issue(3)
    await world.work()
    assert sorted((p["state"], p["reason"]) for p in world.people(job_id)) == [
        ("failed", "files_unavailable"),
        ("sent", None),
        ("sent", None),
    ]
    assert len(rows(world)) == 2
    everything_fits(world, files)


async def test_a_crash_between_file_and_row_makes_no_second_certificate(
    world: World, files: FaultyBucket, issue: Issue
) -> None:
    files.faults.extend(["", "crash"])
    job_id = await issue(3)
    with pytest.raises(Crash):
        await world.work()
    assert files.objects
    assert rows(world) == []
    world.clock.advance(301)
    await world.sweep()
    await world.work()
    assert world.states(job_id) == {"sent": 3}  # nobody is uncertain: no mail leaves without a certificate
    assert len(rows(world)) == 3
    everything_fits(world, files)


async def test_a_crash_after_the_row_leaves_the_mail_uncertain(world: World, issue: Issue) -> None:
    def crash(_mail: OutgoingMail) -> str:
        raise Crash

    world.provider.script = crash
    job_id = await issue(1)
    with pytest.raises(Crash):
        await world.work()
    world.clock.advance(301)
    await world.sweep()
    await world.work()
    assert world.states(job_id) == {"uncertain": 1}
    assert len(rows(world)) == 1


async def test_a_lost_answer_of_the_database_issues_nothing_twice(
    world: World, files: FaultyBucket, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = world.database.batch
    lost: list[bool] = []

    async def lose(statements: list[Statement]) -> Any:
        result = await batch(statements)
        if not lost and any("INSERT INTO certificates" in sql for sql, _ in statements):
            lost.append(True)
            raise DatabaseUncertain("connection lost")
        return result

    monkeypatch.setattr(world.database, "batch", lose)
    job_id = await issue(2)
    await world.work()
    assert lost
    assert world.states(job_id) == {"sent": 2}
    assert len(world.events(job_id, "certificate.issued")) == 1
    everything_fits(world, files)


async def test_of_two_jobs_at_once_one_certifies_and_the_other_takes_its_file_away(
    world: World, files: FaultyBucket, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await issue(1), await issue(1)
    put, waiting = FaultyBucket.put, [first, second]

    async def overtaken(self: FaultyBucket, key: str, data: bytes, content_type: str) -> None:
        await put(self, key, data, content_type)
        if waiting and waiting.pop() and waiting:  # the first put: the other job goes through meanwhile
            await world.deliver({"job": second, "batch": 0})

    monkeypatch.setattr(FaultyBucket, "put", overtaken)
    await world.work()
    assert world.states(first) == world.states(second) == {"sent": 1}
    assert [row["job_id"] for row in rows(world)] == [second]
    everything_fits(world, files)


async def test_the_same_job_makes_the_same_bytes(world: World, files: FaultyBucket, issue: Issue) -> None:
    files.faults.append("crash")
    await issue(1)
    with pytest.raises(Crash):
        await world.work()
    before = dict(files.objects)
    world.clock.advance(3 * 86_400)
    await world.sweep()
    await world.work()
    assert files.objects == before


async def test_another_signing_secret_between_a_crash_and_its_repetition_makes_no_second_certificate(
    world: World, files: FaultyBucket, issue: Issue
) -> None:
    files.faults.append("crash")
    await issue(1)
    with pytest.raises(Crash):
        await world.work()
    world.settings |= {"SIGNING_SECRET": "n" * 32, "SIGNING_SECRET_PREVIOUS": SETTINGS["SIGNING_SECRET"]}
    world.clock.advance(3 * 86_400)
    await world.sweep()
    await world.work()
    [row] = rows(world)
    assert row["state"] == "valid"
    world.clock.advance(1)
    await issue(1)  # again, for the same person
    await world.work()
    assert rows(world) == [row]


@pytest.mark.parametrize("missing", ["PUBLIC_URL", "SIGNING_SECRET"])
async def test_a_job_is_refused_where_a_setting_is_missing(world: World, issue: Issue, missing: str) -> None:
    del world.settings[missing]
    with pytest.raises(ConfigurationError) as refused:
        await issue(1)
    assert refused.value.setting == missing


async def test_a_faulty_design_is_refused_with_the_path_of_the_fault(issue: Issue) -> None:
    element = DESIGN["pages"][0]["elements"][0] | {"font": {"size": 1}}
    with pytest.raises(DesignRefused) as refused:
        await issue(1, certificate={"design": DESIGN | {"pages": [{"elements": [element]}]}})
    assert refused.value.field == "pages[0].elements[0].font.size"


async def test_a_design_whose_picture_is_missing_is_refused(issue: Issue) -> None:
    page = {"background": {"asset": "logo"}, "elements": []}
    with pytest.raises(DesignRefused, match="logo"):
        await issue(1, certificate={"design": DESIGN | {"pages": [page]}})


async def test_a_variable_of_the_design_that_nobody_has_is_told_at_the_start(issue: Issue) -> None:
    with pytest.raises(MissingForEverybody) as refused:
        await issue(1, certificate={"design": DESIGN | {"title": "{{ subject_area }}"}})
    assert refused.value.names == ("subject_area",)


def test_mails_without_certificates_import_nothing_that_draws_them() -> None:
    """What fpdf2 and the fonts cost at the start, only jobs of certificates pay."""
    program = """
import asyncio, sys
import app, callback, queue_consumer, sweep
from tests.worlds.world import World

async def mail():
    world = World()
    queue_consumer.provider_for = lambda *_: world.provider
    job = await world.job(3)
    await world.work()
    assert world.states(job) == {"sent": 3}

asyncio.run(mail())
heavy = ("fpdf", "fontTools", "uharfbuzz", "segno", "zipfile", "certificates.design", "certificates.render")
print([name for name in heavy if name in sys.modules])
"""
    paths = [str(ROOT / "src"), str(ROOT)]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {paths!r}\n{program}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert done.stdout.splitlines()[-1] == "[]"
