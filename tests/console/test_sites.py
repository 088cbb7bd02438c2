"""A site is created, set and shut out with every fault at its field; what is shown once is nowhere else."""

import json
from typing import Any

import pytest

from tests.console.reader import Shown
from tests.worlds.console import Console, Person
from tests.worlds.world import SITE

OTHER = "site_" + "b" * 32
UNKNOWN = "site_" + "0" * 32
HERE = f"/console/sites/{SITE}"
ASKED_FIRST = ("retention?keep_people_days=30", "rotate-callback-secret", "disable", "enable")


def audited(console: Console, pattern: str = "%") -> list[tuple[Any, ...]]:
    rows = console.database.query("SELECT actor, role, action, target, detail FROM audit WHERE action LIKE ?", pattern)
    return [(row["action"], row["target"], row["detail"] and json.loads(row["detail"])) for row in rows]


def site(console: Console, id: str = SITE) -> dict[str, Any]:
    return console.database.query("SELECT * FROM sites WHERE id = ?", id)[0]


async def post(person: Person, path: str, **fields: str) -> Shown:
    """As somebody does who made the form themselves."""
    csrf = dict(person.at.form("Sign out").fields)["csrf"]
    return Shown(await person.http.post(path, data={"csrf": csrf, **fields}))


async def test_a_new_site_shows_its_token_and_secret_once(console: Console, operator: Person) -> None:
    await operator.open("/console/sites")
    await operator.follow("Create a site")
    shown = await operator.press("Create", name="Riverside", from_email="office@river.example", callback_url="")
    assert "Copy now: it is not shown again." in shown.text
    [made] = console.database.query("SELECT * FROM sites WHERE name = 'Riverside'")
    token = next(word for word in shown.text.split() if word.startswith("cot_"))
    assert made["callback_secret"] in shown.text
    assert shown.response.headers["cache-control"] == "no-store"
    for secret in (token, made["callback_secret"]):
        told = [str(value) for value in (shown.response.headers, shown.response.history, shown.response.url)]
        assert not [text for text in [*told, *map(str, operator.http.cookies.jar)] if secret in text]
        for path in ("/console/sites", f"/console/sites/{made['id']}", f"/console/sites/{made['id']}/tokens"):
            assert secret not in (await operator.open(path)).response.text
    assert audited(console, "site.create")[0][1] == made["id"]
    assert (made["failure_limit"], made["send_rate"], made["callback_url"]) == (0.2, None, None)
    holder = await console.stranger()
    assert "Riverside" in (await holder.sign_in(token)).text


async def test_what_is_wrong_is_told_at_its_field_and_nothing_is_lost(console: Console, operator: Person) -> None:
    await operator.open("/console/sites/new")
    shown = await operator.press(
        "Create", name="", send_rate="fast", from_email="office@river.example", callback_url="https://10.0.0.1/"
    )
    assert shown.status == 422
    assert "May not be empty." in shown.text
    assert ("from_email", "office@river.example") in shown.form("Create").fields
    shown = await operator.press("Create", name="Riverside")
    assert 'id="send_rate-error">Must be a number.<' in shown.response.text
    shown = await operator.press("Create", send_rate="nan")
    assert 'id="send_rate-error">Must be a number' in shown.response.text
    shown = await operator.press("Create", send_rate="")
    assert 'id="callback_url-error"' in shown.response.text
    assert 'aria-describedby="callback_url-error callback_url-hint"' in shown.response.text
    shown = await operator.press("Create", callback_url="", from_email="nobody")
    assert 'id="from_email-error"' in shown.response.text
    assert len(console.database.query("SELECT id FROM sites")) == 1


