"""A dead letter is shown with its reason, and only those that were chosen are redriven or discarded."""

import pytest

from tests.worlds.console import Console, Person

OTHER = "site_" + "b" * 32


async def buried(console: Console, id: str = "dead-1", **fields: object) -> str:
    """A letter of a job of two people; the job's id."""
    job = await console.job(2, **fields)
    body, _ = console.batches.sent.pop()
    await console.bury({**body, "reason": "poison"}, id)
    return job


async def test_a_letter_is_shown_with_its_reason_and_message(console: Console, operator: Person) -> None:
    job = await buried(console, name="Exam results")
    shown = await operator.open("/console/dead-letters")
    assert "Exam results , batch 0" in shown.text
    shown = await operator.follow("dead-1")
    assert f'"job": "{job}"' in shown.text
    assert "2 people, whom a redrive sends to" in shown.text


async def test_a_letter_is_redriven_after_the_question(console: Console, operator: Person) -> None:
    job = await buried(console)
    await operator.open("/console/dead-letters/dead-1")
    shown = await operator.follow("Redrive")
    assert "Redrive 1 letter? 2 people will be sent to again" in shown.text
    assert console.states(job) == {"failed": 2}
    shown = await operator.press("Redrive")
    assert shown.path == "/console/dead-letters"
    assert "1 letter redriven: 2 people will be sent to again." in shown.text
    assert console.states(job) == {"pending": 2}
    assert "redriven: 2" not in (await operator.open("/console/dead-letters")).text
    rows = console.database.query("SELECT actor, action, target FROM audit WHERE action LIKE 'dead_letter.%'")
    assert [tuple(row.values()) for row in rows] == [("operator", "dead_letter.redrive", "dead-1")]


async def test_the_chosen_letters_are_moved_and_no_others(console: Console, operator: Person) -> None:
    kept = await buried(console, "dead-1")
    moved = await buried(console, "dead-2")
    await operator.open("/console/dead-letters")
    shown = await operator.press("Discard the chosen", letter="dead-2")
    assert "Discard 1 letter?" in shown.text
    assert "1 letter discarded" in (await operator.press("Discard")).text
    rows = console.database.query("SELECT id, state FROM dead_letters ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [("dead-1", "open"), ("dead-2", "discarded")]
    assert console.states(kept) == console.states(moved) == {"failed": 2}


async def test_choosing_none_is_told(console: Console, operator: Person) -> None:
    await buried(console)
    await operator.open("/console/dead-letters")
    assert "choose at least one letter" in (await operator.press("Redrive the chosen")).text


async def test_the_list_is_filtered_and_goes_on(console: Console, operator: Person) -> None:
    job = await buried(console)
    await buried(console, "dead-2")
    assert "dead-2" not in (await operator.open(f"/console/dead-letters?job={job}")).text
    assert "There is none that is discarded" in (await operator.open("/console/dead-letters?state=discarded")).text
    for number in range(3, 55):
        await console.bury({"job": "job_unknown", "batch": 0}, f"dead-{number}")
    await operator.open("/console/dead-letters")
    first = {words for _, words in operator.at.links if words.startswith("dead-")}
    await operator.follow("Next page")
    second = {words for _, words in operator.at.links if words.startswith("dead-")}
    assert len(first) == 50
    assert not first & second
    assert len(first | second) == len(console.database.query("SELECT id FROM dead_letters"))


@pytest.mark.parametrize("path", ["", "/redrive", "/discard"])
async def test_the_letter_of_another_site_or_company_is_not_there(console: Console, path: str) -> None:
    console.add_site(OTHER)
    await buried(console, "dead-1", company="north")
    for stranger in (await console.holder(OTHER), await console.holder(company="south")):
        answers = [await stranger.open(f"/console/dead-letters/{id}{path}") for id in ("dead-1", "dead-0")]
        assert [shown.status for shown in answers] == [404, 404]
        assert answers[0].text.partition("Request")[0] == answers[1].text.partition("Request")[0]
        assert "dead-1" not in (await stranger.open("/console/dead-letters")).text
        token = dict(stranger.at.form("Sign out").fields)["csrf"]
        answer = await stranger.http.post(
            f"/console/dead-letters{path or '/choose'}", data={"csrf": token, "letter": "dead-1"}
        )
        assert answer.status_code == 404
    assert [row["state"] for row in console.database.query("SELECT state FROM dead_letters")] == ["open"]


async def test_whoever_may_only_look_moves_nothing(console: Console) -> None:
    await buried(console)
    reader = await console.holder(read_only=True)
    shown = await reader.open("/console/dead-letters/dead-1")
    assert "Redrive" not in shown.text
    token = dict(shown.form("Sign out").fields)["csrf"]
    for path in ("redrive", "discard", "choose"):
        answer = await reader.http.post(f"/console/dead-letters/{path}", data={"csrf": token, "letter": "dead-1"})
        assert answer.status_code == 403
    assert [row["state"] for row in console.database.query("SELECT state FROM dead_letters")] == ["open"]
