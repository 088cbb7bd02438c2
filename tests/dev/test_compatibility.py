"""Whoever was written against the last release's API is not broken by today's, and the comparison would notice."""

import json
from copy import deepcopy
from typing import Any

import pytest

from api.openapi import build
from api.routes import OPERATIONS
from dev.compatibility import breaks
from dev.release import last_description

GONE = object()
TEXT = {"type": "string"}
POST = ("paths", "/jobs", "post")
QUERY = (*POST, "parameters", 0)
BODY = (*POST, "requestBody", "content", "application/json")
ANSWER = (*POST, "responses", "201", "content", "application/json")
SCHEMAS = ("components", "schemas")
SENT, TOLD = (*SCHEMAS, "Sent"), (*SCHEMAS, "Told")
OLD: dict[str, Any] = {
    "paths": {
        "/jobs": {
            "post": {
                "operationId": "jobs.create",
                "security": [{"site": []}],
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 9, "default": 5}}
                ],
                "requestBody": {
                    "required": False,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Sent"}},
                        "text/csv": {"schema": TEXT},
                    },
                },
                "responses": {
                    "201": {
                        "description": "Made",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Told"}},
                            "text/csv": {"schema": TEXT},
                        },
                    },
                    "409": {
                        "description": "No people (urn:offload:problem:empty-job); None (urn:offload:problem:other)"
                    },
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Sent": {
                "type": "object",
                "properties": {
                    "name": {"type": ["string", "null"], "maxLength": 10},
                    "kind": {"enum": ["email", "certificate"]},
                    "people": {"type": "array", "items": {"$ref": "#/components/schemas/Sent"}, "maxItems": 3},
                    "rate": {"type": "number", "minimum": 0},
                    "one": {"anyOf": [TEXT, {"type": "integer"}]},
                    "variables": {"type": "object"},
                },
                "required": ["kind"],
                "additionalProperties": False,
            },
            "Told": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "maxLength": 10},
                    "state": {"enum": ["draft", "running"]},
                    "at": {"type": "string", "format": "date-time"},
                    "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
                    "all": {"type": "array", "items": {"$ref": "#/components/schemas/Told"}},
                    "cause": {"anyOf": [TEXT, {"type": "null"}]},
                },
                "required": ["id", "state"],
                "additionalProperties": False,
            },
        }
    },
}

# what is changed, to what, and what is told of it
BREAKING: dict[str, tuple[tuple[Any, ...], Any, str]] = {
    "an address is gone": (("paths", "/jobs"), GONE, "POST /jobs: is gone"),
    "an operation is gone": (POST, GONE, "POST /jobs: is gone"),
    "it has another name": ((*POST, "operationId"), "jobs.make", "operationId is jobs.make"),
    "it asks for another token": ((*POST, "security"), [{"operator": []}], "asks for another token"),
    "a parameter is gone": ((*POST, "parameters"), [], "query limit: is gone"),
    "a parameter is required": ((*QUERY, "required"), True, "query limit: is required"),
    "a parameter more is required": (
        (*POST, "parameters", 1),
        {"name": "site", "in": "query", "required": True, "schema": TEXT},
        "query site: is required",
    ),
    "a parameter takes less": ((*QUERY, "schema", "maximum"), 8, "query limit: maximum is 8"),
    "a default is another": ((*QUERY, "schema", "default"), 6, "query limit: default is 6"),
    "the body is required": ((*POST, "requestBody", "required"), True, "the body: is required"),
    "a body's type is gone": ((*POST, "requestBody", "content", "text/csv"), GONE, "the body: text/csv: is gone"),
    "the body is gone": ((*POST, "requestBody"), GONE, "the body: application/json: is gone"),
    "a field of a request is gone": ((*SENT, "properties", "name"), GONE, "name: is gone"),
    "a field is required": ((*SENT, "required"), ["kind", "name"], "name: is required"),
    "a type is narrower": ((*SENT, "properties", "name", "type"), "string", "name: takes no null"),
    "a number has to be whole": ((*SENT, "properties", "rate", "type"), "integer", "rate: takes no number"),
    "a value is no longer taken": ((*SENT, "properties", "kind", "enum"), ["email"], "kind: takes no certificate"),
    "only certain values are taken": ((*SENT, "properties", "name", "enum"), ["a", None], "takes certain values only"),
    "a text may be shorter only": ((*SENT, "properties", "name", "maxLength"), 9, "name: maxLength is 9"),
    "a text has to be longer": ((*SENT, "properties", "name", "minLength"), 1, "name: minLength is 1"),
    "a number has to be greater": ((*SENT, "properties", "rate", "minimum"), 1, "rate: minimum is 1"),
    "a number is bounded": ((*SENT, "properties", "rate", "maximum"), 99, "rate: maximum is 99"),
    "a pattern is asked for": ((*SENT, "properties", "name", "pattern"), "^a", "name: pattern is another"),
    "a list may be shorter only": ((*SENT, "properties", "people", "maxItems"), 2, "people: maxItems is 2"),
    "an item takes less": ((*SENT, "properties", "people", "items"), TEXT, "people: items: takes no object"),
    "one of two kinds is gone": ((*SENT, "properties", "one"), TEXT, "one: one of its kinds is no longer taken"),
    "unknown fields are refused": (
        (*SENT, "properties", "variables", "additionalProperties"),
        False,
        "variables: other fields: are refused",
    ),
    "unknown fields are held to something": (
        (*SENT, "properties", "variables", "additionalProperties"),
        TEXT,
        "variables: other fields: takes no array",
    ),
    "a keyword that is not known": ((*SENT, "properties", "name", "not"), {"const": "x"}, "name: not is"),
    "a status is gone": ((*POST, "responses", "409"), GONE, "409: is gone"),
    "a problem is gone": (
        (*POST, "responses", "409", "description"),
        "None (urn:offload:problem:other)",
        "urn:offload:problem:empty-job is gone",
    ),
    "an answer's type is gone": ((*POST, "responses", "201", "content", "text/csv"), GONE, "201: text/csv: is gone"),
    "an answer's field is gone": ((*TOLD, "properties", "at"), GONE, "at: is gone"),
    "an answer's field may be missing": ((*TOLD, "required"), ["id"], "state: may be missing"),
    "an answer may be null": ((*TOLD, "properties", "id", "type"), ["string", "null"], "id: may be null"),
    "an answer is of another type": ((*TOLD, "properties", "id", "type"), "integer", "id: may be integer"),
    "an answer's value is gone": ((*TOLD, "properties", "state", "enum"), ["draft"], "state: is never running"),
    "a time is no longer one": ((*TOLD, "properties", "at", "format"), GONE, "at: format is None"),
    "counts are fractions": (
        (*TOLD, "properties", "counts", "additionalProperties", "type"),
        "number",
        "counts: other fields: may be number",
    ),
    "an item of an answer is another": ((*TOLD, "properties", "all", "items"), TEXT, "all: items: may be string"),
    "an answer may be of a third kind": (
        (*TOLD, "properties", "cause", "anyOf", 2),
        {"type": "boolean"},
        "cause: may be of another kind",
    ),
}

