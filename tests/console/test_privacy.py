"""A person is found, exported whole and erased after the question; what is erased by itself is told before."""

import json

import pytest

from core.scope import Scope
from jobs import actions as jobs
from tests.console.test_sites import HERE, audited, post
from tests.doubles.provider import ScriptedProvider
from tests.worlds.console import Console, Person
from tests.worlds.world import SITE, person

OTHER = "site_" + "b" * 32
REF, EMAIL = "zoe-4711", "zoe.lukasik@example.org"
ZOE = {"ref": REF, "email": EMAIL, "name": "Zoe Lukasik"}
TRACES = (REF, EMAIL, "lukasik")
DAY = 86_400_000


async def mailed(console: Console, scope: Scope | None = None, people: int = 1) -> str:
    """A job that is over, with Zoe in it."""
    job = await console.job([ZOE, *(person(number) for number in range(people))], scope=scope)
    await console.work()
    return job


async def find(somebody: Person, **fields: str) -> str:
    await somebody.open("/console/privacy")
    return (await somebody.press("Count what is kept", **fields)).text


@pytest.fixture(autouse=True)
def _sending(sending: ScriptedProvider) -> None:
    """Mails leave."""


@pytest.mark.parametrize("fields", [{"ref": REF}, {"email": EMAIL.upper()}, {"ref": REF, "email": EMAIL}])
async def test_a_person_is_found_and_what_is_kept_is_counted(
    console: Console, operator: Person, fields: dict[str, str]
) -> None:
    await mailed(console)
    await mailed(console)
    text = await find(operator, **fields)
    assert "2 times in a job" in text
    assert "event for Moodle" in text or "events for Moodle" in text
    assert operator.at.response.request.method == "POST"
    assert operator.at.response.url.query == b""
    assert console.states(await mailed(console))["sent"] == 2
    assert not audited(console, "privacy.%"), "counting changes nothing"


async def test_nobody_is_found_without_a_name(operator: Person) -> None:
    await find(operator, ref=" ", email="")
    assert operator.at.status == 422
    assert 'id="ref-error">Name the person by their reference' in operator.at.response.text
    assert "Nothing is kept of this person." in await find(operator, ref="nobody")
    buttons = {button for form in operator.at.forms for button in form.buttons}
    assert not {"Erase this person", "Export as JSON"} & buttons


