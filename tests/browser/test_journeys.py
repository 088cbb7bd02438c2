"""An operator gets their work done in the console, with JavaScript and without, and by the keyboard alone."""

import re

import pytest
from playwright.sync_api import Page, expect

from dev.demo.scene import Scene
from tests.browser.conftest import Open, sign_in
from tests.worlds.live import OPERATOR_TOKEN, within

SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
SENT = re.compile(r"^[\d,]+ sent$")


def said(page: Page, words: str | re.Pattern[str]) -> None:
    """What the last action did is told."""
    expect(page.get_by_role("status").filter(has_text=words)).to_be_visible()


@SCRIPTS
def test_signing_in_and_out(open_window: Open, scripts: bool) -> None:
    with open_window(scripts=scripts) as window:
        page = window.open("/console/jobs?state=paused")  # leads to the form, and back after it
        expect(page).to_have_title(re.compile("Sign in"))
        window.statuses = (401,)
        page.get_by_label("Operator's secret").fill("not the operator's secret at all")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("not known")
        sign_in(window, opened=True)
        assert page.url.endswith("/console/jobs?state=paused")
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_title(re.compile("Sign in"))
        window.open("/console/jobs")
        expect(page).to_have_title(re.compile("Sign in"))


def test_a_running_job_is_watched_without_reloading(signed_in: Open, scene: Scene) -> None:
    with signed_in() as window:
        page = window.open(f"/console/jobs/{scene.jobs['running']}")
        page.evaluate("window.never_left = true")
        before = page.get_by_text(SENT).first.inner_text()
        expect(page.get_by_text(SENT).first).not_to_have_text(before)
        assert page.evaluate("window.never_left")


def test_a_running_job_is_watched_without_scripts_by_reloading(signed_in: Open, scene: Scene) -> None:
    with signed_in(scripts=False) as window:
        page = window.open(f"/console/jobs/{scene.jobs['running']}")
        before = page.get_by_text(SENT).first.inner_text()

        def grown() -> bool:
            page.reload()
            return page.get_by_text(SENT).first.inner_text() != before

        within("the job has gone on", grown)


@SCRIPTS
def test_errors_are_seen_in_groups_and_one_is_retried_after_its_count(
    signed_in: Open, scene: Scene, scripts: bool
) -> None:
    with signed_in(scripts=scripts) as window:
        page = window.open("/console/jobs")
        page.get_by_role("link", name="Reminders, week 48").click()
        groups = page.get_by_role("region", name="What went wrong").get_by_role("row")
        expect(groups.filter(has_text="missing_variable")).to_contain_text("4")
        refused = groups.filter(has_text="invalid_recipient")
        expect(refused).to_contain_text("3")
        refused.get_by_role("link", name="Retry").click()
        expect(page.get_by_role("heading", name="Try 3 people again?")).to_be_visible()
        page.get_by_role("button", name="Try 3 again").click()
        said(page, "3 people will be tried again")
        assert scene.campus.until(scene.jobs["completed"], "completed")["counts"]["failed"] == 10  # refused again


@SCRIPTS
def test_an_uncertain_person_is_looked_at_and_resolved(signed_in: Open, scene: Scene, scripts: bool) -> None:
    ref = "x0" if scripts else "x1"
    with signed_in(scripts=scripts) as window:
        page = window.open(f"/console/jobs/{scene.jobs['completed']}/people?state=uncertain")
        page.get_by_role("checkbox", name=ref).check()
        page.get_by_role("button", name="Say that the chosen were mailed").click()
        page.get_by_role("button", name=re.compile("Yes, 1 was|Yes, 1 were")).click()
        said(page, "1 person")
        people = scene.campus.get(f"/v1/jobs/{scene.jobs['completed']}/recipients", state="uncertain")["recipients"]
        assert ref not in {person["ref"] for person in people}