COMPATIBLE: dict[str, tuple[tuple[Any, ...], Any]] = {
    "an address more": (("paths", "/people"), {"get": {}}),
    "an operation more": (("paths", "/jobs", "get"), {}),
    "it is open to more": ((*POST, "security"), [{"operator": []}, {"site": []}]),
    "it is open to everybody": ((*POST, "security"), []),
    "a parameter more": ((*POST, "parameters", 1), {"name": "site", "in": "query", "schema": TEXT}),
    "a parameter takes more": ((*QUERY, "schema", "maximum"), 10),
    "a body's type more": ((*POST, "requestBody", "content", "text/plain"), {"schema": TEXT}),
    "a field more can be sent": ((*SENT, "properties", "note"), TEXT),
    "a field need not be sent": ((*SENT, "required"), []),
    "a type more is taken": ((*SENT, "properties", "rate", "type"), ["number", "null"]),
    "a value more is taken": ((*SENT, "properties", "kind", "enum"), ["email", "certificate", "text"]),
    "any value is taken": ((*SENT, "properties", "kind"), TEXT),
    "a longer text is taken": ((*SENT, "properties", "name", "maxLength"), 11),
    "an empty text is taken, as before": ((*SENT, "properties", "name", "minLength"), 0),
    "a kind more is taken": ((*SENT, "properties", "one", "anyOf", 2), {"type": "boolean"}),
    "a status more": ((*POST, "responses", "429"), {"description": ""}),
    "a problem more": (
        (*POST, "responses", "409", "description"),
        "x (urn:offload:problem:new); y (urn:offload:problem:empty-job); z (urn:offload:problem:other)",
    ),
    "an answer has a field more": ((*TOLD, "properties", "version"), TEXT),
    "an answer always has it": ((*TOLD, "required"), ["id", "state", "at"]),
    "an answer has a value more": ((*TOLD, "properties", "state", "enum"), ["draft", "running", "paused"]),
    "an answer is never null now": ((*TOLD, "properties", "cause"), TEXT),
    "an answer may be longer": ((*TOLD, "properties", "id", "maxLength"), 20),
    "other words": ((*TOLD, "properties", "id", "description"), "Its name"),
}


def changed(place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The old document, but for this."""
    document: dict[str, Any] = deepcopy(OLD)
    *path, last = place
    part: Any = document
    for step in path:
        part = part[step]
    if value is GONE:
        del part[last]
    elif isinstance(part, list):
        part[last:] = [value]
    else:
        part[last] = value
    return document


@pytest.mark.parametrize(("place", "value", "told"), BREAKING.values(), ids=BREAKING)
def test_what_breaks_a_client_is_told_with_its_place(place: tuple[Any, ...], value: Any, told: str) -> None:
    found = breaks(OLD, changed(place, value))
    assert any(told in line for line in found), found
    assert all(line.startswith("POST /jobs: ") for line in found)


@pytest.mark.parametrize(("place", "value"), COMPATIBLE.values(), ids=COMPATIBLE)
def test_what_breaks_nobody_is_not(place: tuple[Any, ...], value: Any) -> None:
    new = changed(place, value)
    assert new != OLD
    assert breaks(OLD, new) == []


def test_a_kind_that_was_tried_elsewhere_is_looked_at_again() -> None:
    new = changed((*SENT, "properties", "one"), {"anyOf": [{"$ref": "#/components/schemas/Sent"}, TEXT]})
    new["components"]["schemas"]["Sent"]["properties"]["name"] = {"$ref": "#/components/schemas/Sent"}
    found = breaks(OLD, new)
    assert any("one: one of its kinds" in line for line in found)
    assert any("name: takes no null" in line for line in found)


def test_today_s_api_breaks_nobody_who_was_written_against_the_last_release() -> None:
    today = json.loads(json.dumps(build(OPERATIONS)))
    assert breaks(last_description(), today) == []
