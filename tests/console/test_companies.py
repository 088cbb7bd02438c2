"""Each company has what is its own set by the site or, in part, by itself, and learns of no other."""

import pytest

from core.scope import Scope
from tests.console.test_sites import HERE, audited, post
from tests.worlds.console import Console, Person
from tests.worlds.world import SITE

COMPANY = f"{HERE}/company?company=North%2FSouth"
NAME = "North/South"


def settings(console: Console) -> list[dict[str, object]]:
    return console.database.query("SELECT * FROM companies ORDER BY company")


async def given(console: Console, **columns: str | float) -> None:
    row: dict[str, str | float] = {
        "site_id": SITE,
        "company": NAME,
        "reply_to": "help@north.example",
        "send_rate": 2.0,
        **columns,
    }
    marks = ", ".join("?" * len(row))
    console.database.query(f"INSERT INTO companies ({', '.join(row)}) VALUES ({marks})", *row.values())


async def test_a_company_is_given_what_is_its_own(console: Console, operator: Person) -> None:
    await operator.open(f"{HERE}/companies")
    assert "None has any." in operator.at.text
    await operator.press("Open", company=NAME)
    shown = await operator.press(
        "Save",
        from_email="office@north.example",
        from_name="North",
        reply_to_email="help@north.example",
        colour="#0b57a4",
        logo="https://north.example/logo.png",
        send_rate="2.5",
    )
    assert f"The settings of {NAME} are saved." in shown.text
    [row] = settings(console)
    assert (row["company"], row["sender_email"], row["send_rate"]) == (NAME, "office@north.example", 2.5)
    [(_, target, detail)] = audited(console, "company.change")
    assert (target, detail["before"], detail["after"]["colour"]) == (NAME, None, "#0b57a4")
    shown = await operator.follow(NAME)
    assert ("send_rate", "2.5") in shown.form("Save").fields


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("from_email", "nobody"),
        ("reply_to_email", "a@b@c"),
        ("colour", "blue"),
        ("logo", "0" * 64),
        ("send_rate", "0"),
    ],
)
async def test_what_is_wrong_is_told_at_its_field(console: Console, operator: Person, field: str, typed: str) -> None:
    await operator.open(COMPANY)
    shown = await operator.press("Save", **{"from_name": "Kept", field: typed})
    assert (shown.status, f'id="{field}-error"' in shown.response.text) == (422, True)
    assert ("from_name", "Kept") in shown.form("Save").fields
    assert settings(console) == []


async def test_a_sender_that_the_site_may_not_send_as_is_told_at_its_field(console: Console, operator: Person) -> None:
    for person in (operator, await console.holder()):
        await person.open(COMPANY)
        shown = await person.press("Save", from_email="office@bank.example")
        assert (shown.status, 'id="from_email-error">Is not one of the site' in shown.response.text) == (422, True)
    assert settings(console) == []


async def test_a_company_manager_sets_what_is_the_companys_own_business(console: Console) -> None:
    await given(console)
    manager = await console.holder(company=NAME)
    await manager.open(f"{HERE}/companies")
    shown = await manager.follow(NAME)
    assert not {"from_email", "from_name", "send_rate"} & shown.form("Save").names
    assert "These are set by the site." in shown.text
    await manager.press("Save", colour="#000000")
    [row] = settings(console)
    assert (row["colour"], row["reply_to"], row["send_rate"]) == ("#000000", "help@north.example", 2.0)
    await post(manager, f"{HERE}/company", company=NAME, send_rate="9", from_email="x@y.example", colour="#111111")
    [row] = settings(console)
    assert (row["colour"], row["send_rate"], row["sender_email"]) == ("#111111", 2.0, None)
    assert (await manager.open(f"{HERE}/company/delete?company=North%2FSouth")).status == 403
    assert (await post(manager, f"{HERE}/company/delete", company=NAME)).status == 403
    assert len(settings(console)) == 1


async def test_everything_is_taken_away_after_the_question(console: Console) -> None:
    await given(console)
    manager = await console.holder()
    await manager.open(COMPANY)
    shown = await manager.press("Take all of it away")
    assert f"Take away what {NAME} has of its own?" in shown.text
    assert len(settings(console)) == 1
    assert "has nothing of its own any more" in (await manager.press("Take away")).text
    assert settings(console) == []
    [(_, target, detail)] = audited(console, "company.delete")
    assert (target, detail["before"]["send_rate"]) == (NAME, 2.0)
    assert (await manager.open(f"{HERE}/company/delete?company=North%2FSouth")).status == 404


async def test_a_company_learns_of_no_other(console: Console) -> None:
    await given(console)
    stranger = await console.holder(company="west")
    assert NAME not in (await stranger.open(f"{HERE}/companies")).text
    answers = [await stranger.open(f"{HERE}/company?company={name}") for name in ("North%2FSouth", "nobody", "")]
    assert [shown.status for shown in answers] == [404, 404, 404]
    assert len({shown.text.partition("Request")[0] for shown in answers}) == 1
    assert (await post(stranger, f"{HERE}/company", company=NAME, colour="#000000")).status == 404
    assert [row["colour"] for row in settings(console)] == [None]


async def test_whoever_may_only_look_sees_it_all_and_changes_nothing(console: Console) -> None:
    await given(console)
    reader = await console.holder(read_only=True)
    shown = await reader.open(COMPANY)
    assert "help@north.example" in shown.text
    assert "Save" not in shown.text
    assert (await post(reader, f"{HERE}/company", company=NAME, colour="#000000")).status == 403
    assert (await post(reader, f"{HERE}/company/delete", company=NAME)).status == 403
    assert (await reader.open(f"{HERE}/company/delete?company=North%2FSouth")).status == 403


async def test_the_list_goes_on_page_by_page(console: Console, operator: Person) -> None:
    for number in range(60):
        await given(console, company=f"Company {number:02}")
    first = (await operator.open(f"{HERE}/companies")).text
    second = (await operator.follow("Next page")).text
    assert (first.count("help@north"), second.count("help@north")) == (50, 10)


async def test_a_company_is_shown_what_it_keeps_of_its_share(console: Console) -> None:
    await console.draft(9)
    await console.draft(9, scope=Scope(SITE, NAME))
    console.settings |= {"SITE_PEOPLE": "20", "COMPANY_SHARE": "50"}
    manager = await console.holder(company=NAME)
    shown = await manager.open(COMPANY)
    assert "How much is kept People 9 of 10 nearly full" in shown.text
