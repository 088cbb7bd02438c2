"""A job's people are found by what is known of them, over pages, one by one and as a table."""

import csv
import io
import json

import pytest

from api import query
from core.errors import Rejected
from jobs import people
from mail.message import OutgoingMail
from tests.doubles.provider import ScriptedProvider
from tests.worlds.console import Console, Person
from tests.worlds.world import person


def reject_odd(mail: OutgoingMail) -> str:
    number = int(mail.to.email.removeprefix("person").partition("@")[0])
    if number % 2:
        raise Rejected("message_rejected" if number % 4 == 1 else "too_large", "refused, they say")
    return f"<id-{number}@mail.example>"


@pytest.fixture
async def job(console: Console, sending: ScriptedProvider) -> str:
    """Of 120 people half were sent to."""
    sending.script = reject_odd
    console.database.query("UPDATE sites SET failure_limit = 1")
    job = await console.job([person(number, variables={"room": f"R{number}"}) for number in range(120)])
    await console.work()
    return job


async def test_everybody_is_listed_over_pages(operator: Person, job: str) -> None:
    shown, seen = await operator.open(f"/console/jobs/{job}/people"), []
    assert "120 people" in shown.text
    while True:
        seen += [words for href, words in shown.links if "/people/" in href and words.isdigit()]
        if "Next page" not in shown.text:
            break
        shown = await operator.follow("Next page")
    assert seen == [str(number) for number in range(120)]


async def test_people_are_found_by_what_is_known_of_them(operator: Person, job: str) -> None:
    async def found(**asked: str) -> list[str]:
        await operator.open(f"/console/jobs/{job}/people")
        shown = await operator.press("Filter", **asked)
        return [words for href, words in shown.links if "/people/" in href and words.isdigit()]

    assert (await found(state="failed"))[:3] == ["1", "5", "9"]
    assert (await found(state="failed", reason="too_large"))[:2] == ["3", "7"]
    assert await found(state="sent", ref="11") == ["110", "112", "114", "116", "118"]
    assert await found(ref="11") == ["11", *map(str, range(110, 120))]
    assert await found(email="PERSON7@example.com") == ["7"]
    assert await found(email="person7") == []
    assert await found(state="cancelled") == []
    assert "Nobody fits" in operator.at.text
    assert (await operator.open(f"/console/jobs/{job}/people?state=odd")).status == 422
    assert (await operator.open(f"/console/jobs/{job}/people?cursor=odd")).status == 422


async def test_a_search_for_an_address_is_carried_on_step_by_step(
    operator: Person, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "SCAN", 50)
    shown = await operator.open(f"/console/jobs/{job}/people?email=person110@example.com")
    assert "Nobody of those looked at here fits" in shown.text
    assert "no index" in shown.text
    await operator.follow("Search further")
    shown = await operator.follow("Search further")
    assert "person110@example.com" in shown.text
    assert "Search further" not in shown.text


async def test_only_who_can_be_chosen_can_be_chosen(operator: Person, job: str) -> None:
    shown = await operator.open(f"/console/jobs/{job}/people?ref=1")
    assert shown.response.text.count('name="position"') == shown.text.count("the provider refused") + shown.text.count(
        "the mail is too large"
    )
    shown = await operator.open(f"/console/jobs/{job}/people?state=sent")
    assert 'name="position"' not in shown.response.text
    shown = await operator.open(f"/console/jobs/{job}/people?state=failed")
    assert "Retry the chosen" in shown.text
    assert "Say that the chosen were mailed" not in shown.text


async def test_one_person_is_told_of_in_whole(console: Console, operator: Person, job: str) -> None:
    await operator.open(f"/console/jobs/{job}/people?ref=1")
    shown = await operator.follow("1")
    for words in (
        *("Person 1", "person1@example.com", "failed", "The provider refused the content.", "refused, they say"),
        *("Attempts 1", "The provider has told nothing", "room R1", "2 of 120, batch 0"),
    ):
        assert words in shown.text
    console.database.query("UPDATE recipients SET delivery = 'bounced', delivery_at = 1 WHERE position = 2")
    shown = await operator.open(f"/console/jobs/{job}/people/2")
    assert "<id-2@mail.example>" in shown.text
    assert "bounced" in shown.text
    assert not {"Retry", "Resolve"} & {words for _, words in shown.links}


async def test_nobody_is_at_other_places(operator: Person, job: str) -> None:
    for place in ("120", "-1", "x", "1.5", "99999999999999999999", "%F0%9F%98%80", "choose"):
        shown = await operator.open(f"/console/jobs/{job}/people/{place}")
        assert shown.status in (404, 405), place
        assert (await operator.open(f"/console/jobs/{job}/people/{place}/preview")).status == 404


async def test_an_erased_person_is_told_as_erased_and_cannot_be_tried_again(
    console: Console, operator: Person, job: str
) -> None:
    console.database.query("UPDATE recipients SET email = '', name = '', variables = '{}' WHERE position = 1")
    shown = await operator.open(f"/console/jobs/{job}/people/1")
    assert "Their data was erased" in shown.text
    assert not {"Retry", "Preview the mail"} & {words for _, words in shown.links}


async def test_the_failed_come_as_a_table(operator: Person, job: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "MAX_LIMIT", 7)
    shown = await operator.open(f"/console/jobs/{job}")
    answer = await operator.http.get(shown.link("Failed people as CSV"))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    refs = [row["ref"] for row in rows]
    assert sorted(refs, key=int) == [str(number) for number in range(1, 120, 2)]
    assert refs[:3] == ["1", "5", "9"], "by reason"
    assert {row["state"] for row in rows} == {"failed"}
    await operator.open(f"/console/jobs/{job}/people?state=failed&reason=too_large")
    answer = await operator.http.get(operator.at.link("These people as CSV"))
    assert answer.text.count("too_large") == answer.text.count("@example.com") == 30


async def test_the_certificate_of_a_person_is_linked(console: Console, operator: Person) -> None:
    content = {"certificate": {"award": "first-aid"}}
    job = await console.draft(2)
    console.database.query("UPDATE jobs SET kind = 'certificate' WHERE id = ?", job)
    console.database.query(
        "UPDATE job_contents SET content = json_patch(content, ?) WHERE job_id = ?", json.dumps(content), job
    )
    console.database.query(
        """INSERT INTO certificates (code, site_id, job_id, position, ref, award, version, state, file, sha256, shown,
             issued_at) SELECT 'CODE', site_id, id, 1, '1', 'first-aid', 1, 'valid', 'f', 's', '{}', 0 FROM jobs"""
    )
    shown = await operator.open(f"/console/jobs/{job}/people/1")
    assert shown.link("CODE").endswith("/console/certificates/CODE")
    assert "CODE" not in (await operator.open(f"/console/jobs/{job}/people/0")).text
