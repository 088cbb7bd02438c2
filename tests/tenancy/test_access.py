"""Cloudflare Access lets in whom its tokens name, made by a library that knows nothing of us, and nobody else."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import ECKey

from core.errors import (
    AccessAbsent,
    AccessExpired,
    AccessRefused,
    ConfigurationError,
    ConnectionFailed,
    KeysUnavailable,
    ResponseLost,
)
from runtime.ports import HttpResponse
from tenancy import access
from tests.worlds.access import AUDIENCE, DOMAIN, HOUR, Team, rsa


def part(content: Any) -> str:
    """One part of a token that is put together by hand."""
    return urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.fixture
def team() -> Iterator[Team]:
    access._published.clear()
    yield Team()
    access._published.clear()


async def test_whom_access_lets_through_is_known_by_their_address(team: Team) -> None:
    assert await team.identify(team.token()) == "head@school.example"
    assert await team.identify(team.token("previous", aud=AUDIENCE)) == "head@school.example"


async def test_without_a_token_nobody_is_anybody(team: Team) -> None:
    with pytest.raises(AccessAbsent):
        await team.identify("")
    assert not team.asked


async def test_a_token_of_another_key_is_refused(team: Team) -> None:
    token = jwt.encode({"alg": "RS256", "kid": "current"}, team.claims(), rsa("stranger"))
    assert await team.refused(token) == "signature"


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_token_that_was_changed_anywhere_is_refused(team: Team, place: int) -> None:
    parts = team.token().split(".")
    other = team.token(email="other@school.example", header={"cty": "JWT"}).split(".")
    assert await team.refused(".".join([*parts[:place], other[place], *parts[place + 1 :]])) == "signature"


async def test_a_token_that_is_not_signed_is_refused(team: Team) -> None:
    head, body, _ = team.token().split(".")
    unsigned = f"{part({'alg': 'none'})}.{part(team.claims())}."
    for token in (unsigned, f"{head}.{body}.", f"{head}.{body}"):
        assert await team.refused(token) == "malformed"
    assert await team.refused(unsigned + "AA") == "algorithm"


async def test_the_public_key_is_no_shared_secret(team: Team) -> None:
    public = rsa("current").as_pem(private=False)
    content = f"{part({'alg': 'HS256', 'kid': 'current'})}.{part(team.claims())}"
    for secret in (public, public.strip(), rsa("current").as_der(private=False)):  # no library signs with these
        signature = urlsafe_b64encode(hmac.digest(secret, content.encode(), "sha256")).decode().rstrip("=")
        assert await team.refused(f"{content}.{signature}") == "algorithm"


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
async def test_no_other_algorithm_of_the_same_key_counts(team: Team, algorithm: str) -> None:
    token = jwt.encode({"alg": algorithm, "kid": "current"}, team.claims(), rsa("current"), algorithms=[algorithm])
    assert await team.refused(token) == "algorithm"
    head = part({"alg": "RS256", "kid": "current"})
    assert await team.refused(".".join([head, *token.split(".")[1:]])) == "signature"


async def test_a_token_that_demands_an_extension_is_refused(team: Team) -> None:
    head = part({"alg": "RS256", "kid": "current", "crit": ["x"]})
    assert await team.refused(".".join([head, *team.token().split(".")[1:]])) == "algorithm"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": ["e" * 64]}, "audience"),
        ({"aud": AUDIENCE[:-1]}, "audience"),
        ({"aud": []}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": {AUDIENCE: 1}}, "audience"),
        ({"iss": "https://other.cloudflareaccess.com"}, "issuer"),
        ({"iss": DOMAIN}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"exp": None}, "time"),
        ({"exp": "9999999999"}, "time"),
        ({"exp": True}, "time"),
        ({"nbf": "soon"}, "time"),
        ({"email": None}, "nobody"),
        ({"email": ""}, "nobody"),
        ({"email": ["a@school.example"]}, "nobody"),
        ({"email": None, "common_name": "robot.access"}, "nobody"),
    ],
)
async def test_a_token_for_somebody_or_something_else_is_refused(
    team: Team, changes: dict[str, Any], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    token = jws.serialize_compact(
        {"alg": "RS256", "kid": "current"}, json.dumps(team.claims(**changes)), rsa("current"), ["RS256"]
    )
    assert await team.refused(token) == code
    line = {"level": "warning", "event": "access token refused", "reason": code}
    assert json.loads(capsys.readouterr().out) == line


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "true", "false", '"9999999999"', "[]", "{}", "1" + "0" * 400],
)
async def test_a_time_that_is_no_finite_number_is_refused(team: Team, claim: str, value: str) -> None:
    claims = json.dumps(team.claims(**{claim: "here"})).replace('"here"', value)
    token = jws.serialize_compact({"alg": "RS256", "kid": "current"}, claims, rsa("current"), ["RS256"])
    assert await team.refused(token) == "time"


async def test_a_token_of_the_time_to_come_is_refused(team: Team) -> None:
    assert await team.refused(team.token(iat=team.now + HOUR)) == "time"


@pytest.mark.parametrize("email", ["\u212aim@school.example", "kim@\u212aollege.example", "\u0130da@school.example"])
async def test_what_looks_like_another_letter_is_somebody_else(team: Team, email: str) -> None:
    assert await team.identify(team.token(email=email)) == email


async def test_a_token_counts_for_its_time(team: Team) -> None:
    token = team.token(nbf=team.now + HOUR, exp=team.now + 2 * HOUR)
    assert await team.refused(token) == "time"
    team.world.clock.advance(HOUR - access.LEEWAY)
    await team.identify(token)
    team.world.clock.advance(HOUR + 2 * access.LEEWAY - 1)
    await team.identify(token)
    team.world.clock.advance(1)
    with pytest.raises(AccessExpired):
        await team.identify(token)


@pytest.mark.parametrize(
    "token",
    ["x", "a.b.c", "..", "a.b.c.d", "é.é.é", "e30.e30.e30", "bnVsbA.e30.e30", "W10.W10.W10", "a" * 20_000, "a.b\n.c"],
)
async def test_what_is_no_token_is_refused(team: Team, token: str) -> None:
    assert await team.refused(token) in ("malformed", "algorithm")
    assert not team.asked


async def test_an_oversized_token_is_not_even_read(team: Team) -> None:
    token = team.token(padding="x" * access.LONGEST_TOKEN)
    assert await team.refused(token) == "malformed"
    assert not team.asked


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200) | st.lists(st.text("eyJhbGci_-09", max_size=40), min_size=3, max_size=3).map(".".join))
async def test_whatever_comes_is_refused_with_a_type(team: Team, token: str) -> None:
    with pytest.raises(AccessRefused):
        await team.identify(token)


async def test_keys_are_asked_for_once_an_hour(team: Team) -> None:
    for _ in range(3):
        await team.identify(team.token())
    assert team.asked == 1
    team.published = [rsa("next"), rsa("current")]
    team.world.clock.advance(HOUR)
    await team.identify(team.token())
    assert team.asked == 2
    assert await team.refused(team.token("previous")) == "key"


async def test_a_new_key_is_fetched_when_it_is_met_and_made_up_ones_at_most_once_a_minute(team: Team) -> None:
    await team.identify(team.token())
    team.published = [rsa("next"), rsa("current")]
    assert await team.refused(team.token("next")) == "key"
    team.world.clock.advance(60)
    assert await team.identify(team.token("next")) == "head@school.example"
    assert team.asked == 2
    made_up: tuple[Any, ...] = ("x", "y", None, ["z"], {}, 7)
    for kid in made_up:
        token = jws.serialize_compact({"alg": "RS256"}, json.dumps(team.claims()), rsa("next"), ["RS256"])
        head = part({"alg": "RS256", "kid": kid})
        assert await team.refused(".".join([head, *token.split(".")[1:]])) == "key"
    assert team.asked == 2
    team.world.clock.advance(60)
    assert await team.refused(team.token("stranger")) == "key"
    assert await team.refused(team.token("stranger")) == "key"
    assert team.asked == 3


@pytest.mark.parametrize(
    "trouble",
    [
        ConnectionFailed("no"),
        ResponseLost("no"),
        HttpResponse(503, {}, b""),
        HttpResponse(200, {}, b"<html>"),
        HttpResponse(200, {}, b"[]"),
        HttpResponse(200, {}, b'{"keys": {}}'),
        HttpResponse(200, {}, b'{"keys": [{"kty": "RSA", "kid": "current"}]}'),
        HttpResponse(200, {}, b'{"keys": [7]}'),
        HttpResponse(200, {}, b'{"keys": []}'),
    ],
)
async def test_without_the_keys_nobody_is_let_in_and_it_is_said_why(team: Team, trouble: Any) -> None:
    team.trouble = trouble
    for _ in range(3):
        with pytest.raises(KeysUnavailable):
            await team.identify(team.token())
    assert team.asked == 1
    team.trouble = None
    team.world.clock.advance(60)
    await team.identify(team.token())
    team.trouble = trouble
    team.world.clock.advance(HOUR - 1)
    await team.identify(team.token())
    team.world.clock.advance(1)
    with pytest.raises(KeysUnavailable):
        await team.identify(team.token())


async def test_a_key_of_another_kind_is_passed_over(team: Team) -> None:
    team.published = [ECKey.generate_key("P-256", {"kid": "curve"}), rsa("current")]  # type: ignore[list-item]
    assert await team.identify(team.token())


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"ACCESS_AUDIENCE": ""}, "ACCESS_AUDIENCE"),
        ({"ACCESS_TEAM_DOMAIN": ""}, "ACCESS_TEAM_DOMAIN"),
        ({"ACCESS_TEAM_DOMAIN": "", "ACCESS_AUDIENCE": ""}, "ACCESS_TEAM_DOMAIN"),
        ({"ACCESS_TEAM_DOMAIN": "https://school.cloudflareaccess.com"}, "ACCESS_TEAM_DOMAIN"),
        ({"ACCESS_TEAM_DOMAIN": "school.example"}, "ACCESS_TEAM_DOMAIN"),
        ({"ACCESS_TEAM_DOMAIN": "evil.example/.cloudflareaccess.com"}, "ACCESS_TEAM_DOMAIN"),
    ],
)
async def test_a_setting_that_is_missing_or_wrong_is_named(team: Team, values: dict[str, str], named: str) -> None:
    team.world.settings |= values
    with pytest.raises(ConfigurationError) as error:
        await team.identify(team.token())
    assert error.value.setting == named
