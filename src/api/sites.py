"""Routes of sites, for the operator."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from api import present, query
from api.bodies import JSON, read_body
from api.calls import Call, Operation, answer
from api.messages import check_mailbox
from core import outbound, problems
from core.errors import ConfigurationError, InvalidAddress
from core.problems import invalid
from mail import senders
from runtime.ports import Parameter
from runtime.services import Services
from store import sites as stored
from tenancy import sites


async def create(call: Call) -> Response:
    body = await read_body(call.request, "NewSite")
    made = await sites.create(call.services, columns(call.services, body), call.entry("site.create", ""))
    return answer({**present.site(made.row), "token": made.token, "callback_secret": made.secret}, 201)


async def list_sites(call: Call) -> Response:
    limit = query.limit(call)
    rows = await call.services.database.all(stored.page(query.time_cursor(call) or (-1, ""), limit + 1))
    rows, following = query.page(rows, limit, "created_at", "id")
    return answer({"sites": [present.site(row) for row in rows], "next": following})


async def show(call: Call) -> Response:
    return answer(present.site(await sites.find(call.services, call.path("site"))))


async def change(call: Call) -> Response:
    body = await read_body(call.request, "SiteChanges")
    changes, entry = columns(call.services, body), call.entry("site.change", "")
    return answer(present.site(await sites.change(call.services, call.path("site"), changes, entry)))


async def disable(call: Call) -> Response:
    return answer(present.site(await sites.disable(call.services, call.path("site"), call.entry("site.disable", ""))))


async def enable(call: Call) -> Response:
    return answer(present.site(await sites.enable(call.services, call.path("site"), call.entry("site.enable", ""))))


async def rotate_callback_secret(call: Call) -> Response:
    entry = call.entry("site.rotate_callback_secret", "")
    row, secret = await sites.rotate_callback_secret(call.services, call.path("site"), entry)
    return answer({**present.site(row), "callback_secret": secret})


def columns(services: Services, body: Mapping[str, Any]) -> dict[str, Parameter]:
    """What a body of the right form sets, by column. Raises a `Problem` where a mailbox, sender or URL is
    none."""
    columns = {name: value for name, value in body.items() if name != "from"}
    if "from" in body:
        sender = body["from"] or {}
        if sender:
            check_mailbox(sender, "/from")
        columns |= {"sender_email": sender.get("email"), "sender_name": sender.get("name", "")}
    if "senders" in body:
        columns["senders"] = _listed(body["senders"])
    if url := body.get("callback_url"):
        try:
            outbound.check(url, services.settings.local)
        except ConfigurationError as error:
            raise invalid("/callback_url", error.detail) from None
    return columns


def _listed(entries: Sequence[str]) -> str:
    for place, entry in enumerate(entries):
        try:
            senders.normal(entry)
        except InvalidAddress:
            words = "must be an address, a domain such as school.example, or all below one: *.school.example"
            raise invalid(f"/senders/{place}", words) from None
    return senders.listed(entries)


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
        problems=(*_UNKNOWN, problems.SECRET_ROTATING),
    ),
)