@SCRIPTS
def test_a_certificate_is_found_and_revoked(signed_in: Open, scene: Scene, scripts: bool) -> None:
    code = scene.certificates["valid 2" if scripts else "valid 3"]
    with signed_in(scripts=scripts) as window:
        page = window.open(f"/console/certificates/{code}")
        page.get_by_role("link", name="Revoke").click()
        page.get_by_label("Reason").fill("Issued by mistake")
        page.get_by_role("button", name="Revoke").click()
        said(page, "evoked")
        assert scene.campus.get(f"/v1/certificates/{code}")["state"] == "revoked"
        window.open(f"/verify/{code}")
        expect(page.get_by_role("heading", name="revoked")).to_be_visible()


@SCRIPTS
def test_a_dead_letter_is_redriven(signed_in: Open, scene: Scene, scripts: bool) -> None:
    with signed_in(scripts=scripts) as window:
        page = window.open("/console/dead-letters?state=open")
        page.get_by_role("row").filter(has_text="Library notices").get_by_role("link").first.click()
        page.get_by_role("link", name="Redrive").click()
        expect(page.get_by_role("heading", name="Redrive 1 letter?")).to_be_visible()
        page.get_by_role("button", name="Redrive").click()
        said(page, "redriven")
        scene.campus.until(scene.jobs["dead"], "completed")


@SCRIPTS
def test_a_callback_that_was_given_up_is_posted_again(signed_in: Open, scene: Scene, scripts: bool) -> None:
    scene.silent_moodle.fault = None  # it has been upgraded
    with signed_in(scripts=scripts) as window:
        page = window.open("/console/callbacks?state=dead")
        page.get_by_role("row").filter(has_text="503").first.get_by_role("link").first.click()
        event = page.url.rpartition("/")[2]
        page.get_by_role("link", name="Post it again").click()
        page.get_by_role("button", name="Post it again").click()
        said(page, "again")
        within("Moodle has taken it in", lambda: event in scene.silent_moodle.events)
        window.open(f"/console/callbacks/{event}")

        def shown() -> bool:
            page.reload()
            return page.get_by_text("delivered", exact=True).count() > 0

        within("the console shows it as delivered", shown)


@SCRIPTS
def test_a_suppression_is_released(signed_in: Open, scene: Scene, scripts: bool) -> None:
    email = "board@campus.example" if scripts else "dean@campus.example"
    with signed_in(scripts=scripts) as window:
        page = window.open(f"/console/suppressions?site={scene.campus.id}")
        page.get_by_role("row").filter(has_text=email).get_by_role("button", name="Release").click()
        page.get_by_role("button", name="Release").click()
        said(page, "eleased")
        expect(page.get_by_role("row").filter(has_text=email)).to_have_count(0)
        assert scene.campus.get("/v1/suppressions", email=email)["suppressions"] == []


def test_the_keyboard_alone_is_enough_to_pause_a_job_and_let_it_go_on(open_window: Open, scene: Scene) -> None:
    with open_window() as window:
        page = window.open("/console/sign-in")
        page.keyboard.type(OPERATOR_TOKEN)  # the field has the focus
        with page.expect_navigation():
            page.keyboard.press("Enter")
        reach(page, "Skip to the content")
        page.keyboard.press("Enter")
        follow(page, "Winter term: enrolment is open")
        follow(page, "Pause")
        said(page, re.compile("paused", re.IGNORECASE))
        assert scene.campus.until(scene.jobs["running"], "paused")["reason"] == "requested"
        follow(page, "Resume")
        assert scene.campus.get(f"/v1/jobs/{scene.jobs['running']}")["state"] in ("queued", "running")


FOCUSED = """() => {
  const element = document.activeElement, style = getComputedStyle(element);
  const shown = style.outlineStyle !== "none" && style.outlineWidth !== "0px";
  return { name: element.innerText?.trim() ?? "", shown };
}"""


def reach(page: Page, name: str) -> None:
    """Tab on to what has this name."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused["name"] == name:
            assert focused["shown"], f"{name} does not show that it has the focus"
            return
    raise AssertionError(f"the keyboard does not reach {name}")


def follow(page: Page, name: str) -> None:
    reach(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")
