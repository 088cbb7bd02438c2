"""Sites: each a Moodle, provisioned by the operator."""

import json
from collections.abc import Mapping

from runtime.ports import Parameter, Statement

# Everything but the secrets.
_COLUMNS = """id, name, provider, send_rate, sender_email, sender_name, senders, callback_url, callback_success,
  callback_off_at, daily_quota, failure_limit, keep_people_days, keep_certificate_years, disabled_at, created_at"""
# What an operator sets; a name here is a column.
SETTABLE = (
    *("name", "provider", "send_rate", "sender_email", "sender_name", "senders", "callback_url"),
    *("callback_success", "daily_quota", "failure_limit", "keep_people_days", "keep_certificate_years"),
)


def insert(values: Mapping[str, Parameter], id: str, callback_secret: str, now: int) -> Statement:
    """`values`: one for each name in `SETTABLE`."""
    places = ", ".join(f"?{4 + place}" for place in range(len(SETTABLE)))
    return Statement(
        f"""
        INSERT INTO sites (id, callback_secret, created_at, {", ".join(SETTABLE)})
        VALUES (?1, ?2, ?3, {places}) RETURNING {_COLUMNS}
        """,
        (id, callback_secret, now, *(values[name] for name in SETTABLE)),
    )


def page(after: tuple[int, str], limit: int) -> Statement:
    """Oldest first, after the site with this time of creation and id."""
    return Statement(
        f"SELECT {_COLUMNS} FROM sites WHERE (created_at, id) > (?1, ?2) ORDER BY created_at, id LIMIT ?3",
        (*after, limit),
    )


def find(site_id: str) -> Statement:
    return Statement(f"SELECT {_COLUMNS} FROM sites WHERE id = ?1", (site_id,))


def update(site_id: str, changes: Mapping[str, Parameter]) -> Statement:
    """Set what `changes` names and leave the rest. A callback URL that is set is on again."""
    settings = ", ".join(
        f"{name} = CASE WHEN json_type(?2, '$.{name}') IS NULL THEN {name} ELSE json_extract(?2, '$.{name}') END"
        for name in SETTABLE
    )
    return Statement(
        f"""
        UPDATE sites SET {settings},
          callback_off_at = CASE WHEN json_type(?2, '$.callback_url') IS NULL THEN callback_off_at END
        WHERE id = ?1 RETURNING {_COLUMNS}
        """,
        (site_id, json.dumps(dict(changes))),
    )


def disable(site_id: str, now: int) -> Statement:
    return Statement(
        f"UPDATE sites SET disabled_at = ifnull(disabled_at, ?2) WHERE id = ?1 RETURNING {_COLUMNS}", (site_id, now)
    )


def enable(site_id: str) -> Statement:
    return Statement(f"UPDATE sites SET disabled_at = NULL WHERE id = ?1 RETURNING {_COLUMNS}", (site_id,))


def rotate_callback_secret(site_id: str, secret: str, previous_until: int, now: int) -> Statement:
    """The secret so far signs as well until `previous_until`. Does nothing while another one still does."""
    return Statement(
        f"""
        UPDATE sites SET previous_callback_secret = callback_secret, previous_secret_until = ?3, callback_secret = ?2
        WHERE id = ?1 AND ifnull(previous_secret_until, 0) <= ?4 RETURNING {_COLUMNS}
        """,
        (site_id, secret, previous_until, now),
    )


def rotating_until(site_id: str) -> Statement:
    """Until when the secret before this one signs as well; None where there has been none."""
    return Statement("SELECT previous_secret_until FROM sites WHERE id = ?1", (site_id,))


def reachable() -> Statement:
    """Whether the database answers."""
    return Statement("SELECT 1 AS answer")
