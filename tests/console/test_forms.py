"""Whose form it is: a token is worth something in the session that it was shown in, and a form comes from our pages."""

import re
from collections.abc import AsyncIterator

import pytest

from console import sessions
from console.routes import PAGES
from tenancy import access
from tests.console.test_users import Guarded, let_in
from tests.worlds.console import OPERATOR_TOKEN, Console, Person

BOSS = "boss@school.example"
GUEST = "__Host-offload-guest"
ANOTHER = {"email": "stranger@evil.example", "role": "operator", "site": "", "company": ""}
FOREIGN = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://offload.example"},
    {"Origin": "https://offload.example:8443"},
    {"Origin": "https://offload.example.evil.example"},
    {"Origin": "https://evil.example, https://offload.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": ""},
    {"Origin": "https://offload.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
)
OURS: tuple[dict[str, str], ...] = (
    {"Origin": "https://offload.example", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "https://public.example"},
    {"Sec-Fetch-Site": "none"},
    {},
)


@pytest.fixture
async def guarded() -> AsyncIterator[Guarded]:
    access._published.clear()
    guarded = Guarded()
    async with guarded.people_there:
        await let_in(guarded, BOSS, "operator")
        yield guarded
    access._published.clear()


def csrf(person: Person, button: str) -> str:
    return dict(person.at.form(button).fields)["csrf"]


async def users(guarded: Guarded) -> list[str]:
    return [row["email"] for row in guarded.database.query("SELECT email FROM console_users ORDER BY email")]


async def test_no_stranger_makes_the_form_of_somebody_who_comes_through_access(guarded: Guarded) -> None:
    boss = await guarded.through_access(BOSS)
    [kept] = await form_keys(guarded, boss)
    chosen = (f"access:{BOSS}", BOSS, sessions.ACCESS + kept, kept, boss.front.access_token or "")
    for key in chosen:
        for spelled in (key, f"{key}.", f'"{key}"', f"{key}.{'0' * 32}"):
            stranger = await guarded.stranger()
            stranger.http.headers["Cookie"] = f"{GUEST}={spelled}"
            await stranger.open("/console/sign-in")
            forged = csrf(stranger, "Sign in")
            answer = await boss.http.post("/console/users", data={"csrf": forged, **ANOTHER})
            assert answer.status_code == 403, spelled
            assert "not of your session" in answer.text
    assert await users(guarded) == [BOSS]


async def form_keys(guarded: Guarded, person: Person) -> list[str]:
    """Those kept, once this person has opened a page."""
    assert (await person.open("/console")).status == 200
    return [row["form_key"] for row in guarded.database.query("SELECT form_key FROM access_sessions")]


async def test_a_guests_form_is_worth_nothing_in_a_session_and_the_other_way_round(guarded: Guarded) -> None:
    boss, guest = await guarded.through_access(BOSS), await guarded.stranger()
    await boss.open("/console")
    await guest.open("/console/sign-in")
    of_boss, of_guest = csrf(boss, "Sign out"), csrf(guest, "Sign in")
    answer = await boss.http.post("/console/users", data={"csrf": of_guest, **ANOTHER})
    assert answer.status_code == 403
    answer = await guest.http.post("/console/sign-in", data={"csrf": of_boss, "secret": OPERATOR_TOKEN})
    assert answer.status_code == 403
    assert not guest.http.cookies.get(sessions.COOKIE)


async def test_each_session_of_access_has_forms_of_its_own(guarded: Guarded) -> None:
    first = await guarded.through_access(BOSS)
    await first.open("/console")
    again = csrf(first, "Sign out")
    await first.open("/console")
    assert csrf(first, "Sign out") == again
    guarded.clock.advance(1)
    second = await guarded.through_access(BOSS)
    await second.open("/console")
    assert csrf(second, "Sign out") != again
    answer = await second.http.post("/console/users", data={"csrf": again, **ANOTHER})
    assert answer.status_code == 403
    await second.open("/console/users")
    assert "may come in" in (await second.press("Let in", **{**ANOTHER, "email": "new@school.example"})).text
    kept = await form_keys(guarded, second)
    assert len(set(kept)) == 2
    guarded.clock.advance(32 * 86_400)
    await guarded.sweep()
    assert guarded.database.query("SELECT * FROM access_sessions") == []


async def test_a_key_that_a_guest_made_up_is_replaced(console: Console) -> None:
    for spelled in ("x", "x.y", "x." + "0" * 32, "é", ".", "x" * 5_000):
        person = await console.stranger()
        person.http.headers["Cookie"] = f"{GUEST}={spelled}"
        shown = await person.open("/console/sign-in")
        assert re.search(rf"{GUEST}=[0-9a-f]{{32}}\.[0-9a-f]{{32}};", shown.response.headers["set-cookie"])
        answer = await person.http.post(
            "/console/sign-in", data={"csrf": csrf(person, "Sign in"), "secret": OPERATOR_TOKEN}
        )
        assert answer.status_code == 403
    assert console.database.query("SELECT * FROM console_sessions") == []


@pytest.mark.parametrize("headers", FOREIGN)
async def test_what_another_website_sends_changes_nothing(
    console: Console, operator: Person, headers: dict[str, str]
) -> None:
    await operator.open("/console")
    form = {"csrf": csrf(operator, "Sign out")}
    before = console.database.query("SELECT count(*) AS rows FROM audit")
    for page in PAGES:
        if page.method == "POST":
            address = re.sub(r"{\w+(:\w+)?}", "x", page.path)
            answer = await operator.http.post(address, data=form, headers=headers)
            assert (answer.status_code, "another website" in answer.text) == (403, True), page.path
    for address in ("/console", "/console/nowhere"):
        assert (await operator.http.post(address, headers=headers)).status_code == 403
    assert console.database.query("SELECT count(*) AS rows FROM audit") == before
    assert (await operator.open("/console")).path == "/console"


@pytest.mark.parametrize("headers", OURS)
async def test_what_our_own_pages_send_counts(console: Console, operator: Person, headers: dict[str, str]) -> None:
    console.settings["PUBLIC_URL"] = "https://Public.example:443/"
    await operator.open("/console")
    answer = await operator.http.post(
        "/console/sign-out", data={"csrf": csrf(operator, "Sign out")}, headers=headers, follow_redirects=False
    )
    assert answer.status_code == 303


async def test_one_form_of_two_origins_is_refused(operator: Person) -> None:
    await operator.open("/console")
    form = {"csrf": csrf(operator, "Sign out")}
    headers = [("Origin", "https://offload.example"), ("Origin", "https://evil.example")]
    answer = await operator.http.post("/console/sign-out", data=form, headers=headers)
    assert answer.status_code == 403
