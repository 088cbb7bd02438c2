"""One browser and one busy service for all tests of this folder."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from dev.debian import find
from dev.demo.scene import Scene
from tests.browser.browsing import PATIENCE, Window, window
from tests.worlds.live import OPERATOR_TOKEN, Live, live

Open = Callable[..., AbstractContextManager[Window]]


# of the package, not of the session: while Playwright's loop runs, no asynchronous test could
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find("chromium"))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def scene() -> Iterator[Scene]:
    with Scene() as scene:
        yield scene


@pytest.fixture(scope="package")
def service(scene: Scene, migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A runtime that is as busy as `dev.demo.scene` says."""
    with live(tmp_path_factory.mktemp("browser"), scene.settings(), migrated=migrated, cron_seconds=5) as running:
        scene.fill(running.runtime, OPERATOR_TOKEN)
        yield running


@pytest.fixture
def open_window(browser: Browser, service: Live) -> Open:
    """`with open_window(scripts=False) as window:`"""

    def opened(**options: Any) -> AbstractContextManager[Window]:
        return window(browser, service.runtime.url, **options)

    return opened


@pytest.fixture(scope="package")
def session(browser: Browser, service: Live) -> Any:
    """What the browser of an operator keeps who has signed in."""
    with window(browser, service.runtime.url) as opened:
        sign_in(opened)
        return opened.page.context.storage_state()


@pytest.fixture
def signed_in(open_window: Open, session: Any) -> Open:
    """The same as `open_window`, by an operator who has signed in."""

    def opened(**options: Any) -> AbstractContextManager[Window]:
        return open_window(storage_state=session, **options)

    return opened


def sign_in(window: Window, secret: str = OPERATOR_TOKEN, *, opened: bool = False) -> None:
    """`opened`: the form is open already."""
    page = window.page if opened else window.open("/console/sign-in")
    page.get_by_label("Operator's secret").fill(secret)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()
