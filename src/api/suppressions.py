"""Routes of suppressions: whom not to mail, and why.

The promise: who asked not to be mailed is mailed again only when somebody says so outright and why. A company sees and
changes its own rows; that an address is suppressed for the whole site it learns only by asking about that address, as
it would by mailing it. The audit trail holds no addresses: it keeps their SHA-256.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.responses import Response

import person_hash
import problems
from api import csv, present, query
from api.bodies import CSV, JSON, media_type, read_json, read_table
from api.calls import Call, Operation, answer
from api.validation import check
from errors import InvalidAddress, OffloadError
from mail import address
from ports import Row
from problems import Problem, invalid, problem_of
from store import audit, suppressions

CHUNK = 1_000


async def show(call: Call) -> Response:
    email, reason = query.text(call, "email"), query.choice(call, "reason", suppressions.Reason)
    key = _key(email, "email") if email else None
    if csv.is_wanted(call):
        return csv.answer("suppressions", csv.SUPPRESSIONS, _pages(call, key, reason))
    after, limit = query.texts_cursor(call, 3), query.limit(call)
    rows = await _page(call, key, reason, after, limit + 1)
    following = query.cursor(_place(rows[limit - 1])) if len(rows) > limit else None
    return answer({"suppressions": [_shown(call, row, key) for row in rows[:limit]], "next": following})


async def add(call: Call) -> Response:
    if media_type(call.request, JSON, CSV) == CSV:
        incoming = _of_table(call)
    else:
        incoming = _of_list(_listed(call, await read_json(call.request)))
    added = given = 0
    try:
        async for chunk in _chunks(incoming):
            entry = call.entry(
                "suppression.add", _target(chunk), site_id=call.scope.site_id, company=call.scope.company
            )
            entry = entry._replace(detail={"addresses": len(chunk)})
            statement = suppressions.add(call.scope.site_id, json.dumps(chunk), call.now)
            rows, _ = await call.services.database.batch([statement, audit.insert(entry)])
            added, given = added + len(rows), given + len(chunk)
    except OffloadError as error:
        if not given:
            raise
        problem = problem_of(error)
        words = f"{problem.detail} The {given:,} addresses before that were taken; sending them again changes nothing."
        raise Problem(problem.type, words, problem.faults, problem.headers) from error
    return answer({"added": added, "unchanged": given - added})


async def release(call: Call) -> Response:
    body = await read_json(call.request)
    check("Release", body)
    force, note = body.get("force", False), body.get("note")
    if force and not note:
        raise invalid("/note", "is needed with force: why is this person mailed again?")
    key = _key(body["email"], "/email")
    chosen = (_keys(call, key), _released_company(call, body), _part(body, "category"))
    site_id = call.scope.site_id
    entry = call.entry("suppression.release", _hash_of(key), site_id=site_id)
    found, _, released = await call.services.database.batch(
        [
            suppressions.chosen(site_id, *chosen),
            suppressions.note_release(entry, *chosen, force, note),
            suppressions.release(site_id, *chosen, force),
        ]
    )
    if not released:
        await _explain(call, chosen[0], found)
    return answer({"released": [present.suppression(row | {"email": key}) for row in released]})


async def _explain(call: Call, keys: str, found: list[Row]) -> None:
    """Why nothing was released."""
    wishes = sorted({row["reason"] for row in found if row["reason"] in suppressions.WISHES})
    if wishes:
        words = f"The reason is {' and '.join(wishes)}. Release it with force and a note that says why."
        raise Problem(problems.UNWANTED, words)
    if await call.services.database.all(suppressions.page(call.scope, keys, None, ("", "", ""), 1)):
        raise Problem(problems.SITE_WIDE, "Only a token of the site releases it.")
    raise Problem(problems.UNKNOWN_SUPPRESSION, "Nothing that this token may release matches.")


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
    if isinstance(body, list):
        check("SuppressionList", body)
        return [_row(call, given, f"/{place}") for place, given in enumerate(body)]
    if isinstance(body, dict) and "suppressions" in body:
        check("NewSuppressions", body)
        return [_row(call, given, f"/suppressions/{place}") for place, given in enumerate(body["suppressions"])]
    check("NewSuppression", body)
    return [_row(call, body, "")]


async def _of_list(rows: list[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    for row in rows:
        yield row


async def _of_table(call: Call) -> AsyncIterator[dict[str, Any]]:
    async for number, given in read_table(call.request):
        given.pop("created_at", None)  # of our own tables; the row is new here
        at = f"line {number}: "
        check("NewSuppression", given, at)
        yield _row(call, given, at)


def _row(call: Call, given: Mapping[str, Any], at: str) -> dict[str, Any]:
    return {
        "email": _key(given["email"], f"{at}/email"),
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


def _key(email: str, at: str) -> str:
    try:
        return address.key(email)
    except InvalidAddress as error:
        raise invalid(at, error.detail) from None


def _keys(call: Call, key: str) -> str:
    """What an address is found by: itself, or its hash, where it was erased."""
    return json.dumps([key, person_hash.of_address(call.site["address_key"], key)])


def _target(chunk: list[dict[str, Any]]) -> str:
    return _hash_of(chunk[0]["email"]) if len(chunk) == 1 else "suppressions"


def _hash_of(email: str) -> str:
    return f"sha256:{hashlib.sha256(email.encode()).hexdigest()}"


def _place(row: Row) -> tuple[str, ...]:
    return row["email"], row["company"], row["category"]


def _shown(call: Call, row: Row, asked: str | None) -> dict[str, Any]:
    """`asked`: the one address that was asked about."""
    shown = present.suppression(row if asked is None else row | {"email": asked})
    foreign = call.scope.company is not None and not row["company"]
    return shown | {"detail": None, "created_at": None} if foreign else shown


async def _page(
    call: Call, key: str | None, reason: suppressions.Reason | None, after: tuple[str, ...] | None, limit: int
) -> list[Row]:
    keys = _keys(call, key) if key else None
    statement = suppressions.page(call.scope, keys, reason, after or ("", "", ""), limit)
    return await call.services.database.all(statement)


async def _pages(
    call: Call, key: str | None, reason: suppressions.Reason | None
) -> AsyncIterator[list[dict[str, Any]]]:
    after: tuple[str, ...] | None = None
    while True:
        rows = await _page(call, key, reason, after, query.MAX_LIMIT)
        yield [_shown(call, row, key) for row in rows]
        if len(rows) < query.MAX_LIMIT:
            return
        after = _place(rows[-1])


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
