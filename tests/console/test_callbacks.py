"""Every attempt at a callback is shown, and one that was given up is posted again by whoever may."""

import json

import callback
from runtime.ports import HttpRequest, HttpResponse
from tests.doubles.bindings import DeliveredMessage, ScriptedFetch
from tests.worlds.console import Console, Person
from tests.worlds.world import SITE

OTHER = "site_" + "b" * 32


def refuse(_: HttpRequest) -> HttpResponse:
    return HttpResponse(404, {}, b"<h1>Moodle is <b>upgrading</b></h1>")


def take(request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, {}, json.dumps({"accepted": request.headers["webhook-id"]}).encode())


async def deliver(console: Console, answer: object) -> None:
    assert isinstance(console.services.fetch, ScriptedFetch)
    console.services.fetch.answer = answer  # type: ignore[assignment]
    await callback.deliver(console.services, [DeliveredMessage({"site": SITE})])


async def told(console: Console, answer: object, **fields: object) -> str:
    """A site whose job has ended and whose Moodle answered so; the id of the first event."""
    console.database.query("UPDATE sites SET callback_url = 'https://moodle.example/hook' WHERE id = ?", SITE)
    job = await console.job(1, **fields)
    await console.work()
    await deliver(console, answer)
    return str(console.events(job, "job.started")[0]["id"])


async def test_each_attempt_is_shown_with_what_the_receiver_said(console: Console, operator: Person) -> None:
    event = await told(console, refuse)
    console.clock.advance(60)
    await deliver(console, take)
    shown = await operator.open(f"/console/callbacks/{event}")
    first = shown.text.index("http_404: <h1>Moodle is <b>upgrading</b></h1>")
    assert shown.text.index("taken in") < first
    assert "<b>upgrading" not in shown.response.text
    assert '"type": "job.started"' in shown.text


async def test_the_list_says_how_each_delivery_stands(console: Console, operator: Person) -> None:
    await told(console, refuse)
    shown = await operator.open("/console/callbacks?type=job.started")
    assert "job.started" in shown.text
    assert "pending 1 404 http_404" in shown.text
    assert "There is none that is dead" in (await operator.open("/console/callbacks?state=dead")).text


async def test_an_event_that_was_given_up_is_posted_again(console: Console, operator: Person) -> None:
    event = await told(console, refuse)
    console.database.query("UPDATE callbacks SET state = 'dead', due_at = NULL WHERE id = ?", event)
    assert event in (await operator.open("/console/callbacks?state=dead")).response.text
    await operator.open(f"/console/callbacks/{event}")
    shown = await operator.follow("Post it again")
    assert "It goes to https://moodle.example/hook" in shown.text
    assert "1 event will be posted again." in (await operator.press("Post it again")).text
    console.clock.advance(60)
    await deliver(console, take)
    [row] = console.database.query("SELECT state FROM callbacks WHERE id = ?", event)
    assert row["state"] == "delivered"
    actions = console.database.query("SELECT actor, action, target FROM audit WHERE action = 'callbacks.replay'")
    assert [tuple(row.values()) for row in actions] == [("operator", "callbacks.replay", SITE)]


async def test_many_are_counted_before_they_are_posted_again(console: Console, operator: Person) -> None:
    await told(console, take)
    await operator.open("/console/callbacks")
    shown = await operator.press("Count them", state="delivered", since="2020-01-01T00:00")
    count = console.database.query("SELECT count(*) AS count FROM callbacks WHERE state = 'delivered'")[0]["count"]
    assert count > 1
    assert f"Post {count} events again?" in shown.text
    assert f"{count} events will be posted again." in (await operator.press(f"Post {count} events again")).text
    pending = console.database.query("SELECT count(*) AS count FROM callbacks WHERE state = 'pending'")
    assert pending[0]["count"] == count


async def test_every_event_there_ever_was_is_not_posted_again_by_mistake(console: Console, operator: Person) -> None:
    await told(console, take)
    await operator.open("/console/callbacks")
    assert "name a time" in (await operator.press("Count them", state="delivered")).text
    await operator.open("/console/callbacks")
    assert "There is none to post again" in (await operator.press("Count them", state="dead")).text


async def test_a_site_without_callbacks_says_so(console: Console, operator: Person) -> None:
    job = await console.job(1)
    await console.work()
    event = console.events(job, "job.completed")[0]["id"]
    assert "The site has no callback_url" in (await operator.open(f"/console/callbacks/{event}/replay")).text


async def test_the_event_of_another_site_or_company_is_not_there(console: Console) -> None:
    console.add_site(OTHER)
    event = await told(console, take, company="north")
    for stranger in (await console.holder(OTHER), await console.holder(company="south")):
        for path in ("", "/replay"):
            answers = [await stranger.open(f"/console/callbacks/{id}{path}") for id in (event, "evt_unknown")]
            assert [shown.status for shown in answers] == [404, 404]
            assert answers[0].text.partition("Request")[0] == answers[1].text.partition("Request")[0]
        token = dict(stranger.at.form("Sign out").fields)["csrf"]
        answer = await stranger.http.post(f"/console/callbacks/{event}/replay", data={"csrf": token})
        assert answer.status_code == 404
        assert event not in (await stranger.open("/console/callbacks")).response.text
    assert console.database.query("SELECT * FROM audit WHERE action = 'callbacks.replay'") == []


async def test_a_company_replays_its_own_events_alone(console: Console) -> None:
    await told(console, take, company="north")
    await told(console, take, company="south")
    north = await console.holder(company="north")
    await north.open("/console/callbacks")
    await north.press("Count them", state="delivered", since="2020-01-01T00:00")
    [button] = [form.buttons[0] for form in north.at.forms if form.buttons[0].startswith("Post")]
    await north.press(button)
    rows = console.database.query("SELECT DISTINCT company FROM callbacks WHERE state = 'pending'")
    assert [row["company"] for row in rows] == ["north"]


async def test_whoever_may_only_look_posts_nothing_again(console: Console) -> None:
    event = await told(console, take)
    reader = await console.holder(read_only=True)
    shown = await reader.open(f"/console/callbacks/{event}")
    assert "Post it again" not in shown.text
    token = dict(shown.form("Sign out").fields)["csrf"]
    assert (await reader.http.post(f"/console/callbacks/{event}/replay", data={"csrf": token})).status_code == 403
