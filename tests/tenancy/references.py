"""Where a request of the API can name somebody's thing, for the walk of `test_walk.py`.

Every parameter of a path is one. So is every query parameter and every field of a body, unless it is told here that it
is none: whoever adds a route says here what its words stand for.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from api.bodies import JSON
from api.calls import Operation
from api.openapi import query_names
from api.routes import OPERATIONS
from api.schemas import REQUESTS
from tests.worlds.api import MESSAGE, person
from tests.worlds.issuing import DESIGN

# What kind of id each parameter of a path, or of a query, holds.
IN_PATH = {
    "job": "job",
    "code": "code",
    "letter": "letter",
    "name": "asset",
    "site": "site",
    "token": "token",
    "company": "company",
}
IN_QUERY = {
    "job": "job",
    "ref": "ref",
    "email": "email",
    "site": "site",
    "company": "company",
    "target": "job",
    "actor": "token",
}
# A cursor is a place in a list, whosever list it was: see `test_a_cursor_of_somebody_else_opens_nothing`.
NO_REFERENCE_IN_QUERY = {
    *("state", "type", "reason", "limit", "format", "action", "from", "to", "cursor", "after"),
}
# Words, settings, and the people and templates of what is being created.
NO_REFERENCE_IN_BODY = {
    *("kind", "name", "category", "message", "certificate", "unsubscribe", "send_at", "rate", "on_uncertain"),
    *(
        "recipients",
        "recipient",
        "start",
        "filter",
        "dry_run",
        "since",
        "state",
        "reason",
        "detail",
        "note",
        "variables",
    ),
    *("days", "suppressions", "force", "from", "reply_to", "colour", "send_rate", "provider", "callback_url"),
    "senders",
    *("callback_success", "daily_quota", "failure_limit", "read_only", "keep_people_days", "keep_certificate_years"),
}
NEW_PEOPLE = ("POST", "/v1/jobs/{job}/recipients")
# Public addresses hold a secret of their own: whoever has it may see what is behind it.
PUBLIC = {
    "/u/{token}": "signed: one person's own link",
    "/verify/{code}": "a certificate's code is there to be verified by anybody who has the paper",
    "/verify/{code}/link": "the same; the link is mailed to the holder alone",
    "/c/{code}.pdf": "signed: the holder's own link",
    "/credentials/{code}": "a certificate's code, as on the paper",
    "/credentials/status/{list}": "says of numbers whether they are valid",
    "/logo/{token}": "signed: a picture that a company shows in its mails",
    "/v1/events/{provider}": "signed by the provider",
}
# A site and the operator make a company by naming it for the first time.
MADE_BY_NAMING = {("PUT /v1/companies/{company} path company", caller) for caller in ("site", "oper")}

_JOB = {"kind": "email", "message": MESSAGE}


def _with_picture(asset: str) -> dict[str, Any]:
    image = {"type": "image", "asset": asset, "x": 1, "y": 1, "width": 9, "height": 9}
    design = DESIGN | {"pages": [{"elements": [image]}]}
    return {"design": design, "award": "award", "title": "Biology", "issuer": "School"}


# By the schema of a body: one that can be taken.
BODIES: dict[str, Any] = {
    "PeopleOrList": [person(1)],
    "Revoke": {"reason": "wrong"},
    "Reissue": {"name": "Other"},
    "CompanySettings": {"colour": "#000000"},
    "SiteChanges": {"name": "Other"},
    "NewToken": {"name": "Other"},
}
Naming = tuple[str, Callable[[str], Any]]  # the kind of id, and a body that holds it
_LETTERS: dict[str, Naming] = {
    "ids": ("letter", lambda id: {"ids": [id]}),
    "job": ("job", lambda id: {"job": id}),
}
_PERSON: dict[str, Naming] = {"email": ("email", lambda id: {"email": id}), "ref": ("ref", lambda id: {"ref": id})}
IN_BODY: Mapping[tuple[str, str], dict[str, Naming]] = {
    ("POST", "/v1/jobs"): {
        "company": ("company", lambda id: {**_JOB, "company": id}),
        "certificate": ("asset", lambda id: {**_JOB, "kind": "certificate", "certificate": _with_picture(id)}),
    },
    ("POST", "/v1/preview"): {
        "company": ("company", lambda id: {"message": MESSAGE, "recipient": person(1), "company": id}),
        "certificate": ("asset", lambda id: {"certificate": _with_picture(id), "recipient": person(1)}),
    },
    ("POST", "/v1/callbacks/replay"): {"ids": ("event", lambda id: {"ids": [id]})},
    ("POST", "/v1/dead-letters/redrive"): _LETTERS,
    ("POST", "/v1/dead-letters/discard"): _LETTERS,
    ("POST", "/v1/suppressions"): {
        "email": ("stopped", lambda id: {"email": id}),
        "company": ("company", lambda id: {"email": "x@people.example", "company": id}),
    },
    ("DELETE", "/v1/suppressions"): {
        "email": ("stopped", lambda id: {"email": id}),
        "company": ("company", lambda id: {"email": f"stopped-{id[-2:]}@people.example", "company": id}),
    },
    ("POST", "/v1/privacy/export"): _PERSON,
    ("POST", "/v1/privacy/erase"): _PERSON,
    ("PUT", "/v1/companies/{company}"): {"logo": ("asset", lambda id: {"logo": id})},
    ("POST", "/v1/sites/{site}/tokens"): {"company": ("company", lambda id: {"name": "Other", "company": id})},
}


@dataclass(frozen=True)
class Reference:
    """One place in a request that names a thing; what else the request needs is the caller's own."""

    method: str
    path: str
    place: str  # "path job", "query company", "body ids"
    kind: str
    body: Callable[[str], Any] = field(default=lambda _: None, compare=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.place}"

    @property
    def must_be_there(self) -> bool:
        return self.place.startswith("path")


