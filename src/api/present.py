"""How the API shows what the database holds."""

import json
from typing import Any

from certificates import codes
from core.states import JobState
from core.times import rfc3339
from providers import rate_of
from runtime.ports import Row
from sending import pacing

_COUNTS = ("total", "pending", "sending", "sent", "failed", "uncertain", "suppressed", "cancelled")
TELLING = 100  # people done, before the measured rate says anything
_OVER = (JobState.COMPLETED, JobState.CANCELLED)


def time(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else rfc3339(milliseconds)


def job(row: Row, site: Row, now: int) -> dict[str, Any]:
    rate = min(limit for limit in (row["rate"], row["company_rate"], rate_of(site)) if limit is not None)
    unfinished = row["pending"] + row["sending"]
    done = row["total"] - unfinished
    measured = _measured_rate(row, done, now)
    # what was measured tells more than what is allowed, once it stands on enough people
    pace = min(rate, measured) if measured and row["state"] == JobState.RUNNING and done >= TELLING else rate
    return {
        "id": row["id"],
        "company": row["company"],
        "kind": row["kind"],
        "name": row["name"],
        "category": row["category"] or None,
        "state": row["state"],
        "reason": row["reason"],
        "detail": row["detail"],
        "send_at": time(row["send_at"]),
        "created_at": time(row["created_at"]),
        "started_at": time(row["started_at"]),
        "resume_at": time(row["resume_at"]),
        "ended_at": time(row["ended_at"]),
        "counts": {name: row[name] for name in _COUNTS},
        "rate": rate,
        "eta_seconds": None if row["state"] in _OVER else pacing.eta(unfinished, pace, site["daily_quota"]),
        "measured_rate": measured,
    }


def _measured_rate(row: Row, done: int, now: int) -> float | None:
    """People done a second, since the start."""
    if row["started_at"] is None:
        return None
    seconds = ((row["ended_at"] or now) - row["started_at"]) / 1000
    return round(done / seconds, 2) if seconds > 0 else None


def recipient(row: Row) -> dict[str, Any]:
    names = ("ref", "email", "name", "state", "reason", "detail", "attempts", "message_id", "delivery", "attachment")
    return {name: row[name] for name in names} | {"updated_at": time(row["updated_at"])}


def site(row: Row) -> dict[str, Any]:
    sender = {"email": row["sender_email"], "name": row["sender_name"]} if row["sender_email"] else None
    return {
        "id": row["id"],
        "name": row["name"],
        "provider": row["provider"],
        "send_rate": row["send_rate"],
        "from": sender,
        "senders": row["senders"].split(),
        "callback_url": row["callback_url"],
        "callback_success": row["callback_success"],
        "daily_quota": row["daily_quota"],
        "failure_limit": row["failure_limit"],
        "keep_people_days": row["keep_people_days"],
        "keep_certificate_years": row["keep_certificate_years"],
        "callback_off_at": time(row["callback_off_at"]),
        "disabled_at": time(row["disabled_at"]),
        "created_at": time(row["created_at"]),
    }


def company(row: Row) -> dict[str, Any]:
    mailboxes = {"from": ("sender_email", "sender_name"), "reply_to": ("reply_to", "reply_to_name")}
    shown: dict[str, Any] = {
        field: {"email": row[email], "name": row[name]} if row[email] else None
        for field, (email, name) in mailboxes.items()
    }
    return {"company": row["company"]} | shown | {name: row[name] for name in ("logo", "colour", "send_rate")}


def token(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "company": row["company"],
        "read_only": bool(row["read_only"]),
        "expires_at": time(row["expires_at"]),
        "created_at": time(row["created_at"]),
    }


def certificate(row: Row, verify_url: str) -> dict[str, Any]:
    told = json.loads(row["shown"])
    names = ("code", "company", "ref", "award", "version", "state", "reason", "sha256")
    times = {name: time(row[name]) for name in ("issued_at", "expires_at", "ended_at")}
    shown = {name: told[name] for name in ("title", "issuer", "holder")}
    printed = told.get("code") or codes.grouped(row["code"])
    return (
        {name: row[name] for name in names}
        | times
        | shown
        | {
            "job": row["job_id"],
            "printed_code": printed,
            "verify_url": verify_url,
        }
    )


def asset(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("name", "company", "type", "bytes")} | {"created_at": time(row["created_at"])}


def callback(row: Row) -> dict[str, Any]:
    names = ("id", "type", "company", "sequence", "state", "attempts", "status", "error")
    times = {name: time(row[name]) for name in ("due_at", "delivered_at", "created_at")}
    return {"job": row["job_id"]} | {name: row[name] for name in names} | times


def dead_letter(row: Row) -> dict[str, Any]:
    names = ("id", "queue", "company", "batch", "reason", "state", "redeliveries", "throttles", "refusal")
    times = {name: time(row[name]) for name in ("created_at", "ended_at")}
    return {"site": row["site_id"], "job": row["job_id"]} | {name: row[name] for name in names} | times


def audit_entry(row: Row) -> dict[str, Any]:
    """`before` and `after` are of a change of settings; `detail` is what else is known."""
    detail = json.loads(row["detail"]) if row["detail"] else {}
    settings = {name: detail.pop(name, None) for name in ("before", "after")}
    names = ("company", "actor", "role", "action", "target", "address")
    shown = {"at": time(row["at"]), "site": row["site_id"]} | {name: row[name] for name in names}
    return shown | settings | {"detail": detail or None}


def suppression(row: Row) -> dict[str, Any]:
    return {
        "email": row["email"],
        "company": row["company"] or None,
        "category": row["category"] or None,
        "reason": row["reason"],
        "detail": row["detail"],
        "created_at": time(row["created_at"]),
    }