async def test_all_that_is_kept_is_exported_as_one_file(
    console: Console, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("privacy.person.FOUND", 1)
    wanted = {await mailed(console), await mailed(console)}
    await find(operator, ref=REF)
    shown = await operator.press("Export as JSON")
    assert shown.response.headers["content-disposition"] == 'attachment; filename="person.json"'
    assert shown.response.headers["content-type"].startswith("application/json")
    document = json.loads(shown.response.text)
    assert {row["job"] for row in document["recipients"]} == wanted
    assert {row["email"] for row in document["recipients"]} == {EMAIL}
    assert len(audited(console, "privacy.export")) == 1


async def test_an_export_is_all_of_it_or_nothing(
    console: Console, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("privacy.person.FOUND", 1)
    monkeypatch.setattr("console.privacy.PARTS", 1)
    await mailed(console)
    await mailed(console)
    await find(operator, ref=REF)
    shown = await operator.press("Export as JSON")
    assert (shown.status, "offload privacy export" in shown.text) == (422, True)
    assert EMAIL not in shown.response.text


async def test_a_person_is_erased_after_the_question_with_the_counts(console: Console, operator: Person) -> None:
    job = await mailed(console)
    await find(operator, ref=REF, email=EMAIL)
    shown = await operator.press("Erase this person")
    assert "1 time in a job" in shown.text
    assert "This cannot be undone." in shown.text
    assert console.people(job)[0]["email"] == EMAIL
    shown = await operator.press("Erase for good")
    assert shown.path == "/console/privacy"
    assert "Erased: 1 time in a job" in shown.text
    told = [shown.response.text, *map(str, (shown.response.url, *shown.response.history, shown.response.headers))]
    told += [str(each.headers) for each in shown.response.history]
    kept = [
        json.dumps(console.database.query(f"SELECT * FROM {table}")) for table in ("recipients", "callbacks", "audit")
    ]
    assert not [trace for trace in TRACES for text in (*told, *kept) if trace in text.lower()]
    assert (await console.show(job))["sent"] == 2
    await console.job([ZOE])
    await console.work()
    assert console.provider.accepted[EMAIL] <= 1
    assert {action for action, *_ in audited(console, "privacy.%")} == {"privacy.erase"}


async def test_what_does_not_fit_into_one_answer_goes_on(
    console: Console, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("privacy.person.FOUND", 1)
    monkeypatch.setattr("console.privacy.PARTS", 2)
    mails = [await mailed(console) for _ in range(5)]
    text = await find(operator, ref=REF)
    assert "2 times in a job" in text
    assert "There is more to look through" in text
    await operator.press("Look on")
    assert "2 times in a job" in operator.at.text
    await operator.press("Erase this person")
    assert "and more that was not counted" in operator.at.text
    shown = await operator.press("Erase for good")
    for _ in range(5):
        if "Erased so far" in shown.text:
            shown = await operator.press("Go on erasing")
    assert "Erased:" in shown.text
    assert not [row for job in mails for row in console.people(job) if row["email"] == EMAIL]


async def test_who_is_being_mailed_is_erased_in_a_few_minutes(console: Console, operator: Person) -> None:
    await mailed(console)
    job = await console.job([ZOE])
    console.database.query("UPDATE recipients SET state = 'sending' WHERE job_id = ?", job)
    await find(operator, ref=REF)
    shown = await operator.press("Erase this person")
    assert "They are being mailed at this moment" in shown.text
    shown = await operator.press("Erase for good")
    assert (shown.status, "Ask again in a few minutes." in shown.text) == (409, True)


async def test_each_erases_within_their_scope(console: Console) -> None:
    console.add_site(OTHER, name="Elsewhere")
    north, south = Scope(SITE, "north"), Scope(SITE, "south")
    kept = [await mailed(console, south), await mailed(console, Scope(OTHER))]
    gone = await mailed(console, north)
    manager = await console.holder(company="north")
    assert "1 time in a job" in await find(manager, ref=REF, email=EMAIL)
    await manager.press("Erase this person")
    assert "Erased: 1 time in a job" in (await manager.press("Erase for good")).text
    emails = {job: console.people(job)[0]["email"] for job in (gone, *kept)}
    assert emails == {gone: "", **dict.fromkeys(kept, EMAIL)}
    for move in ("find", "export", "ask-erase", "erase"):
        answers = [await post(manager, f"/console/privacy/{move}", site=id, ref=REF) for id in (OTHER, "site_0")]
        assert [shown.status for shown in answers] == [404, 404]
        assert answers[0].text.partition("Request")[0] == answers[1].text.partition("Request")[0]
    assert "Nothing is kept" in await find(await console.holder(company="west"), ref=REF)


async def test_whoever_may_only_look_finds_and_erases_nobody(console: Console) -> None:
    job = await mailed(console)
    reader = await console.holder(read_only=True)
    assert "Find a person" not in (await reader.open("/console/privacy")).text
    for move in ("find", "export", "ask-erase", "erase"):
        assert (await post(reader, f"/console/privacy/{move}", site=SITE, ref=REF)).status == 403
    assert console.people(job)[0]["email"] == EMAIL


async def test_what_the_next_sweeps_erase_is_told_for_each_site(console: Console, operator: Person) -> None:
    console.add_site(OTHER, name="Elsewhere", keep_certificate_years=7)
    await mailed(console, people=4)
    console.database.query("UPDATE sites SET keep_people_days = 30 WHERE id = ?", SITE)
    assert "30 days after their job's end for ever nothing" in (await operator.open("/console/privacy")).text
    console.clock.advance(31 * DAY / 1000)
    shown = await (operator := await console.operator()).open("/console/privacy")
    assert "1 job, 5 people" in shown.text
    assert "Elsewhere until somebody erases them 7 years nothing" in shown.text
    holder = await console.holder()
    assert "Elsewhere" not in (await holder.open("/console/privacy")).text


async def test_a_shorter_time_says_first_what_it_would_erase(console: Console) -> None:
    job = await mailed(console, people=4)
    console.clock.advance(31 * DAY / 1000)
    operator = await console.operator()
    await operator.open(HERE)
    shown = await operator.press("Change how long", keep_people_days="30")
    assert "1 job, 5 people" in shown.text
    await operator.open(HERE)
    assert "within minutes: nothing." in (await operator.press("Change how long", keep_people_days="60")).text
    assert (await jobs.find(console.services, console.scope, job))["sent"] == 5


async def test_sites_go_on_page_by_page(console: Console, operator: Person) -> None:
    for number in range(60):
        console.add_site(f"site_{number:032}", name=f"Moodle {number}")
    first = {href for href, words in (await operator.open("/console/privacy")).links if "Moodle" in words}
    second = {href for href, words in (await operator.follow("Next page")).links if "Moodle" in words}
    assert len(first | second) == 60
    assert not first & second