async def test_settings_are_changed_with_before_and_after_of_just_these(console: Console, operator: Person) -> None:
    console.database.query("UPDATE sites SET callback_off_at = 1, callback_url = 'https://moodle.example/hook'")
    await operator.open(HERE)
    shown = await operator.follow("Change the settings")
    assert ("failure_limit", "0.2") in shown.form("Change").fields
    shown = await operator.press("Change", name="College", send_rate="2.5", from_email="a@b.example", from_name="A")
    assert "The settings are changed." in shown.text
    assert shown.path == HERE
    assert "A <a@b.example>" in shown.text
    [(_, target, detail)] = audited(console, "site.change")
    after = {"name": "College", "send_rate": 2.5, "sender_email": "@b.example", "sender_name": "set"}
    assert (target, detail["after"]) == (SITE, after)
    assert detail["before"] == {"name": "School", "send_rate": None, "sender_email": None, "sender_name": ""}
    assert site(console)["callback_off_at"] == 1, "callbacks are not switched on by the way"
    await operator.follow("Change the settings")
    assert "Everything is as it was." in (await operator.press("Change")).text
    assert len(audited(console, "site.change")) == 1


async def test_whom_a_site_may_send_as_is_set_by_the_operator_and_shown_to_the_site(
    console: Console, operator: Person
) -> None:
    await operator.open(f"{HERE}/change")
    shown = await operator.press("Change", senders="School.example, nobody@")
    assert (shown.status, 'id="senders-error">Must be an address' in shown.response.text) == (422, True)
    assert ("senders", "School.example, nobody@") in shown.form("Change").fields
    shown = await operator.press("Change", senders="School.example,*.school.example office@a.example")
    assert "school.example, *.school.example, office@a.example" in shown.text
    assert site(console)["senders"] == "school.example *.school.example office@a.example"
    assert "office@a.example" in (await (await console.holder()).open(HERE)).text
    manager = await console.holder(company="North")
    assert "office@a.example" not in (await manager.open(HERE)).text, "it may be another company's"
    for person in (manager, await console.holder(read_only=True), await console.holder(token="whole")):
        assert (await post(person, f"{HERE}/change", name="School", senders="evil.example")).status == 403
    assert site(console)["senders"] == "school.example *.school.example office@a.example"


async def test_callbacks_that_a_410_switched_off_are_switched_on(console: Console, operator: Person) -> None:
    console.database.query("UPDATE sites SET callback_off_at = 1, callback_url = 'https://moodle.example/hook'")
    shown = await operator.open(HERE)
    assert "callbacks off" in shown.text
    console.callbacks.sent.clear()
    assert "Callbacks are on again" in (await operator.press("Switch callbacks on")).text
    assert [body["site"] for body, _ in console.callbacks.sent] == [SITE], "what waited is posted at once"
    assert site(console)["callback_off_at"] is None
    assert audited(console, "site.change")


async def test_how_long_data_is_kept_is_asked_before_it_is_changed(console: Console, operator: Person) -> None:
    await operator.open(HERE)
    shown = await operator.press("Change how long", keep_people_days="30")
    assert "People's data is erased 30 days after the end of their job." in shown.text
    assert "Certificates are kept." in shown.text
    assert site(console)["keep_people_days"] is None
    assert "changed how long" in (await operator.press("Change")).text
    assert (site(console)["keep_people_days"], site(console)["keep_certificate_years"]) == (30, None)
    [(_, _, detail)] = audited(console, "site.change")
    assert detail == {"before": {"keep_people_days": None}, "after": {"keep_people_days": 30}}
    await operator.press("Change how long", keep_people_days="0")
    assert 'id="keep_people_days-error">Must be 1 or more.' in operator.at.response.text
    assert ("keep_people_days", "0") in operator.at.form("Change how long").fields


async def test_a_site_is_shut_out_and_let_in_again(console: Console, operator: Person) -> None:
    holder = await console.holder()
    await operator.open(HERE)
    shown = await operator.follow("Disable the site")
    assert "All its tokens are refused" in shown.text
    assert site(console)["disabled_at"] is None
    shown = await operator.press("Disable")
    assert "School is disabled." in shown.text
    assert (await holder.open("/console")).status == 403
    await operator.follow("Enable the site")
    assert site(console)["disabled_at"] is not None
    assert "School is enabled." in (await operator.press("Enable")).text
    assert (await holder.open("/console")).status == 200
    assert [action for action, *_ in audited(console, "site.%")] == ["site.disable", "site.enable"]


