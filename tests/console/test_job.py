"""The page of a job says how it stands, what went wrong and what to do, what happened, and what was sent."""

import pytest

from console.reasons import JOBS, PEOPLE, STATES
from core.errors import CredentialsRejected, OutcomeUnknown, Rejected
from core.scope import Scope
from core.states import JobState
from jobs import actions as jobs
from jobs import breakers
from mail.message import OutgoingMail
from tests.docs.reading import code, names, read, table
from tests.doubles.provider import ScriptedProvider
from tests.worlds.console import Console, Person
from tests.worlds.world import MESSAGE, SITE, person

OTHER = "site_" + "b" * 32


def mixed(mail: OutgoingMail) -> str:
    """Of ten people, two have no mailbox, and of one nobody knows."""
    number = int(mail.to.email.removeprefix("person").partition("@")[0]) % 10
    if number < 2:
        raise Rejected("mailbox_unavailable", "550 no such user")
    if number == 2:
        raise OutcomeUnknown("response_lost")
    return "id"


async def test_a_job_shows_how_it_stands(console: Console, operator: Person, sending: ScriptedProvider) -> None:
    sending.script = mixed
    job = await console.job(50, name="Reminder", scope=Scope(SITE, "acme"))
    shown = await operator.open(f"/console/jobs/{job}")
    assert "E-mail of School , acme" in shown.text
    assert "50 pending" in shown.text
    assert "data-live" in shown.response.text
    await console.work()
    shown = await operator.open(f"/console/jobs/{job}")
    assert "35 sent" in shown.text
    assert "Everybody has ended : 35 sent, 10 failed, 5 uncertain" in shown.text
    assert "data-live" not in shown.response.text, "what has ended is not asked for again"


async def test_what_went_wrong_is_grouped_and_leads_to_its_people(
    console: Console, operator: Person, sending: ScriptedProvider
) -> None:
    sending.script = mixed
    job = await console.job(50)
    await console.work()
    shown = await operator.open(f"/console/jobs/{job}")
    assert "The address bounced for good. mailbox_unavailable failed 10 Retry this group" in shown.text
    assert "response_lost uncertain 5 Retry this group Resolve" in shown.text
    shown = await operator.follow("10")
    assert shown.text.count("@example.com") == 10
    await operator.open(f"/console/jobs/{job}")
    assert "Try 10 people again?" in (await operator.follow("Retry this group")).text


@pytest.mark.parametrize("reason", sorted(JOBS))
async def test_a_reason_is_told_in_words_with_what_to_do(console: Console, operator: Person, reason: str) -> None:
    job = await console.job(3)
    state = "cancelled" if reason in ("cancelled", "handed_back", "retention") else "paused"
    console.database.query("UPDATE jobs SET state = ?, reason = ?, detail = 'its own words'", state, reason)
    shown = await operator.open(f"/console/jobs/{job}")
    meaning, remedy = JOBS[reason]
    assert f"{meaning} Its own words. {remedy}".strip() in shown.text


async def test_a_pause_that_ends_by_itself_says_when(console: Console, operator: Person) -> None:
    job = await console.job(3)
    trip = breakers.Trip("quota_exhausted", "the 3 mails of today are sent", console.clock.now() + 3_600_000)
    await breakers.trip(console.services, SITE, job, trip)
    shown = await operator.open(f"/console/jobs/{job}")
    assert "It goes on by itself at" in shown.text
    assert "Goes on by itself to come" in shown.text
    assert "Paused by itself : The day's quota" in shown.text
    console.clock.advance(3_601)
    await console.sweep()
    shown = await operator.open(f"/console/jobs/{job}")
    assert "Resumed by itself" in shown.text
    assert "to come" not in shown.text


def test_every_state_and_reason_has_its_words() -> None:
    states = read("docs/states.md")
    assert set(STATES) == set(JobState)
    assert set(names(table(states, "reason", "means", "what to do"))) <= set(JOBS)
    told = {*names(table(states, "reason", "state", "means")), *_codes()}
    assert told <= set(PEOPLE)


def _codes() -> set[str]:
    return {name for row in table(read("docs/providers.md"), "code", "type", "from", "means") for name in code(row[0])}


async def test_the_timeline_tells_who_did_what(console: Console, operator: Person) -> None:
    job = await console.draft(3, send_at=console.clock.now() + 60_000)
    shown = await operator.open(f"/console/jobs/{job}")
    assert "Created" in shown.text
    assert "To be sent to come" in shown.text
    await operator.follow("Start")
    await operator.press("Start")
    console.clock.advance(61)
    await console.sweep()
    holder = await console.holder()
    await holder.open(f"/console/jobs/{job}")
    await holder.press("Pause")
    await holder.press("Resume")
    shown = await operator.open(f"/console/jobs/{job}")
    times = [shown.text.index(words) for words in ("Resumed Site manager", "Paused Site manager", "Started Operator")]
    assert times == sorted(times), "the latest comes first"
    assert shown.text.count("Paused Site manager") == 1
    assert "Paused by itself" not in shown.text


