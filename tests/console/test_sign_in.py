"""Nobody gets into the console but with a secret that counts, and only as long as it does."""

import httpx

from tests.worlds.console import OPERATOR_TOKEN, Console, Person

HOUR = 3_600


async def test_the_operators_secret_opens_the_console(console: Console) -> None:
    person = await console.stranger()
    shown = await person.open("/console")
    assert (shown.path, shown.status) == ("/console/sign-in", 200)
    shown = await person.press("Sign in", secret=OPERATOR_TOKEN)
    assert (shown.path, shown.status) == ("/console", 200)
    assert "Operator" in shown.text


async def test_the_page_that_was_asked_for_follows_the_sign_in(console: Console) -> None:
    person = await console.stranger()
    await person.open("/console/nowhere?state=open")
    shown = await person.press("Sign in", secret=OPERATOR_TOKEN)
    assert str(shown.response.url) == "https://offload.example/console/nowhere?state=open"


async def test_nobody_is_led_elsewhere_by_the_sign_in(console: Console) -> None:
    for elsewhere in (
        "https://evil.example",
        "//evil.example",
        "/console//evil.example/..",
        "/v1/jobs",
        "javascript:1",
    ):
        person = await console.stranger()
        await person.open("/console/sign-in")
        shown = await person.press("Sign in", secret=OPERATOR_TOKEN, next=elsewhere)
        assert shown.response.url.host == "offload.example"
        assert shown.path.startswith("/console")


async def test_a_wrong_secret_opens_nothing_and_is_slow_to_guess(console: Console) -> None:
    person = await console.stranger()
    person.front.address = "192.0.2.7"
    console.sign_in_limit.most = 5
    assert [(await person.sign_in(f"guess {number}")).status for number in range(7)] == [401] * 5 + [429] * 2
    assert (await person.sign_in(OPERATOR_TOKEN)).status == 429
    person.front.address = "192.0.2.8"
    assert (await person.sign_in(OPERATOR_TOKEN)).path == "/console"


async def test_a_token_shows_its_role(console: Console) -> None:
    assert "Site manager" in (await console.holder()).at.text
    assert "Company manager" in (await console.holder(company="north")).at.text
    assert "Read-only" in (await console.holder(read_only=True)).at.text


async def test_the_cookie_is_out_of_reach_and_not_in_the_database(console: Console) -> None:
    person = await console.stranger()
    await person.open("/console/sign-in")
    person.http.follow_redirects = False
    shown = await person.press("Sign in", secret=OPERATOR_TOKEN)
    (cookie,) = [line for line in _cookies(shown.response) if line.startswith("__Host-offload=")]
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "secure", "samesite=strict", "path=/"} <= attributes
    value = cookie.partition("=")[2].partition(";")[0]
    kept = repr(console.database.query("SELECT * FROM console_sessions"))
    assert value not in kept
    assert OPERATOR_TOKEN not in kept


async def test_signing_out_ends_the_session_for_whoever_has_its_cookie(console: Console, operator: Person) -> None:
    thief = await console.stranger()
    thief.http.cookies = httpx.Cookies(operator.http.cookies)
    assert (await thief.open("/console")).path == "/console"
    await operator.open("/console")
    assert (await operator.press("Sign out")).path == "/console/sign-in"
    assert (await thief.open("/console")).path == "/console/sign-in"


async def test_a_session_ends_after_a_working_day(console: Console, operator: Person) -> None:
    console.clock.advance(7 * HOUR)
    assert (await operator.open("/console")).path == "/console"
    console.clock.advance(2 * HOUR)
    assert (await operator.open("/console")).path == "/console/sign-in"
    await console.sweep()
    assert console.database.query("SELECT * FROM console_sessions") == []


async def test_a_session_ends_with_the_secret_it_came_from(console: Console, operator: Person) -> None:
    holder = await console.holder()
    assert (await holder.open("/console")).path == "/console"
    console.database.query("DELETE FROM tokens")
    assert (await holder.open("/console")).path == "/console/sign-in"
    console.settings["OPERATOR_TOKEN"] = "another-operator-token-of-the-tests"
    assert (await operator.open("/console")).path == "/console/sign-in"


async def test_a_form_of_another_session_changes_nothing(console: Console, operator: Person) -> None:
    other = await console.operator()
    await other.open("/console")
    forged = dict(other.at.form("Sign out").fields)["csrf"]
    for token in (forged, "", "é"):
        answer = await operator.http.post("/console/sign-out", data={"csrf": token})
        assert answer.status_code == 403
        assert (await operator.open("/console")).path == "/console"


async def test_signing_in_and_out_is_audited(console: Console) -> None:
    holder = await console.holder(company="north")
    await holder.press("Sign out")
    rows = console.database.query("SELECT actor, role, action, site_id, company FROM audit ORDER BY id")
    assert [(row["role"], row["action"], row["company"]) for row in rows] == [
        ("company", "console.sign_in", "north"),
        ("company", "console.sign_out", "north"),
    ]


async def test_a_page_runs_nothing_but_our_own_script(operator: Person) -> None:
    policy = (await operator.open("/console")).response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


async def test_a_page_that_is_not_there_is_told_as_a_page(operator: Person) -> None:
    shown = await operator.open("/console/nowhere")
    assert shown.status == 404
    assert "The console has no such page" in shown.text


def _cookies(response: httpx.Response) -> list[str]:
    return response.headers.get_list("set-cookie")
