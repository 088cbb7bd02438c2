"""Events as they are delivered and polled. Their rows are written with what they tell, by `store/events.py`.

The promise: an event is claimed by one delivery at a time, only while it is pending and its site is open to callbacks,
and an outcome is recorded only under the lease that claimed it. A lease that died is free again once it is over.
"""

import json
from typing import NamedTuple

from core.scope import Scope
from runtime.ports import Row, Statement
from store import audit, tenancy
from store.audit import Entry

_EVENT = "cursor, id, type, job_id, company, sequence, data, created_at"
# the site ?1 is open to callbacks
OPEN = """EXISTS (
  SELECT 1 FROM sites WHERE id = ?1 AND callback_url IS NOT NULL AND callback_off_at IS NULL AND disabled_at IS NULL)"""
_CLAIMED = "id = ?1 AND state = 'pending' AND lease_until = ?2"


def receiver(site_id: str) -> Statement:
    """Where a site's callbacks go, and what signs them."""
    return Statement(
        """
        SELECT id, callback_url, callback_success, callback_secret, previous_callback_secret, previous_secret_until
        FROM sites WHERE id = ?1
        """,
        (site_id,),
    )


def claim_due(site_id: str, now: int, lease_until: int) -> Statement:
    """Lease the event that has been due longest; no row where none is."""
    return Statement(
        f"""
        UPDATE callbacks SET lease_until = ?3
        WHERE cursor = (
          SELECT cursor FROM callbacks
          WHERE site_id = ?1 AND state = 'pending' AND due_at <= ?2 AND ifnull(lease_until, 0) <= ?2 AND {OPEN}
          ORDER BY due_at, cursor LIMIT 1)
        RETURNING {_EVENT}, attempts, refusals, lease_until
        """,
        (site_id, now, lease_until),
    )


def delivered(event: Row, status: int | None, now: int) -> Statement:
    return Statement(
        f"""
        UPDATE callbacks SET state = 'delivered', attempts = attempts + 1, due_at = NULL, lease_until = NULL,
          status = ?3, error = NULL, delivered_at = ?4
        WHERE {_CLAIMED}
        """,
        (event["id"], event["lease_until"], status, now),
    )


def kept_waiting(event: Row, status: int | None, error: str) -> Statement:
    """An attempt that did not count because the receiver was away: the event waits for it, and was not refused."""
    return Statement(
        f"""
        UPDATE callbacks SET attempts = attempts + 1, lease_until = NULL, status = ?3, error = ?4
        WHERE {_CLAIMED}
        """,
        (event["id"], event["lease_until"], status, error),
    )


def refused(event: Row, status: int | None, error: str, due_at: int) -> Statement:
    """An attempt that did not count although the receiver was there; the next one is at `due_at`."""
    return Statement(
        f"""
        UPDATE callbacks SET attempts = attempts + 1, refusals = refusals + 1, due_at = ?5, lease_until = NULL,
          status = ?3, error = ?4
        WHERE {_CLAIMED}
        """,
        (event["id"], event["lease_until"], status, error, due_at),
    )


def dead(event: Row, status: int | None, error: str) -> Statement:
    """The last attempt did not count."""
    return Statement(
        f"""
        UPDATE callbacks SET state = 'dead', attempts = attempts + 1, refusals = refusals + 1, due_at = NULL,
          lease_until = NULL, status = ?3, error = ?4
        WHERE {_CLAIMED}
        """,
        (event["id"], event["lease_until"], status, error),
    )


def give_up(site_id: str, due_before: int, status: int | None, error: str, now: int, limit: int) -> Statement:
    """What has waited for its receiver since `due_before` is dead, with what the receiver says instead."""
    return Statement(
        """
        UPDATE callbacks SET state = 'dead', due_at = NULL, lease_until = NULL, status = ?3, error = ?4
        WHERE cursor IN (
          SELECT cursor FROM callbacks
          WHERE site_id = ?1 AND state = 'pending' AND due_at <= ?2 AND ifnull(lease_until, 0) <= ?5
          ORDER BY due_at LIMIT ?6)
        RETURNING cursor
        """,
        (site_id, due_before, status, error, now, limit),
    )


def hasten(scope: Scope, now: int, limit: int) -> Statement:
    """What waits for a later attempt is due now."""
    return Statement(
        """
        UPDATE callbacks SET due_at = ?3
        WHERE cursor IN (
          SELECT cursor FROM callbacks
          WHERE site_id = ?1 AND (?2 IS NULL OR company = ?2) AND state = 'pending' AND due_at > ?3
            AND attempts > 0
          ORDER BY due_at LIMIT ?4)
        """,
        (scope.site_id, scope.company, now, limit),
    )


def off(site_id: str, url: str, now: int) -> list[Statement]:
    """Switch the site's callbacks off, unless they are or go to another URL by now; for one transaction."""
    condition = "id = ?1 AND callback_url = ?2 AND callback_off_at IS NULL"
    return [
        audit.insert_from(
            Entry(now, "system", "system", "callback.off", site_id, detail={"callback_url": url, "status": 410}),
            f"sites WHERE {condition}",
            (site_id, url),
            {"site_id": "id"},
        ),
        Statement(f"UPDATE sites SET callback_off_at = ?3 WHERE {condition}", (site_id, url, now)),
    ]


def park(site_id: str) -> Statement:
    """Where the site is not open to callbacks, its events are left to be polled."""
    return Statement(
        f"""
        UPDATE callbacks SET due_at = NULL
        WHERE site_id = ?1 AND state = 'pending' AND due_at IS NOT NULL AND NOT {OPEN}
        """,
        (site_id,),
    )


