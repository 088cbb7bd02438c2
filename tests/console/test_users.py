"""Who comes in through Cloudflare Access has the role that they were given, and is out with the next page."""

from collections.abc import AsyncIterator

import pytest

from tenancy import access
from tests.doubles.bindings import ScriptedFetch
from tests.worlds.access import AUDIENCE, DOMAIN, Team
from tests.worlds.console import Console, Person
from tests.worlds.world import SITE

OTHER = "site_" + "b" * 32


class Guarded(Console):
    """A console behind Cloudflare Access."""

    def __init__(self) -> None:
        super().__init__(ACCESS_TEAM_DOMAIN=DOMAIN, ACCESS_AUDIENCE=AUDIENCE)
        self.team = Team()
        self.team.world = self
        assert isinstance(self.services.fetch, ScriptedFetch)
        self.services.fetch.answer = self.team.answer

    async def through_access(self, email: str) -> Person:
        person = await self.stranger()
        person.front.access_token = self.team.token(email=email)
        return person


@pytest.fixture
async def guarded() -> AsyncIterator[Guarded]:
    access._published.clear()
    guarded = Guarded()
    async with guarded.people_there:
        yield guarded
    access._published.clear()


async def let_in(guarded: Guarded, email: str, role: str, site: str = "", company: str = "") -> str:
    operator = await guarded.operator()
    await operator.open("/console/users")
    return (await operator.press("Let in", email=email, role=role, site=site, company=company)).text


async def test_whoever_is_let_in_comes_in_with_their_role(guarded: Guarded) -> None:
    person = await guarded.through_access("Head@School.Example")
    shown = await person.open("/console")
    assert (shown.status, "may not use this console" in shown.text) == (403, True)
    assert "head@school.example may come in" in await let_in(guarded, "head@school.example", "site", SITE)
    shown = await person.open("/console")
    assert "Site manager head@school.example" in shown.text
    assert (await person.open("/console/users")).status == 403


@pytest.mark.parametrize(
    ("role", "site", "company", "told"),
    [
        ("operator", "", "", "Operator"),
        ("company", SITE, "north", "Company manager"),
        ("read_only", "", "", "Read-only"),
    ],
)
async def test_each_role_can_be_given(guarded: Guarded, role: str, site: str, company: str, told: str) -> None:
    await let_in(guarded, "a@b.example", role, site, company)
    assert told in (await (await guarded.through_access("a@b.example")).open("/console")).text


@pytest.mark.parametrize(
    ("role", "site", "company"),
    [
        ("operator", SITE, ""),
        ("site", "", ""),
        ("site", SITE, "north"),
        ("company", SITE, ""),
        ("read_only", "", "north"),
    ],
)
async def test_a_role_that_makes_no_sense_is_refused(guarded: Guarded, role: str, site: str, company: str) -> None:
    assert "The request has a fault" in await let_in(guarded, "a@b.example", role, site, company)
    assert guarded.database.query("SELECT * FROM console_users") == []


async def test_whoever_is_shut_out_is_out_with_the_next_page(guarded: Guarded) -> None:
    await let_in(guarded, "a@b.example", "operator")
    person = await guarded.through_access("a@b.example")
    assert (await person.open("/console")).status == 200
    operator = await guarded.operator()
    await operator.open("/console/users/a@b.example/remove")
    assert "a@b.example is shut out" in (await operator.press("Shut out")).text
    assert (await person.open("/console")).status == 403
    rows = guarded.database.query(
        "SELECT action, target, role FROM audit WHERE action LIKE 'console_user.%' ORDER BY id"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("console_user.add", "a@b.example", "operator"),
        ("console_user.remove", "a@b.example", "operator"),
    ]


async def test_whoever_is_of_a_site_that_is_disabled_is_out_until_it_is_enabled(guarded: Guarded) -> None:
    await let_in(guarded, "a@b.example", "site", SITE)
    await let_in(guarded, "all@b.example", "operator")
    person, operator = await guarded.through_access("a@b.example"), await guarded.through_access("all@b.example")
    for disabled_at, status in ((1, 403), (None, 200)):
        guarded.database.query("UPDATE sites SET disabled_at = ?", disabled_at)
        assert (await person.open("/console")).status == status
        assert (await operator.open("/console")).status == 200


async def test_nobody_is_let_in_twice(guarded: Guarded) -> None:
    await let_in(guarded, "a@b.example", "operator")
    assert "is listed already" in await let_in(guarded, "a@b.example", "read_only")
    assert [row["role"] for row in guarded.database.query("SELECT role FROM console_users")] == ["operator"]


async def test_a_forged_token_opens_nothing(guarded: Guarded) -> None:
    await let_in(guarded, "a@b.example", "operator")
    person = await guarded.through_access("a@b.example")
    assert person.front.access_token
    person.front.access_token += "x"
    assert (await person.open("/console")).status == 401


async def test_without_access_set_up_its_token_says_nothing(console: Console) -> None:
    person = await console.stranger()
    person.front.access_token = "whatever"
    assert (await person.open("/console")).path == "/console/sign-in"


async def test_a_header_alone_is_no_token(guarded: Guarded) -> None:
    """What was handed in counts: another front than Access would pass on whatever a caller writes."""
    await let_in(guarded, "a@b.example", "operator")
    person = await guarded.stranger()
    person.http.headers["Cf-Access-Jwt-Assertion"] = guarded.team.token(email="a@b.example")
    assert (await person.open("/console")).path == "/console/sign-in"


async def test_signing_out_leads_to_where_access_ends_its_session(guarded: Guarded) -> None:
    await let_in(guarded, "a@b.example", "operator")
    person = await guarded.through_access("a@b.example")
    await person.open("/console")
    person.http.follow_redirects = False
    assert (await person.press("Sign out")).response.headers["location"] == "/cdn-cgi/access/logout"


async def test_whoever_may_only_look_at_one_site_sees_no_other(guarded: Guarded) -> None:
    guarded.add_site(OTHER, name="Other school")
    await let_in(guarded, "a@b.example", "read_only", OTHER)
    shown = await (await guarded.through_access("a@b.example")).open("/console")
    assert "Other school" in shown.text
    assert len(guarded.database.query("SELECT id FROM sites")) == 2
    assert shown.text.count("School") == 0
