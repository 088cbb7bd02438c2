"""Callbacks: how the delivery of each event stands, every attempt, and posting events again."""

import json

from starlette.responses import Response

from api import query
from callback import EventType, event_json
from callbacks import replays
from callbacks.replays import Replayed
from console.frame import confirm, page
from console.routing import Page
from console.visit import Visit
from console.words import counted
from core import times
from core.problems import UNKNOWN_CALLBACK, Problem, invalid
from core.states import CallbackState
from runtime.ports import Row
from store import callbacks

LIMIT = 50
ATTEMPTS = 50  # of one event that are shown
_HOME = "/console/callbacks"


async def show_list(visit: Visit) -> Response:
    state, type_ = query.choice(visit, "state", CallbackState), query.choice(visit, "type", EventType)
    before = query.number_cursor(visit, "cursor", 0) or query.TOO_LARGE - 1
    job = visit.query("job")
    chosen = (state and state.value, job or None, type_ and type_.value, before)
    rows = await visit.services.database.all(callbacks.page(visit.caller.scope, *chosen, LIMIT + 1))
    following = visit.here(cursor=query.cursor(rows[LIMIT - 1]["cursor"])) if len(rows) > LIMIT else None
    return page(
        visit,
        "callbacks.html",
        "Callbacks",
        events=rows[:LIMIT],
        following=following,
        states=[("", "All"), *((each.value, each.value) for each in CallbackState)],
        types=[("", "All"), *((each.value, each.value) for each in EventType)],
        state=state or "",
        type=type_ or "",
        job=job,
        sites=[(site["id"], site["name"]) for site in await visit.sites()],
    )


async def show(visit: Visit) -> Response:
    event = await _event(visit)
    attempts = await visit.services.database.all(callbacks.attempts(event["cursor"], ATTEMPTS))
    body = json.dumps(event_json(event), indent=2, ensure_ascii=False)
    return page(visit, "callback.html", event["type"], event=event, attempts=attempts, body=body)


async def ask_replay(visit: Visit) -> Response:
    event = await _event(visit)
    site = await visit.site_row(event["site_id"])
    await replays.choose(visit.services, visit.at_site(site["id"]).scope, site, ids=[event["id"]])
    lines = [f"It goes to {site['callback_url']} with the id it had: a Moodle that has taken it in takes it once."]
    back = f"{_HOME}/{event['id']}"
    return confirm(visit, f"Post {event['type']} again?", lines, "Post it again", back)


async def replay(visit: Visit) -> Response:
    event = await _event(visit)
    site = await visit.site_row(event["site_id"])
    visit = visit.at_site(site["id"])
    chosen = await replays.choose(visit.services, visit.scope, site, ids=[event["id"]])
    entry = visit.entry("callbacks.replay", site["id"], detail={"ids": [event["id"]]})
    done = await replays.replay(visit.services, chosen, entry)
    return visit.done(_told(done), f"{_HOME}/{event['id']}")


async def ask_replay_many(visit: Visit) -> Response:
    fields = {name: visit.query(name) for name in ("site", "state", "since")}
    _, _, chosen = await _many(visit, fields)
    found = await replays.count(visit.services, chosen)
    if not found.count:
        return visit.done("There is none to post again. Choose another time or state.", _HOME)
    lines = ["They go out in their order, each with the id it had."]
    if found.remaining:
        lines.append(f"{found.remaining:,} more are left for another time.")
    button = f"Post {_events(found.count)} again"
    return confirm(visit, f"Post {_events(found.count)} again?", lines, button, _HOME, list(fields.items()))


async def replay_many(visit: Visit) -> Response:
    fields = {name: visit.field(name) for name in ("site", "state", "since")}
    at_site, since, chosen = await _many(visit, fields)
    detail = {"state": fields["state"], "since": since}
    entry = at_site.entry("callbacks.replay", fields["site"], detail=detail)
    return visit.done(_told(await replays.replay(visit.services, chosen, entry)), _HOME)


async def _many(visit: Visit, fields: dict[str, str]) -> tuple[Visit, int | None, callbacks.Replay]:
    """Within the site; since when, in milliseconds; and which."""
    site = await visit.site_row(fields["site"])
    if fields["state"] not in ("dead", "delivered"):
        raise invalid("Those that were", "choose one of the list")
    since = _time(fields["since"])
    if since is None and fields["state"] == "delivered":
        raise invalid("Written since", "name a time: this would post every event there ever was")
    at_site = visit.at_site(site["id"])
    chosen = await replays.choose(
        visit.services, at_site.scope, site, state=CallbackState(fields["state"]), since=since
    )
    return at_site, since, chosen


def _time(written: str) -> int | None:
    if not written:
        return None
    try:
        return times.milliseconds_of(written)
    except (ValueError, OverflowError):
        raise invalid("Written since", "is not a time such as 2026-11-24T15:00") from None


async def _event(visit: Visit) -> Row:
    rows = await visit.services.database.all(callbacks.find(visit.caller.scope, visit.path("event")))
    if not rows:
        raise Problem(UNKNOWN_CALLBACK, "There is no such callback. Nothing was changed.")
    return rows[0]


def _told(done: Replayed) -> str:
    more = f" {done.remaining:,} more are left for another time." if done.remaining else ""
    return f"{_events(done.count)} will be posted again.{more}"


def _events(count: int) -> str:
    return counted(count, "event", "events")


PAGES = (
    Page("GET", _HOME, "any", show_list, "Callbacks"),
    Page("GET", f"{_HOME}/replay", "change", ask_replay_many, "Count events, and ask before they are posted again"),
    Page("POST", f"{_HOME}/replay", "change", replay_many, "Post events again"),
    Page("GET", f"{_HOME}/{{event}}", "any", show, "An event with the attempts to deliver it"),
    Page("GET", f"{_HOME}/{{event}}/replay", "change", ask_replay, "Ask before an event is posted again"),
    Page("POST", f"{_HOME}/{{event}}/replay", "change", replay, "Post an event again"),
)
