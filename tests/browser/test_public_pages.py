"""What people without an account see can be read and used by everybody, in light, dark and on a phone."""

import re

import pytest

from dev.demo.scene import Scene
from tests.browser.conftest import Open

CERTIFICATES = ("valid", "expired", "revoked", "superseded")
FORMS = {"form": ("/verify", 200), "unknown": ("/verify/0000000000000000", 404), "mistyped": ("/verify/QQQQ", 404)}
LANGUAGES = ("en", "de", "ar")


def unsubscribe_link(scene: Scene, number: int) -> str:
    """From a mail of the completed job, as a mail program finds it."""
    mails = [mail for mail in list(scene.mailgun.mails.values()) if "h:List-Unsubscribe" in mail]
    return re.sub(r"\s", "", mails[number]["h:List-Unsubscribe"]).strip("<>")


@pytest.mark.parametrize("standing", CERTIFICATES)
def test_everybody_can_read_how_a_certificate_stands(open_window: Open, scene: Scene, standing: str) -> None:
    with open_window() as window:
        window.open(f"/verify/{scene.certificates[standing]}").locator("summary").click()
        window.judge(f"verify-{standing}")


@pytest.mark.parametrize("name", FORMS)
def test_everybody_can_use_the_form_for_a_code(open_window: Open, name: str) -> None:
    with open_window() as window:
        window.open(*FORMS[name])
        window.judge(f"verify-{name}")


def test_a_code_is_verified_without_scripts(open_window: Open, scene: Scene) -> None:
    with open_window(scripts=False) as window:
        page = window.open("/verify")
        page.get_by_role("textbox").fill(scene.certificates["valid"].lower())
        page.get_by_role("button").click()
        page.get_by_role("heading", name="This certificate is valid").wait_for()


@pytest.mark.parametrize("language", LANGUAGES)
def test_everybody_can_unsubscribe_and_take_it_back(open_window: Open, scene: Scene, language: str) -> None:
    with open_window(locale=language) as window:
        page = window.open(unsubscribe_link(scene, 50 + LANGUAGES.index(language)))
        window.judge(f"unsubscribe-{language}")
        page.get_by_role("button").first.click()
        page.get_by_role("status").wait_for()
        window.judge(f"unsubscribed-{language}")
        page.get_by_role("button").last.click()
        page.get_by_role("status").wait_for()
