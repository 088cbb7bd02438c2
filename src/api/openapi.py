"""The OpenAPI 3.1 document, built from the routes and schemas that are in force: it cannot say anything else."""

import re
from collections.abc import Iterable
from typing import Any

from api import query
from api.answers import ANSWERS
from api.calls import Operation
from api.schemas import REQUESTS, Schema, ref
from callback import EventType
from core.problems import (
    FORBIDDEN,
    INTERNAL,
    INVALID,
    MALFORMED,
    NO_OPERATOR,
    RATE_LIMITED,
    SITE_DISABLED,
    TOO_LARGE,
    UNAUTHENTICATED,
    UNAVAILABLE,
    UNCERTAIN,
    UNSUPPORTED,
    ProblemType,
)
from core.states import CallbackState, DeadLetterState, JobState, RecipientState
from core.version import VERSION
from store.suppressions import Reason


def _parameter(name: str, description: str, **schema: Any) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _limit(most: int) -> Schema:
    words = "How many a page"
    return _parameter("limit", words, type="integer", minimum=1, maximum=most, default=query.DEFAULT_LIMIT)


# By the names that operations use; `name` is what stands in the URL.
PARAMETERS: dict[str, Schema] = {
    "job_state": _parameter("state", "Only jobs in this state", enum=list(JobState)),
    "company": _parameter("company", "Only jobs of this company", type="string"),
    "recipient_state": _parameter("state", "Only people in this state", enum=list(RecipientState)),
    "reason": _parameter("reason", "Only people with this reason", type="string"),
    "dead_letter_state": _parameter("state", "Only letters in this state", enum=list(DeadLetterState)),
    "callback_state": _parameter("state", "Only callbacks in this state", enum=list(CallbackState)),
    "event_type": _parameter("type", "Only callbacks of this type", enum=list(EventType)),
    "job": _parameter("job", "Only those of this job", type="string"),
    "ref": _parameter("ref", "Only those of this person", type="string"),
    "code": _parameter("code", "As it is printed or typed", type="string"),
    "sha256": _parameter("sha256", "The fingerprint of a file, to be compared with the certificate's", type="string"),
    "exp": _parameter("exp", "When the link ends, in seconds since 1970", type="string"),
    "sig": _parameter("sig", "Its signature", type="string"),
    "asset_company": _parameter("company", "Of this company; of the whole site where it is absent", type="string"),
    "suppressed_email": _parameter("email", "Only this address", type="string"),
    "suppressed_reason": _parameter("reason", "Only rows with this reason", enum=list(Reason)),
    "site": _parameter("site", "Of this site; for the operator", type="string"),
    "of_company": _parameter("company", "Of this company", type="string"),
    "action": _parameter("action", "Only this action, such as job.start", type="string"),
    "actor": _parameter("actor", "Only what this token did, or the operator", type="string"),
    "target": _parameter("target", "Only what was done to this", type="string"),
    "from": _parameter("from", "Not before this time", type="string", format="date-time"),
    "to": _parameter("to", "Before this time", type="string", format="date-time"),
    "cursor": _parameter("cursor", "`next` of the page before", type="string"),
    "after": _parameter("after", "`next` of the call before", type="string"),
    "limit": _limit(query.MAX_LIMIT),
    "recipients_limit": _limit(query.MAX_RECIPIENTS),
    "format": _parameter("format", "csv: all people as a table, as Accept: text/csv does", enum=["json", "csv"]),
}
HEADERS: dict[str, Schema] = {
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes a repeat of the same request return the same job",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    }
}
_SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "public": [],
    "site": [{"siteToken": []}],
    "operator": [{"operatorToken": []}],
    "either": [{"siteToken": []}, {"operatorToken": []}],
}


def query_names(operation: Operation) -> frozenset[str]:
    """What may stand in the URL's query."""
    return frozenset(PARAMETERS[name]["name"] for name in operation.query)


def build(operations: Iterable[Operation]) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cloud Offload for Moodle",
            "version": VERSION,
            "description": "Takes bulk mail off a Moodle site, and tells what happened to every person.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": {**REQUESTS, **ANSWERS},
            "securitySchemes": {
                "siteToken": {"type": "http", "scheme": "bearer", "description": "Of a site or one of its companies"},
                "operatorToken": {"type": "http", "scheme": "bearer", "description": "The setting OPERATOR_TOKEN"},
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    path_names = re.findall(r"{(\w+)}", operation.path)
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in path_names]
    parameters += [PARAMETERS[name] for name in operation.query] + [HEADERS[name] for name in operation.headers]
    described: dict[str, Any] = {
        "operationId": f"{operation.handler.__module__.rpartition('.')[2]}.{operation.handler.__name__}",
        "summary": operation.summary,
        "security": _SECURITY[operation.access],
        "parameters": parameters,
        "responses": _answers(operation) | _problems(operation),
    }
    if operation.bodies:
        content = {type_: {"schema": ref(name)} for type_, name in operation.bodies.items()}
        described["requestBody"] = {"required": operation.body_required, "content": content}
    return described


def _answers(operation: Operation) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, name in operation.answers.items():
        content: dict[str, Any] = {"application/json": {"schema": ref(name)}} if name else {}
        types = {
            "text/html": operation.page and not 300 <= status < 400,
            "text/csv": operation.csv,
            operation.file: bool(operation.file),
        }
        content |= {type_: {"schema": {"type": "string"}} for type_, given in types.items() if given}
        answers[str(status)] = {"description": operation.summary, **({"content": content} if content else {})}
    return answers


def problems_of(operation: Operation) -> frozenset[ProblemType]:
    """What a caller of this route may meet."""
    if operation.page:
        return frozenset({INTERNAL})
    types = {*operation.problems, INTERNAL}
    if operation.access != "public":
        types |= {UNAUTHENTICATED, RATE_LIMITED, FORBIDDEN, UNAVAILABLE, UNCERTAIN, INVALID}
        types.add(NO_OPERATOR if operation.access == "operator" else SITE_DISABLED)
    if operation.query or operation.access == "public":
        types.add(INVALID)
    if operation.bodies:
        types |= {MALFORMED, TOO_LARGE, UNSUPPORTED, INVALID}
    return frozenset(types)


def _problems(operation: Operation) -> dict[str, Any]:
    by_status: dict[int, list[ProblemType]] = {}
    for type_ in sorted(problems_of(operation)):
        by_status.setdefault(type_.status, []).append(type_)
    content = {"application/problem+json": {"schema": ref("Problem")}}
    return {
        str(status): {"description": "; ".join(f"{type_.title} ({type_.uri})" for type_ in types), "content": content}
        for status, types in by_status.items()
    }