async def test_people_that_came_in_many_calls_are_one_line(console: Console, operator: Person) -> None:
    job = await console.draft(0)
    for count in (2, 3):
        for number in range(count):
            console.database.query(
                """INSERT INTO audit (at, site_id, actor, role, action, target, detail)
                   VALUES (?, ?, 'tok', 'site', 'job.append', ?, ?)""",
                *(console.clock.now(), SITE, job, f'{{"people": {count * 100 + number}}}'),
            )
    shown = await operator.open(f"/console/jobs/{job}")
    assert "People added : 1,304 people in 5 calls" in shown.text


async def test_the_story_of_an_old_job_is_told_without_its_events(console: Console, operator: Person) -> None:
    job = await console.job(3)
    await console.deliver(console.batches.sent.popleft()[0])
    console.database.query("DELETE FROM callbacks")
    shown = await operator.open(f"/console/jobs/{job}")
    for words in ("Created", "First people taken up", "Everybody has ended"):
        assert words in shown.text


async def test_all_that_was_sent_to_us_can_be_read(console: Console, operator: Person) -> None:
    message = {**MESSAGE, "headers": {"X-Course": "BIO"}, "reply_to": {"email": "help@example.org", "name": "Help"}}
    job = await console.draft(1, message=message, rate=2.5, category="reminders", idempotency_key="once")
    shown = await operator.open(f"/console/jobs/{job}")
    for words in ("Reminder for {{ name }}", "School <school@example.org>", "Help <help@example.org>"):
        assert words in shown.text
    shown = await operator.follow("All settings and the template")
    for words in ("<p>Dear {{ name }}", "Header X-Course BIO", "Variable course Biology", "2.5", "reminders", "once"):
        assert words in shown.text


async def test_a_job_whose_people_were_erased_still_tells_its_story(console: Console, operator: Person) -> None:
    job = await console.job([person(0)])
    await console.deliver(console.batches.sent.popleft()[0])
    console.database.query("DELETE FROM job_contents")
    console.database.query("UPDATE recipients SET email = '', name = '', variables = '{}'")
    assert "It was erased with its people" in (await operator.open(f"/console/jobs/{job}")).text
    assert (await operator.open(f"/console/jobs/{job}/content")).status == 404
    assert "their data was erased" in (await operator.open(f"/console/jobs/{job}/people/0/preview")).text


async def test_what_belongs_to_a_job_is_linked(console: Console, operator: Person) -> None:
    job = await console.job(2)
    body, _ = console.batches.sent.popleft()
    await console.bury({**body, "reason": "poison"})
    shown = await operator.open(f"/console/jobs/{job}")
    assert "Dead letters : 1 open" in shown.text
    links = {href for href, _ in shown.links}
    assert {f"/console/callbacks?job={job}", f"/console/dead-letters?job={job}"} <= links


async def test_nobody_else_sees_a_job(console: Console) -> None:
    console.add_site(OTHER)
    job = await console.job(3, name="Secret reminder", scope=Scope(SITE, "acme"))
    for stranger in (await console.holder(OTHER), await console.holder(company="rival")):
        for path in ("", "/content", "/start", "/cancel", "/hand-back", "/retry", "/resolve", "/people", "/people.csv"):
            shown = await stranger.open(f"/console/jobs/{job}{path}")
            assert (shown.status, "Secret" in shown.text, "person0" in shown.text) == (404, False, False), path
            unknown = await stranger.open(f"/console/jobs/job_{'0' * 32}{path}")
            assert _body(unknown.text) == _body(shown.text)
    assert (await (await console.holder(company="acme")).open(f"/console/jobs/{job}")).status == 200


def _body(text: str) -> str:
    return text.partition("Request")[0]


async def test_a_broken_provider_is_told_where_it_paused_the_job(
    console: Console, operator: Person, sending: ScriptedProvider
) -> None:
    def refuse(_mail: OutgoingMail) -> str:
        raise CredentialsRejected("sender_not_verified", "the domain is not verified")

    sending.script = refuse
    job = await console.job(3)
    await console.deliver(console.batches.sent.popleft()[0])
    shown = await operator.open(f"/console/jobs/{job}")
    assert "The domain is not verified. Put it right there" in shown.text
    assert (await operator.press("Resume")).status == 200
    assert (await jobs.find(console.services, Scope(SITE), job))["state"] == "queued"