def references() -> Iterator[Reference]:
    """Of all routes for which a token is needed. A word that is not known here fails the test."""
    for operation in OPERATIONS:
        if operation.access == "public":
            assert ("{" in operation.path) == (operation.path in PUBLIC), (
                f"{operation.path}: who may see what is there?"
            )
            continue
        key = (operation.method, operation.path)
        named = IN_BODY.get(key, {})
        body = _body(operation)
        for name in parameters(operation.path):
            yield Reference(*key, f"path {name}", IN_PATH[name], body)
        for name in sorted(query_names(operation) - NO_REFERENCE_IN_QUERY):
            yield Reference(*key, f"query {name}", _in_query(operation, name), body)
        unknown = set() if key == NEW_PEOPLE else fields(operation) - NO_REFERENCE_IN_BODY - named.keys()
        assert not unknown, f"{key}: do {unknown} name something of somebody's?"
        for name, (kind, build) in named.items():
            yield Reference(*key, f"body {name}", kind, build)


def parameters(path: str) -> list[str]:
    return [part[1:].partition("}")[0] for part in path.split("/") if part.startswith("{")]


def fields(operation: Operation) -> set[str]:
    """The names in a JSON body, of one thing or of a list of them."""
    return _fields({"$ref": f"#/{operation.bodies[JSON]}"}) if JSON in operation.bodies else set()


def _fields(schema: Mapping[str, Any]) -> set[str]:
    if "$ref" in schema:
        return _fields(REQUESTS.get(schema["$ref"].rpartition("/")[2]) or _answers(schema["$ref"].rpartition("/")[2]))
    found = {*schema.get("properties", {})}
    return found.union(*map(_fields, schema.get("anyOf", ())), _fields(schema["items"]) if "items" in schema else set())


def _answers(name: str) -> Mapping[str, Any]:
    from api.answers import ANSWERS

    return ANSWERS[name]


def _in_query(operation: Operation, name: str) -> str:
    return "stopped" if (operation.path, name) == ("/v1/suppressions", "email") else IN_QUERY[name]


def _body(operation: Operation) -> Callable[[str], Any]:
    schema = operation.bodies.get(JSON)
    if schema is None:
        return lambda _: None
    body = BODIES[schema] if operation.body_required and schema in BODIES else {}
    return lambda _: body