def unpark(site_id: str, now: int) -> Statement:
    """What was left to be polled is due again: for the transaction that opens a site to callbacks (again)."""
    return Statement(
        f"UPDATE callbacks SET due_at = ?2 WHERE site_id = ?1 AND state = 'pending' AND due_at IS NULL AND {OPEN}",
        (site_id, now),
    )


def events_after(scope: Scope, cursor: int, limit: int) -> Statement:
    """What GET /v1/events shows, oldest first. A superseded event tells nothing that a later one does not."""
    return Statement(
        f"""
        SELECT {_EVENT} FROM callbacks
        WHERE site_id = ?1 AND (?2 IS NULL OR company = ?2) AND cursor > ?3 AND state <> 'superseded'
        ORDER BY cursor LIMIT ?4
        """,
        (scope.site_id, scope.company, cursor, limit),
    )


# while its receiver fails, an event waits for that
_DELIVERY = """state, attempts, status, error, delivered_at, lease_until, iif(due_at IS NULL, NULL,
  max(due_at, ifnull((SELECT r.probe_at FROM receivers r JOIN sites s ON s.id = r.site_id AND s.callback_url = r.url
                      WHERE r.site_id = callbacks.site_id), 0))) AS due_at"""


def page(
    scope: Scope | None, state: str | None, job_id: str | None, type: str | None, before: int, limit: int
) -> Statement:
    """Newest first, before a cursor: how each event's delivery stands."""
    # of those given up there are few: their index beats reading all events
    source = "callbacks INDEXED BY callbacks_dead" if state == "dead" else "callbacks"
    given_up = "AND state = 'dead'" if state == "dead" else ""
    return Statement(
        f"""
        SELECT {_EVENT}, site_id, {_DELIVERY} FROM {source}
        WHERE {tenancy.within(scope)} AND cursor < ?6 {given_up}
          AND (?3 IS NULL OR state = ?3) AND (?4 IS NULL OR job_id = ?4) AND (?5 IS NULL OR type = ?5)
        ORDER BY cursor DESC LIMIT ?7
        """,
        (*tenancy.parameters(scope), state, job_id, type, before, limit),
    )


def find(scope: Scope | None, callback_id: str) -> Statement:
    return Statement(
        f"SELECT {_EVENT}, site_id, {_DELIVERY} FROM callbacks WHERE {tenancy.within(scope)} AND id = ?3",
        (*tenancy.parameters(scope), callback_id),
    )


def attempted(event: Row, status: int | None, error: str | None, now: int) -> Statement:
    """Keep an attempt, before the statement that records its outcome; nothing where that will record nothing."""
    return Statement(
        f"""
        INSERT INTO callback_attempts (cursor, number, at, status, error)
        SELECT cursor, (SELECT count(*) + 1 FROM callback_attempts a WHERE a.cursor = c.cursor), ?5, ?3, ?4
        FROM callbacks c WHERE {_CLAIMED}
        """,
        (event["id"], event["lease_until"], status, error, now),
    )


def attempts(cursor: int, limit: int) -> Statement:
    """The latest first."""
    return Statement(
        "SELECT number, at, status, error FROM callback_attempts WHERE cursor = ?1 ORDER BY number DESC LIMIT ?2",
        (cursor, limit),
    )


def missing(scope: Scope, ids: str) -> Statement:
    """Of a JSON array of ids, the first that is none of ours."""
    return Statement(
        """
        SELECT value AS id FROM json_each(?3)
        WHERE NOT EXISTS (SELECT 1 FROM callbacks
                          WHERE id = value AND site_id = ?1 AND (?2 IS NULL OR company = ?2)) LIMIT 1
        """,
        (scope.site_id, scope.company, ids),
    )


class Replay(NamedTuple):
    """Which events to post again: of these states, of these ids (a JSON array), not older than `since`; None is any."""

    scope: Scope
    states: str
    ids: str | None
    since: int | None


def _replayed(chosen: Replay) -> str:
    """Where they are; the dead are in an index of their own, which keeps the others from being read."""
    only_dead = json.loads(chosen.states) == ["dead"]
    return f"""callbacks {"INDEXED BY callbacks_dead" if only_dead else ""}
        WHERE site_id = ?1 AND (?2 IS NULL OR company = ?2) AND state IN (SELECT value FROM json_each(?3))
          {"AND state = 'dead'" if only_dead else ""} AND (?4 IS NULL OR id IN (SELECT value FROM json_each(?4)))
          AND created_at >= ?5 AND {OPEN}"""


def count_replay(chosen: Replay) -> Statement:
    return Statement(f"SELECT count(*) AS count FROM {_replayed(chosen)}", _replay(chosen))


def note_replay(chosen: Replay, entry: Entry, limit: int) -> Statement:
    """The audit trail's row, where there is anything to replay; before `replay` in the same transaction."""
    site_id, company = chosen.scope.site_id, chosen.scope.company
    return audit.insert_from(
        entry._replace(site_id=site_id, company=company, target=site_id),
        f"(SELECT min(?6, count(*)) AS count FROM {_replayed(chosen)}) WHERE count > 0",
        (*_replay(chosen), limit),
        {},
        {"count": "count"},
    )


def replay(chosen: Replay, now: int, limit: int) -> Statement:
    """The oldest of them are due now with a fresh schedule: the same id and the same body."""
    return Statement(
        f"""
        UPDATE callbacks SET state = 'pending', attempts = 0, refusals = 0, due_at = ?6
        WHERE cursor IN (SELECT cursor FROM {_replayed(chosen)} ORDER BY cursor LIMIT ?7) RETURNING cursor
        """,
        (*_replay(chosen), now, limit),
    )


def _replay(chosen: Replay) -> tuple[str | int | None, ...]:
    scope, states, ids, since = chosen
    return scope.site_id, scope.company, states, ids, since or 0
