"""The routes of sites, tokens and `me` of the fake service."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.fake_jobs import Answer, Json, Problem, time


def _all_well() -> Json:
    return {
        "version": "0.1.0",
        "role": "site",
        "site": {"id": f"site_{1:032x}", "name": "Example Moodle"},
        "company": None,
        "provider": {"name": "sandbox", "ok": True, "detail": "accepts our credentials"},
        "checks": {name: {"ok": True, "detail": "answers"} for name in ("database", "files", "queue", "callback")},
    }


@dataclass
class Sites:
    all: dict[str, Json] = field(default_factory=dict)
    tokens: dict[str, Json] = field(default_factory=dict)
    rotated: set[str] = field(default_factory=set)
    me: Json = field(default_factory=_all_well)


def _me(sites: Sites, **_: Any) -> Answer:
    return 200, sites.me, {}


def _sites(sites: Sites, *, query: dict[str, str], **_: Any) -> Answer:
    first, found = int(query.get("cursor", 0)), list(sites.all.values())
    following = str(first + 2) if first + 2 < len(found) else None
    return 200, {"sites": found[first : first + 2], "next": following}, {}


def _add_site(sites: Sites, *, body: bytes, **_: Any) -> Answer:
    defaults = dict.fromkeys(("send_rate", "from", "callback_url", "callback_off_at", "disabled_at"))
    site_id = f"site_{len(sites.all) + 1:032x}"
    own = {"id": site_id, "provider": "sandbox", "callback_success": "echo", "created_at": time(0)}
    sites.all[site_id] = {**defaults, **own, **json.loads(body)}
    return 201, {**sites.all[site_id], "token": "cot_" + "n" * 43, "callback_secret": "whsec_bmV3"}, {}


def _site(sites: Sites, site_id: str, *, body: bytes, **_: Any) -> Answer:
    if site_id not in sites.all:
        raise Problem(404, "There is no such site")
    sites.all[site_id] |= json.loads(body or b"{}")
    return 200, sites.all[site_id], {}


def _switch_site(sites: Sites, site_id: str, action: str, **_: Any) -> Answer:
    sites.all[site_id]["disabled_at"] = time(9) if action == "disable" else None
    return 200, sites.all[site_id], {}


def _rotate_secret(sites: Sites, site_id: str, **_: Any) -> Answer:
    if site_id in sites.rotated:
        raise Problem(409, "The callback secret has been rotated already", "The secret before it signs until …")
    sites.rotated.add(site_id)
    return 200, {**sites.all[site_id], "callback_secret": "whsec_cm90YXRlZA=="}, {}


def _list_tokens(sites: Sites, _site_id: str, **_: Any) -> Answer:
    return 200, {"tokens": list(sites.tokens.values())}, {}


def _add_token(sites: Sites, _site_id: str, *, body: bytes, **_: Any) -> Answer:
    wanted = json.loads(body)
    token_id = f"tok_{len(sites.tokens) + 1:032x}"
    made = {"id": token_id, "name": wanted["name"], "company": wanted.get("company")}
    made["read_only"] = wanted.get("read_only", False)
    sites.tokens[token_id] = {**made, "expires_at": None, "created_at": time(0)}
    return 201, {**sites.tokens[token_id], "token": "cot_" + "t" * 43}, {}


def _rotate_token(sites: Sites, _site_id: str, token_id: str, **_: Any) -> Answer:
    sites.tokens[token_id]["expires_at"] = time(86_400)
    return _add_token(sites, _site_id, body=json.dumps(sites.tokens[token_id]).encode())


def _revoke_token(sites: Sites, _site_id: str, token_id: str, **_: Any) -> Answer:
    del sites.tokens[token_id]
    return 204, None, {}


_SITE = r"/v1/sites/(site_\w+)"
ROUTES: tuple[tuple[str, Callable[..., Answer]], ...] = (
    (r"GET /v1/me", _me),
    (r"GET /v1/sites", _sites),
    (r"POST /v1/sites", _add_site),
    (rf"(?:GET|PATCH) {_SITE}", _site),
    (rf"POST {_SITE}/(disable|enable)", _switch_site),
    (rf"POST {_SITE}/rotate-callback-secret", _rotate_secret),
    (rf"GET {_SITE}/tokens", _list_tokens),
    (rf"POST {_SITE}/tokens", _add_token),
    (rf"POST {_SITE}/tokens/(tok_\w+)/rotate", _rotate_token),
    (rf"DELETE {_SITE}/tokens/(tok_\w+)", _revoke_token),
)
