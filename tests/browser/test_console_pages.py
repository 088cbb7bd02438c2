"""Everybody can use every page of the console, as the table of routes has them, in light, in dark and on a phone."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from dev.demo.scene import NORTH, Scene
from tests.browser.browsing import window
from tests.browser.conftest import Open
from tests.console.addresses import filled, pages
from tests.worlds.live import Live

KINDS = {
    "job": ("completed", "running", "paused", "scheduled", "draft", "cancelled", "certificates"),
    "code": ("valid", "expired", "revoked", "superseded"),
}
GUEST = "guest@campus.example"


@pytest.fixture(scope="package")
def guest(browser: Browser, service: Live, session: Any) -> None:
    """Somebody who comes in through Cloudflare Access."""
    with window(browser, service.runtime.url, storage_state=session) as opened:
        page = opened.open("/console/users")
        page.get_by_label("Address").fill(GUEST)
        page.get_by_role("button", name="Let in").click()
        page.get_by_role("status").wait_for()


@pytest.fixture(scope="package")
def known(scene: Scene, service: Live, guest: None) -> dict[str, str]:  # noqa: ARG001
    """What the names in paths stand for."""
    return {
        **{f"job {name}": id for name, id in scene.jobs.items()},
        **{f"code {name}": code for name, code in scene.certificates.items()},
        "position": "2",  # was refused
        "ref": "20405",  # the same
        "email": GUEST,
        "site": scene.campus.id,
        "site silent": scene.academy.id,
        "company": quote(NORTH),
        "token": service.operator.get(f"/v1/sites/{scene.campus.id}/tokens")["tokens"][0]["id"],
        "letter": service.operator.get("/v1/dead-letters")["dead_letters"][0]["id"],
        "event": scene.academy.get("/v1/callbacks", state="dead")["callbacks"][0]["id"],
    }


@pytest.mark.parametrize("path", list(pages(KINDS)))
def test_everybody_can_use_the_page(signed_in: Open, known: dict[str, str], path: str) -> None:
    with signed_in() as opened:
        opened.open(filled(path, known))
        opened.judge(re.sub(r"\W+", "-", path).strip("-"))


# what is answered to a form, on a page of its own
ANSWERED = {
    "/console/sites/new": ({"Name": "Nowhere", "Mails a second": "fast"}, "Create", 422),
    "/console/sites/{site}/tokens": ({"Name": "Of the pictures"}, "Create", 200),
    "/console/privacy": ({"Reference": "{ref}"}, "Count what is kept", 200),
}


@pytest.mark.parametrize("path", ANSWERED)
def test_everybody_can_use_what_a_form_is_answered_with(signed_in: Open, known: dict[str, str], path: str) -> None:
    fields, button, status = ANSWERED[path]
    with signed_in() as opened:
        page = opened.open(filled(path, known))
        for label, typed in fields.items():
            page.get_by_label(label, exact=True).fill(filled(typed, known))
        opened.statuses = (status,)
        with page.expect_response(lambda response: response.request.method == "POST") as answer:
            page.get_by_role("button", name=button).click()
        assert answer.value.status == status
        page.wait_for_load_state()
        opened.judge(re.sub(r"\W+", "-", path).strip("-") + "-answered")


def test_everybody_can_sign_in(open_window: Open) -> None:
    with open_window() as opened:
        opened.open("/console/sign-in")
        opened.judge("console-sign-in")
