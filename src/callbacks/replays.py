"""Posting events again.

The promise: what is replayed has the id and the body that it had, so that a receiver which remembers ids takes it in
once; what nobody wants any more (superseded) is never replayed; and what waits for its time waits no longer.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from core import problems
from core.problems import Problem
from core.scope import Scope
from core.states import CallbackState
from runtime.ports import Row, Statement
from runtime.services import Services
from sending import dispatch
from store import callbacks, receivers
from store.audit import Entry
from store.callbacks import Replay

MOST = 10_000  # events one call replays


@dataclass(frozen=True)
class Replayed:
    """`remaining` are for another call."""

    count: int
    remaining: int


async def choose(
    services: Services,
    scope: Scope,
    site: Row,
    *,
    state: CallbackState | None = None,
    ids: Sequence[str] | None = None,
    since: int | None = None,
) -> Replay:
    """Which events are to be posted again: whoever names events wants just these; else delivered ones have to be asked
    for. Raises a `Problem` where one is unknown, or the site takes no callbacks."""
    _check_open(site)
    named = None if ids is None else json.dumps(ids)
    if named and (missing := await services.database.all(callbacks.missing(scope, named))):
        words = f"There is no callback '{missing[0]['id'][:100]}' that you may see. Nothing was changed."
        raise Problem(problems.UNKNOWN_CALLBACK, words)
    states = [state.value] if state else ["dead", "delivered"] if named else ["dead"]
    return Replay(scope, json.dumps(states), named, since)


async def count(services: Services, chosen: Replay) -> Replayed:
    """What a replay would do."""
    [counted] = await services.database.all(callbacks.count_replay(chosen))
    replayed = min(counted["count"], MOST)
    return Replayed(replayed, counted["count"] - replayed)


async def replay(services: Services, chosen: Replay, entry: Entry) -> Replayed:
    now = services.clock.now()
    [counted], _, replayed, *_ = await services.database.batch(
        [
            callbacks.count_replay(chosen),
            callbacks.note_replay(chosen, entry, MOST),
            callbacks.replay(chosen, now, MOST),
            *end_waiting(chosen.scope, now),
        ]
    )
    await dispatch.kick_callbacks(services, chosen.scope.site_id)
    return Replayed(len(replayed), counted["count"] - len(replayed))


def end_waiting(scope: Scope, now: int) -> list[Statement]:
    """For a transaction of somebody who knows that the receiver is there: it is asked at once, and what waits for a
    later attempt is due."""
    return [callbacks.hasten(scope, now, MOST), receivers.probe_now(scope.site_id, now)]


def _check_open(site: Row) -> None:
    if site["callback_url"] is None:
        raise Problem(problems.CALLBACKS_OFF, "The site has no callback_url; the operator can set one.")
    if site["callback_off_at"] is not None:
        words = "The receiver answered 410, which switched the callbacks off. "
        raise Problem(problems.CALLBACKS_OFF, words + "The operator switches them on by setting callback_url again.")
