"""A token is shown once and opens what it is for, until it is rotated or revoked."""

from tests.console.test_sites import HERE, audited, post
from tests.worlds.console import Console, Person
from tests.worlds.world import SITE

TOKENS = f"{HERE}/tokens"
OTHER = "site_" + "b" * 32


def token_in(text: str) -> str:
    return next(word for word in text.split() if word.startswith("cot_"))


async def made(operator: Person, **fields: str) -> str:
    await operator.open(TOKENS)
    return token_in((await operator.press("Create", **fields)).text)


async def test_a_token_is_shown_once_and_opens_what_it_is_for(console: Console, operator: Person) -> None:
    for fields, role in (
        ({"name": "Moodle"}, "Site manager"),
        ({"name": "North", "company": "north"}, "Company manager"),
        ({"name": "Dashboard", "read_only": "1"}, "Read-only"),
    ):
        token = await made(operator, **fields)
        assert "Copy now: it is not shown again." in operator.at.text
        assert not [each for each in (*operator.http.cookies.jar, operator.at.response.url) if token in str(each)]
        assert role in (await (await console.stranger()).sign_in(token)).text
        shown = await operator.follow("I have copied it")
        assert token not in shown.response.text
        assert fields["name"] in shown.text
    rows = audited(console, "token.create")
    assert [detail["after"]["name"] for _, _, detail in rows] == ["Moodle", "North", "Dashboard"]
    assert "cot_" not in str(rows)


async def test_a_token_without_a_name_is_told_so_at_the_field(console: Console, operator: Person) -> None:
    await operator.open(TOKENS)
    shown = await operator.press("Create", name="", company="north")
    assert 'id="name-error">May not be empty.' in shown.response.text
    assert ("company", "north") in shown.form("Create").fields
    assert console.database.query("SELECT * FROM tokens") == []


async def test_a_token_is_rotated_after_the_question(console: Console, operator: Person) -> None:
    old = await made(operator, name="North", company="north")
    await operator.open(TOKENS)
    await operator.follow("Rotate")
    assert "24 hours" in operator.at.text
    assert len(console.database.query("SELECT id FROM tokens")) == 1
    new = token_in((await operator.press("Rotate")).text)
    for token in (old, new):
        assert "Company manager" in (await (await console.stranger()).sign_in(token)).text
    assert [action for action, *_ in audited(console, "token.%")] == ["token.create", "token.rotate"]
    console.clock.advance(86_401)
    assert "Company manager" not in (await (await console.stranger()).sign_in(old)).text


async def test_a_token_that_has_a_successor_is_not_rotated_again(operator: Person) -> None:
    await made(operator, name="North")
    await operator.open(TOKENS)
    await operator.follow("Rotate")
    await operator.press("Rotate")
    first = (await operator.open(TOKENS)).text
    assert first.count("Rotate") == 1, "only the successor can be"


async def test_a_token_is_revoked_after_the_question_and_ends_its_sessions(console: Console, operator: Person) -> None:
    holder = await console.stranger()
    await holder.sign_in(await made(operator, name="Moodle"))
    await operator.open(TOKENS)
    shown = await operator.follow("Revoke")
    assert "shut out at once" in shown.text
    assert (await holder.open("/console")).path == "/console"
    assert "Moodle is revoked." in (await operator.press("Revoke")).text
    assert (await holder.open("/console")).path == "/console/sign-in"
    assert [action for action, *_ in audited(console, "token.%")] == ["token.create", "token.delete"]


async def test_a_company_sees_its_own_tokens_and_nobody_but_the_operator_changes_any(console: Console) -> None:
    north, south = await console.holder(company="north"), await console.holder(company="south")
    whole = await console.holder()
    [[id]] = [row.values() for row in console.database.query("SELECT id FROM tokens WHERE company = 'south'")]
    assert "south" not in (await north.open(TOKENS)).text
    assert "south" in (await south.open(TOKENS)).text
    assert {"north", "south"} <= {*(await whole.open(TOKENS)).text.replace("-", " ").split()}
    for person in (north, south, whole):
        assert "Create a token" not in person.at.text
        assert "Revoke" not in person.at.text
        assert (await person.open(f"{TOKENS}/{id}/rotate")).status == 403
        assert (await person.open(f"{TOKENS}/{id}/revoke")).status == 403
        for path in ("", f"/{id}/rotate", f"/{id}/revoke"):
            assert (await post(person, f"{TOKENS}{path}", name="Mine")).status == 403
    assert len(console.database.query("SELECT id FROM tokens")) == 3


async def test_a_token_is_found_in_its_own_site_alone(console: Console, operator: Person) -> None:
    console.add_site(OTHER, name="Elsewhere")
    await made(operator, name="Moodle")
    [[id]] = [row.values() for row in console.database.query("SELECT id FROM tokens")]
    for site, token in ((OTHER, id), (SITE, "tok_" + "0" * 32)):
        for move in ("rotate", "revoke"):
            assert (await operator.open(f"/console/sites/{site}/tokens/{token}/{move}")).status == 404
            assert (await post(operator, f"/console/sites/{site}/tokens/{token}/{move}")).status == 404
    assert len(console.database.query("SELECT id FROM tokens")) == 1


async def test_a_site_with_many_tokens_is_shown_page_by_page_from_its_index(console: Console, operator: Person) -> None:
    for number in range(60):
        console.database.query(
            "INSERT INTO tokens (id, hash, site_id, name, created_at) VALUES (?, ?, ?, ?, 1)",
            *(f"tok_{number:032}", f"hash {number}", SITE, f"Token {number}"),
        )
    first = (await operator.open(TOKENS)).text
    second = (await operator.follow("Next page")).text
    assert (first.count("Revoke"), second.count("Revoke")) == (50, 10)
    from core.scope import Scope
    from store import tokens

    for scope in (Scope(SITE), Scope(SITE, "north")):
        statement = tokens.page(scope, 0, (1, ""), 51)
        plan = console.database.query(f"EXPLAIN QUERY PLAN {statement.sql}", *statement.parameters)
        assert "tokens_of_site" in plan[0]["detail"]
        assert len(plan) == 1, "sorted by the index"