async def test_the_callback_secret_is_rotated_after_the_question(console: Console, operator: Person) -> None:
    before = site(console)["callback_secret"]
    await operator.open(HERE)
    await operator.follow("Rotate the callback secret")
    assert site(console)["callback_secret"] == before
    shown = await operator.press("Rotate")
    after = site(console)
    assert after["callback_secret"] in shown.text
    assert "Copy now: it is not shown again." in shown.text
    assert (after["previous_callback_secret"], after["callback_secret"] == before) == (before, False)
    assert audited(console, "site.rotate_callback_secret") == [("site.rotate_callback_secret", SITE, None)]
    shown = await operator.follow("I have copied it")
    assert after["callback_secret"] not in shown.response.text
    refused = await post(operator, f"{HERE}/rotate-callback-secret")
    assert (refused.status, site(console)) == (409, after)
    assert "The secret before this one signs until" in refused.text


async def test_the_connection_is_tested_from_the_page_of_the_site(operator: Person) -> None:
    await operator.open(HERE)
    assert "Connection of School" in (await operator.press("Test the connection")).text


async def test_a_manager_sees_their_own_site_and_changes_nothing_of_it(console: Console) -> None:
    console.add_site(OTHER, name="Elsewhere")
    for person in (await console.holder(), await console.holder(company="north"), await console.holder(read_only=True)):
        shown = await person.open("/console/sites")
        assert "School" in shown.text
        assert "Elsewhere" not in shown.text
        assert "Create a site" not in shown.text
        shown = await person.follow("School")
        buttons = {button for form in shown.forms for button in form.buttons}
        assert not {"Change how long", "Switch callbacks on"} & buttons
        assert "Change the settings" not in shown.text
        for path in ("change", *ASKED_FIRST):
            assert (await person.open(f"{HERE}/{path}")).status == 403
        for path in ("change", "callbacks-on", "retention", "rotate-callback-secret", "disable", "enable"):
            assert (await post(person, f"{HERE}/{path}", name="Mine")).status == 403
        assert (await post(person, "/console/sites", name="Mine")).status == 403
    assert [row["name"] for row in console.database.query("SELECT name FROM sites ORDER BY id")] == [
        "School",
        "Elsewhere",
    ]
    assert {action for action, *_ in audited(console)} == {"console.sign_in"}


@pytest.mark.parametrize("path", ["", "/tokens", "/companies", "/company?company=north"])
async def test_the_site_of_somebody_else_is_not_there(console: Console, path: str) -> None:
    console.add_site(OTHER, name="Elsewhere")
    for person in (await console.holder(), await console.holder(company="north")):
        answers = [await person.open(f"/console/sites/{id}{path}") for id in (OTHER, UNKNOWN)]
        assert [shown.status for shown in answers] == [404, 404]
        assert answers[0].text.partition("Request")[0] == answers[1].text.partition("Request")[0]


async def test_a_site_that_is_not_there_is_told_whatever_is_done_to_it(operator: Person) -> None:
    await operator.open("/console/sites")
    for path in ("change", *ASKED_FIRST):
        shown = await operator.open(f"/console/sites/{UNKNOWN}/{path}")
        assert (shown.status, "There is no such site." in shown.text) == (404, True)
    for path in ("change", "callbacks-on", "retention", "rotate-callback-secret", "disable", "enable"):
        assert (await post(operator, f"/console/sites/{UNKNOWN}/{path}")).status == 404


async def test_the_list_goes_on_page_by_page(console: Console, operator: Person) -> None:
    for number in range(60):
        console.add_site(f"site_{number:032}", name=f"Moodle {number}")
    await operator.open("/console/sites")
    first = {href for href, words in operator.at.links if words.startswith(("Moodle", "School"))}
    await operator.follow("Next page")
    second = {href for href, words in operator.at.links if words.startswith(("Moodle", "School"))}
    assert (len(first), len(second), len(first | second)) == (50, 11, 61)


async def test_how_much_is_kept_is_shown_with_what_may_be(console: Console, operator: Person) -> None:
    await console.draft(3)
    console.settings |= {"SITE_PEOPLE": "3", "SITE_DRAFTS": "2000"}
    shown = await operator.open(HERE)
    assert "How much is kept People 3 of 3 full Data and files 1.12 kB of 4 GB Drafts 1 of 2,000" in shown.text
    company = await (await console.holder(company="north")).open(HERE)
    assert "How much is kept" not in company.text, "what the others keep is not for a company to see"
