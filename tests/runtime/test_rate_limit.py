"""Each network may ask so often for each purpose, and is logged without its address."""

import json

import pytest

from core.errors import RateLimited
from runtime import rate_limit
from tests.doubles.bindings import CountingLimiter


async def allowed(limiter: CountingLimiter, address: str | None, purpose: str = "page") -> bool:
    try:
        await rate_limit.check(limiter, purpose, address)
    except RateLimited:
        return False
    return True


async def test_each_network_has_its_own_count_for_each_purpose() -> None:
    limiter = CountingLimiter(most=2)
    assert [await allowed(limiter, "198.51.100.7") for _ in range(3)] == [True, True, False]
    assert await allowed(limiter, "198.51.100.8")
    assert await allowed(limiter, "198.51.100.7", "token")


async def test_a_household_with_ipv6_is_one_network() -> None:
    limiter = CountingLimiter(most=2)
    addresses = ("2001:db8:1:2::1", "2001:db8:1:2:ffff::2", "2001:0db8:1:2::3")
    assert [await allowed(limiter, address) for address in addresses] == [True, True, False]
    assert await allowed(limiter, "2001:db8:1:3::1")
    assert await allowed(limiter, "2001:db8::1")


async def test_who_is_limited_is_logged_without_their_address(capsys: pytest.CaptureFixture[str]) -> None:
    assert not await allowed(CountingLimiter(most=0), "198.51.100.7")
    assert json.loads(capsys.readouterr().out) == {"level": "warning", "event": "rate limited", "reason": "page"}


async def test_where_the_platform_cannot_count_everybody_is_let_through(capsys: pytest.CaptureFixture[str]) -> None:
    assert await allowed(CountingLimiter(most=0, broken=True), "198.51.100.7")
    line = {"level": "warning", "event": "rate limit not counted", "reason": "page"}
    assert json.loads(capsys.readouterr().out) == line


async def test_without_an_address_nothing_is_counted() -> None:
    limiter = CountingLimiter(most=0)
    assert await allowed(limiter, None)
    assert not limiter.counts


@pytest.mark.parametrize("address", ["", "nonsense", "1.2.3.4.5", "::g"])
async def test_what_is_no_address_is_a_network_of_its_own(address: str) -> None:
    limiter = CountingLimiter(most=1)
    assert [await allowed(limiter, address) for _ in range(2)] == [True, False]
