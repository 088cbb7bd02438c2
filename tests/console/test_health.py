"""Every setting and connection is told in words, a fault with what is wrong, never a value."""

import pytest

from core.errors import BucketUnavailable
from core.version import VERSION
from providers import SETTINGS
from tests.worlds.console import Console, Person
from tests.worlds.world import SITE

OTHER = "site_" + "b" * 32


async def test_every_setting_is_told_without_its_value(console: Console, operator: Person) -> None:
    shown = await operator.open("/console/health")
    for setting in SETTINGS:
        assert setting.name in shown.text
    for value in console.settings.values():
        assert value not in shown.response.text


async def test_a_setting_that_is_wrong_says_what_is_wrong(console: Console, operator: Person) -> None:
    console.settings["CREDENTIAL_KEY"] = "abc"
    shown = await operator.open("/console/health")
    assert "CREDENTIAL_KEY is not 64 hex digits" in shown.text


async def test_the_settings_are_the_operators(console: Console) -> None:
    shown = await (await console.holder()).open("/console/health")
    assert "SIGNING_SECRET" not in shown.text
    assert f"Cloud Offload {VERSION}" in shown.text


async def test_a_connection_is_tested(console: Console, operator: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    await operator.open("/console/health")
    shown = await operator.press("Test the connection of School")
    assert shown.status == 200
    assert "callback ok none is set: events are polled" in shown.text

    async def unavailable(*_: object) -> list[str]:
        raise BucketUnavailable("down")

    monkeypatch.setattr(console.services.files, "keys", unavailable)
    shown = await operator.press("Test again")
    assert "files fault does not answer" in shown.text


async def test_another_sites_connection_is_not_there(console: Console) -> None:
    console.add_site(OTHER)
    holder = await console.holder()
    token = dict((await holder.open("/console/health")).form("Sign out").fields)["csrf"]
    for site in (OTHER, "site_unknown"):
        answer = await holder.http.post(f"/console/health/{site}", data={"csrf": token})
        assert answer.status_code == 404
        assert site not in answer.text
    assert (await holder.http.post(f"/console/health/{SITE}", data={"csrf": token})).status_code == 200


async def test_whoever_may_only_look_tests_nothing(console: Console) -> None:
    reader = await console.holder(read_only=True)
    shown = await reader.open("/console/health")
    assert "Test the connection" not in shown.text
    token = dict(shown.form("Sign out").fields)["csrf"]
    assert (await reader.http.post(f"/console/health/{SITE}", data={"csrf": token})).status_code == 403
