"""Routes of sites, for the operator.

The promise: a token and a callback secret are shown once, and every change leaves its audit row in its own transaction.
"""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

import dispatch
import outbound
import problems
import webhook
from api import present, query
from api.auth import hash_of
from api.bodies import JSON, read_json
from api.calls import Call, Operation, answer
from api.messages import check_mailbox
from api.tokens import DAY, new_id, new_token
from api.validation import check
from errors import ConfigurationError
from ports import Parameter, Row, Statement
from problems import Problem, invalid
from store import audit, callbacks, sites, tokens

_DEFAULTS: dict[str, Parameter] = {
    "provider": "sandbox",
    "send_rate": None,
    "sender_email": None,
    "sender_name": "",
    "callback_url": None,
    "callback_success": "echo",
    "daily_quota": None,
    "failure_limit": 0.2,
    "keep_people_days": None,
    "keep_certificate_years": None,
}


async def create(call: Call) -> Response:
    body = await read_json(call.request)
    check("NewSite", body)
    values = {**_DEFAULTS, **_columns(call, body)}
    detail = {"before": None, "after": values}
    random, now = call.services.random, call.now
    site_id, token_id = new_id("site", random), new_id("tok", random)
    token, secret = new_token(random), webhook.new_secret(random)
    rows, *_ = await call.services.database.batch(
        [
            sites.insert(values, site_id, secret, now),
            tokens.insert(site_id, token_id, hash_of(token), "first", None, now),
            audit.insert(call.entry("site.create", site_id, site_id=site_id, detail=detail)),
        ]
    )
    return answer({**present.site(rows[0]), "token": token, "callback_secret": secret}, 201)


async def list_sites(call: Call) -> Response:
    limit = query.limit(call)
    rows = await call.services.database.all(sites.page(query.time_cursor(call) or (-1, ""), limit + 1))
    last = rows[limit - 1] if len(rows) > limit else None
    following = last and query.cursor((last["created_at"], last["id"]))
    return answer({"sites": [present.site(row) for row in rows[:limit]], "next": following})


async def show(call: Call) -> Response:
    return answer(present.site(_the_site(await call.services.database.all(sites.find(call.path("site"))))))


async def change(call: Call) -> Response:
    body = await read_json(call.request)
    check("SiteChanges", body)
    site_id, changes = call.path("site"), _columns(call, body)
    note = audit.insert_site_change(call.entry("site.change", site_id, site_id=site_id, detail=changes))
    reopened = [callbacks.unpark(site_id, call.now)] if "callback_url" in changes else []
    _, rows, *_ = await call.services.database.batch([note, sites.update(site_id, changes), *reopened])
    row = _the_site(rows)
    if reopened:
        await dispatch.kick_callbacks(call.services, site_id)
    return answer(present.site(row))


async def disable(call: Call) -> Response:
    return await _switch(call, "site.disable", True, [sites.disable(call.path("site"), call.now)])


async def enable(call: Call) -> Response:
    site_id = call.path("site")
    response = await _switch(call, "site.enable", False, [sites.enable(site_id), callbacks.unpark(site_id, call.now)])
    await dispatch.kick_callbacks(call.services, site_id)
    return response


async def rotate_callback_secret(call: Call) -> Response:
    secret, site_id = webhook.new_secret(call.services.random), call.path("site")
    note = audit.insert_for_site(call.entry("site.rotate_callback_secret", site_id, site_id=site_id))
    statement = sites.rotate_callback_secret(site_id, secret, call.now + DAY)
    _, rows = await call.services.database.batch([note, statement])
    return answer({**present.site(_the_site(rows)), "callback_secret": secret})


async def _switch(call: Call, action: str, disabled: bool, statements: list[Statement]) -> Response:
    """The site after the first of `statements`, which returns it."""
    site_id = call.path("site")
    note = audit.insert_site_change(call.entry(action, site_id, site_id=site_id, detail={"disabled": disabled}))
    _, rows, *_ = await call.services.database.batch([note, *statements])
    return answer(present.site(_the_site(rows)))


def _the_site(rows: list[Row]) -> Row:
    if not rows:
        raise Problem(problems.UNKNOWN_SITE, "There is no site with this id.")
    return rows[0]


def _columns(call: Call, body: Mapping[str, Any]) -> dict[str, Parameter]:
    """What the body sets, by column."""
    columns = {name: value for name, value in body.items() if name != "from"}
    if "from" in body:
        sender = body["from"] or {}
        if sender:
            check_mailbox(sender, "/from")
        columns |= {"sender_email": sender.get("email"), "sender_name": sender.get("name", "")}
    if url := body.get("callback_url"):
        try:
            outbound.check(url, call.services.settings.local)
        except ConfigurationError as error:
            raise invalid("/callback_url", error.detail) from None
    return columns


_ID = "/v1/sites/{site}"
_UNKNOWN = (problems.UNKNOWN_SITE,)

OPERATIONS = (
    Operation(
        "POST",
        "/v1/sites",
        "operator",
        create,
        "Provision a site; its token and callback secret are shown only now",
        {201: "NewSiteAnswer"},
        bodies={JSON: "NewSite"},
    ),
    Operation("GET", "/v1/sites", "operator", list_sites, "List sites", {200: "Sites"}, query=("cursor", "limit")),
    Operation("GET", _ID, "operator", show, "Show a site", {200: "Site"}, problems=_UNKNOWN),
    Operation(
        "PATCH",
        _ID,
        "operator",
        change,
        "Change settings; what is not named stays",
        {200: "Site"},
        bodies={JSON: "SiteChanges"},
        problems=_UNKNOWN,
    ),
    Operation("POST", f"{_ID}/disable", "operator", disable, "Shut a site out", {200: "Site"}, problems=_UNKNOWN),
    Operation("POST", f"{_ID}/enable", "operator", enable, "Let a site in again", {200: "Site"}, problems=_UNKNOWN),
    Operation(
        "POST",
        f"{_ID}/rotate-callback-secret",
        "operator",
        rotate_callback_secret,
        "Get a new callback secret; the old one signs as well for 24 hours",
        {200: "RotatedSecret"},
        problems=_UNKNOWN,
    ),
)
