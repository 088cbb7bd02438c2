"""What cannot be taken back is asked first, told with counts and audited; nobody acts where they may not."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from core.errors import OutcomeUnknown, Rejected
from core.scope import Scope
from mail.message import OutgoingMail
from tests.console.reader import Shown
from tests.doubles.provider import ScriptedProvider
from tests.worlds.console import Console, Person
from tests.worlds.world import SITE, person

OTHER = "site_" + "b" * 32


def audited(console: Console, action: str) -> list[Any]:
    rows = console.database.query("SELECT actor, role, detail FROM audit WHERE action = ? ORDER BY id", action)
    return [(row["actor"], row["role"], json.loads(row["detail"]) if row["detail"] else None) for row in rows]


@pytest.fixture
async def failed(console: Console, sending: ScriptedProvider) -> str:
    """A completed job of ten: persons 0 to 3 failed, 0 and 1 for one reason; of 4 and 5 nobody knows."""

    def script(mail: OutgoingMail) -> str:
        number = int(mail.to.email.removeprefix("person").partition("@")[0])
        if number < 4:
            raise Rejected("mailbox_unavailable" if number < 2 else "message_rejected")
        if number < 6:
            raise OutcomeUnknown("response_lost")
        return "id"

    sending.script = script
    job = await console.job(10, scope=Scope(SITE, "acme"))
    await console.work()
    assert console.states(job) == {"failed": 4, "uncertain": 2, "sent": 4}
    sending.script = lambda _: "id"
    return job


async def done(operator: Person, path: str, links: Sequence[str], button: str) -> Shown:
    await operator.open(path)
    for link in links:
        await operator.follow(link)
    return await operator.press(button)


async def test_all_failed_are_tried_again(console: Console, operator: Person, failed: str) -> None:
    await operator.open(f"/console/jobs/{failed}")
    asked = await operator.follow("Retry all 4 failed")
    assert "4 people who are failed will be mailed again." in asked.text
    assert "runs again for them" in asked.text
    assert "second time" not in asked.text
    assert console.states(failed)["failed"] == 4, "nothing is done before the answer"
    shown = await operator.press("Try 4 again")
    assert shown.path == f"/console/jobs/{failed}"
    assert "4 people will be tried again." in shown.text
    assert console.states(failed) == {"pending": 4, "uncertain": 2, "sent": 4}
    assert audited(console, "job.retry") == [("operator", "operator", {"state": "failed"})]
    await console.work()
    assert console.states(failed) == {"uncertain": 2, "sent": 8}


async def test_a_group_is_tried_again_alone(console: Console, operator: Person, failed: str) -> None:
    path = f"/console/jobs/{failed}/retry?state=failed&reason=message_rejected"
    asked = await operator.open(path)
    assert "2 people who are failed because the provider refused the content" in asked.text
    await operator.press("Try 2 again")
    assert [row["state"] for row in console.people(failed)][:4] == ["failed", "failed", "pending", "pending"]
    assert audited(console, "job.retry")[0][2] == {"state": "failed", "reason": "message_rejected"}


async def test_one_person_is_tried_again_alone(console: Console, operator: Person, failed: str) -> None:
    shown = await done(operator, f"/console/jobs/{failed}/people/3", ["Retry"], "Try 1 again")
    assert "1 person will be tried again." in shown.text
    assert [row["state"] for row in console.people(failed)][:4] == ["failed", "failed", "failed", "pending"]
    assert audited(console, "job.retry")[0][2] == {"state": "failed", "positions": [3]}


async def test_a_selection_is_tried_again_alone(console: Console, operator: Person, failed: str) -> None:
    await operator.open(f"/console/jobs/{failed}/people?state=failed")
    asked = await operator.press("Retry the chosen", position=["0", "3"])
    assert "Try 2 people again?" in asked.text
    await operator.press("Try 2 again")
    assert [row["state"] for row in console.people(failed)][:4] == ["pending", "failed", "failed", "pending"]


async def test_of_a_mixed_selection_only_those_in_the_state_are_meant(
    console: Console, operator: Person, failed: str
) -> None:
    await operator.open(f"/console/jobs/{failed}/people")
    asked = await operator.press("Retry the chosen", position=["0", "4"])
    assert "Try 1 person again?" in asked.text
    await operator.open(f"/console/jobs/{failed}/people")
    asked = await operator.press("Say that the chosen were mailed", position=["0", "4", "5"])
    await operator.press("Yes, 2 were mailed")
    assert console.states(failed) == {"failed": 4, "sent": 6}
    await operator.open(f"/console/jobs/{failed}/people")
    assert "choose at least one" in (await operator.press("Retry the chosen")).text


async def test_uncertain_people_are_said_to_have_been_mailed(console: Console, operator: Person, failed: str) -> None:
    await operator.open(f"/console/jobs/{failed}")
    asked = await operator.follow("Resolve all 2 uncertain")
    assert "2 people whose mail is uncertain will count as sent" in asked.text
    shown = await operator.press("Yes, 2 were mailed")
    assert "2 people count as sent now." in shown.text
    assert console.states(failed) == {"failed": 4, "sent": 6}
    assert audited(console, "job.resolve") == [("operator", "operator", {"state": "uncertain"})]


async def test_uncertain_people_are_tried_again_only_after_a_warning(
    console: Console, operator: Person, failed: str
) -> None:
    asked = await operator.open(f"/console/jobs/{failed}/retry?state=uncertain")
    assert "may get it a second time" in asked.text
    assert 'class="first danger"' in asked.response.text
    await operator.press("Try 2 again")
    assert console.states(failed) == {"failed": 4, "pending": 2, "sent": 4}
    assert audited(console, "job.retry")[0][2] == {"state": "uncertain"}


async def test_nobody_to_retry_is_told(console: Console, operator: Person) -> None:
    job = await console.job(3)
    for act, state in (("retry", "failed"), ("resolve", "uncertain")):
        shown = await operator.open(f"/console/jobs/{job}/{act}")
        assert shown.path == f"/console/jobs/{job}"
        assert f"Nobody any more is {state}" in shown.text


async def test_whoever_waits_for_a_paused_job_is_told_so(console: Console, operator: Person, failed: str) -> None:
    console.database.query("UPDATE jobs SET state = 'paused', reason = 'requested', ended_at = NULL")
    asked = await operator.open(f"/console/jobs/{failed}/retry")
    assert "The job is paused: they wait" in asked.text
    assert "once the job is resumed" in (await operator.press("Try 4 again")).text


async def test_a_job_is_paused_and_resumed(console: Console, operator: Person) -> None:
    job = await console.job(3)
    await operator.open(f"/console/jobs/{job}")
    assert "Paused. 3 people wait." in (await operator.press("Pause")).text
    assert (await console.show(job))["state"] == "paused"
    assert "Resumed. 3 people are still to be mailed." in (await operator.press("Resume")).text
    assert (await console.show(job))["state"] == "queued"
    assert len(audited(console, "job.pause")) == len(audited(console, "job.resume")) == 1


async def test_a_job_is_cancelled_after_the_question(console: Console, operator: Person) -> None:
    job = await console.job(3)
    await operator.open(f"/console/jobs/{job}")
    asked = await operator.follow("Cancel")
    assert "3 people will not be mailed." in asked.text
    assert "cannot be taken back" in asked.text
    assert 'class="first danger"' in asked.response.text
    assert "Cancelled. 3 people are not mailed." in (await operator.press("Cancel the job")).text
    assert console.states(job) == {"cancelled": 3}
    assert len(audited(console, "job.cancel")) == 1


async def test_a_job_is_handed_back_with_the_list_of_its_people(console: Console, operator: Person) -> None:
    job = await console.job(3)
    await operator.open(f"/console/jobs/{job}")
    asked = await operator.follow("Hand back to Moodle")
    assert "Moodle must mail them itself" in asked.text
    shown = await operator.press("Hand back")
    assert "3 people handed back. Moodle must mail them" in shown.text
    assert (await console.show(job))["reason"] == "handed_back"
    table = await operator.http.get(shown.link("Their list as CSV"))
    assert table.text.count("@example.com") == 3
    assert "handed_back" in table.text
    assert len(audited(console, "job.handback")) == 1


async def test_a_draft_is_started_after_the_question(console: Console, operator: Person) -> None:
    job = await console.draft(3, name="Welcome")
    await operator.open(f"/console/jobs/{job}")
    asked = await operator.follow("Start")
    assert "Start Welcome? 3 people will be mailed, as soon as you start it." in asked.text
    assert "It is started: 3 people." in (await operator.press("Start")).text
    assert (await console.show(job))["state"] == "queued"
    assert (await operator.open(f"/console/jobs/{job}/start")).status == 409
    assert len(audited(console, "job.start")) == 1


async def test_a_draft_for_later_is_started_for_its_time(console: Console, operator: Person) -> None:
    job = await console.draft(3, send_at=console.clock.now() + 60_000)
    assert "3 people will be mailed, from" in (await operator.open(f"/console/jobs/{job}/start")).text
    assert "It waits for its time: 3 people." in (await operator.press("Start")).text


async def test_what_the_state_does_not_allow_is_told_and_not_offered(console: Console, operator: Person) -> None:
    job = await console.job(1)
    await operator.open(f"/console/jobs/{job}")
    await console.deliver(console.batches.sent.popleft()[0])
    shown = await operator.press("Pause")  # the page is older than the job
    assert shown.status == 409
    shown = await operator.open(f"/console/jobs/{job}")
    assert not {"Pause", "Resume", "Cancel", "Start"} & {button for form in shown.forms for button in form.buttons}
    assert not {"Cancel", "Start", "Hand back to Moodle"} & {words for _, words in shown.links}


async def test_what_is_no_person_and_no_state_is_refused(console: Console, operator: Person) -> None:
    job = await console.job(1)
    for asked in ("position=x", "position=-1", "position=1.5", "position=99999999999", "state=sent", "state=odd"):
        assert (await operator.open(f"/console/jobs/{job}/retry?{asked}")).status == 422
    most = "&".join(f"position={number}" for number in range(1_001))
    assert (await operator.open(f"/console/jobs/{job}/retry?{most}")).status == 422


ACTIONS = ("start", "pause", "resume", "cancel", "hand-back", "retry", "resolve", "people/choose")


async def test_whoever_only_looks_is_offered_nothing_and_refused_everything(console: Console, failed: str) -> None:
    reader = await console.holder(read_only=True)
    draft = await console.draft(2)
    before = console.database.query("SELECT state, count(*) FROM recipients GROUP BY 1"), _jobs(console)
    for path in (f"/console/jobs/{draft}", f"/console/jobs/{failed}", f"/console/jobs/{failed}/people/0"):
        shown = await reader.open(path)
        assert shown.status == 200
        offered = {*(words for _, words in shown.links), *(button for form in shown.forms for button in form.buttons)}
        assert not [words for words in offered if words.startswith(("Retry", "Resolve", "Cancel", "Start", "Hand"))]
    assert "choose" not in (await reader.open(f"/console/jobs/{failed}/people")).response.text
    for action in ACTIONS:
        path = f"/console/jobs/{failed if action in ('retry', 'resolve') else draft}/{action}"
        assert (await _post(reader, path)).status_code == 403
        if action not in ("pause", "resume", "people/choose"):
            assert (await reader.open(path)).status == 403
    assert (console.database.query("SELECT state, count(*) FROM recipients GROUP BY 1"), _jobs(console)) == before


async def test_nobody_acts_on_the_job_of_another(console: Console, failed: str) -> None:
    console.add_site(OTHER)
    draft = await console.draft(2, scope=Scope(SITE, "acme"))
    before = console.database.query("SELECT state, count(*) FROM recipients GROUP BY 1"), _jobs(console)
    for stranger in (await console.holder(OTHER), await console.holder(company="rival")):
        for action in ACTIONS:
            for job in (failed, draft):
                assert (await _post(stranger, f"/console/jobs/{job}/{action}")).status_code == 404
    assert (console.database.query("SELECT state, count(*) FROM recipients GROUP BY 1"), _jobs(console)) == before
    own = await console.holder(company="acme")
    await own.open(f"/console/jobs/{failed}/retry")
    assert "4 people will be tried again." in (await own.press("Try 4 again")).text


async def test_no_reference_of_a_person_is_left_in_the_trail_or_an_address(
    console: Console, operator: Person, sending: ScriptedProvider
) -> None:
    def refuse(_mail: OutgoingMail) -> str:
        raise Rejected("message_rejected")

    sending.script = refuse
    job = await console.job([person(number, ref=f"moodle-{number}") for number in range(3)])
    await console.work()
    shown = await done(operator, f"/console/jobs/{job}/people/1", ["Retry"], "Try 1 again")
    assert "moodle" not in str(shown.response.url)
    assert "moodle" not in json.dumps(console.database.query("SELECT * FROM audit"))


def _jobs(console: Console) -> list[Any]:
    return console.database.query("SELECT id, state, reason FROM jobs ORDER BY id")


async def _post(who: Person, path: str) -> Any:
    await who.open("/console")
    csrf = dict(who.at.form("Sign out").fields)["csrf"]
    return await who.http.post(path, data={"csrf": csrf, "position": "0", "act": "retry-failed"})
