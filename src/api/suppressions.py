"""Routes of suppressions: whom not to mail, and why."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.responses import Response

from api import csv_answers, present, query
from api.bodies import CSV, JSON, media_type, read_body, read_json, read_table
from api.calls import Call, Operation, answer
from api.validation import Domains, check
from core import problems
from core.errors import OffloadError
from core.problems import invalid, problem_of
from store.suppressions import Reason
from suppressions.actions import Place, Suppressions, key_of, place_of

CHUNK = 1_000


async def show(call: Call) -> Response:
    email, reason = query.text(call, "email"), query.choice(call, "reason", Reason)
    key = key_of(email, "email") if email else None
    after, limit = query.texts_cursor(call, 3), query.limit(call)
    if csv_answers.is_wanted(call):
        return csv_answers.answer("suppressions", csv_answers.SUPPRESSIONS, pages(_of(call), key, reason))
    rows = await _of(call).page(key, reason, after, limit + 1)
    following = query.cursor(place_of(rows[limit - 1])) if len(rows) > limit else None
    return answer({"suppressions": [present.suppression(row) for row in rows[:limit]], "next": following})


async def add(call: Call) -> Response:
    if media_type(call.request, JSON, CSV) == CSV:
        incoming = _of_table(call)
    else:
        incoming = _of_list(_listed(call, await read_json(call.request)))
    added = given = 0
    try:
        async for chunk in _chunks(incoming):
            added += await _of(call).add(chunk, call.entry("suppression.add", ""))
            given += len(chunk)
    except OffloadError as error:
        if not given:
            raise
        words = f"The {given:,} addresses before that were taken; sending them again changes nothing."
        raise problem_of(error).saying(words) from error
    return answer({"added": added, "unchanged": given - added})


async def release(call: Call) -> Response:
    body = await read_body(call.request, "Release")
    company, category = _released_company(call, body), _part(body, "category")
    key, entry = key_of(body["email"], "/email"), call.entry("suppression.release", "")
    force, note = body.get("force", False), body.get("note")
    released = await _of(call).release(key, company, category, entry, note=note, force=force)
    return answer({"released": [present.suppression(row) for row in released]})


def _of(call: Call) -> Suppressions:
    return Suppressions(call.services, call.scope, call.site["address_key"])


def _released_company(call: Call, body: Mapping[str, Any]) -> str | None:
    """The company of the rows to release; None for those of all."""
    own = call.scope.company
    return _part(body, "company") if own is None else _company(call, body.get("company"), "")


def _part(body: Mapping[str, Any], name: str) -> str | None:
    """As the rows have it: '' is the row for all, None is any row."""
    return body[name] or "" if name in body else None


def _company(call: Call, company: str | None, at: str) -> str:
    """A company's token speaks for its company, and does not learn whether there are others."""
    own = call.scope.company
    if own is not None and company not in (None, own):
        raise invalid(f"{at}/company", "there is no such company for this token")
    return own or company or ""


def _listed(call: Call, body: Any) -> list[dict[str, Any]]:
    """One, or many in a list or in an object that holds one."""
    domains = Domains()
    if isinstance(body, list):
        check("SuppressionList", body)
        return [_row(call, given, f"/{place}", domains) for place, given in enumerate(body)]
    if isinstance(body, dict) and "suppressions" in body:
        check("NewSuppressions", body)
        rows = enumerate(body["suppressions"])
        return [_row(call, given, f"/suppressions/{place}", domains) for place, given in rows]
    check("NewSuppression", body)
    return [_row(call, body, "", domains)]


async def _of_list(rows: list[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    for row in rows:
        yield row


async def _of_table(call: Call) -> AsyncIterator[dict[str, Any]]:
    domains = Domains()
    async for number, given in read_table(call.request):
        given.pop("created_at", None)  # of our own tables; the row is new here
        at = f"line {number}: "
        check("NewSuppression", given, at)
        yield _row(call, given, at, domains)


def _row(call: Call, given: Mapping[str, Any], at: str, domains: Domains) -> dict[str, Any]:
    domains.check(given["email"], f"{at}/email")
    return {
        "email": key_of(given["email"], f"{at}/email"),
        "company": _company(call, given.get("company"), at),
        "category": given.get("category") or "",
        "reason": given.get("reason", "manual"),
        "detail": given.get("detail"),
    }


async def _chunks(rows: AsyncIterator[dict[str, Any]]) -> AsyncIterator[list[dict[str, Any]]]:
    chunk: list[dict[str, Any]] = []
    async for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


async def pages(listed: Suppressions, key: str | None, reason: Reason | None) -> AsyncIterator[list[dict[str, Any]]]:
    """All of them, for a table."""
    after: Place | None = None
    while True:
        rows = await listed.page(key, reason, after, query.MAX_LIMIT)
        yield [present.suppression(row) for row in rows]
        if len(rows) < query.MAX_LIMIT:
            return
        after = place_of(rows[-1])


_PATH = "/v1/suppressions"

OPERATIONS = (
    Operation(
        "GET",
        _PATH,
        "site",
        show,
        "List suppressed addresses, by address; as CSV all of them",
        {200: "Suppressions"},
        query=("suppressed_email", "suppressed_reason", "cursor", "limit", "format"),
        csv=True,
    ),
    Operation(
        "POST",
        _PATH,
        "site",
        add,
        "Suppress addresses, one or many; a weaker reason never replaces a person's wish",
        {200: "Suppressed"},
        bodies={JSON: "SuppressionOrList", CSV: "SuppressionTable"},
        problems=(problems.LIMIT_REACHED,),
    ),
    Operation(
        "DELETE",
        _PATH,
        "site",
        release,
        "Release an address; with force and a note also one that asked not to be mailed",
        {200: "Released"},
        bodies={JSON: "Release"},
        problems=(problems.UNKNOWN_SUPPRESSION, problems.UNWANTED, problems.SITE_WIDE),
    ),
)
