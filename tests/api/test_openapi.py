"""/openapi.json says what the API does; conftest holds every answer in these tests to it."""

from typing import Any

import httpx
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.app import _ApiEndpoint, routes
from api.openapi import build
from api.routes import OPERATIONS
from api.schemas import REQUESTS
from api.validation import _validator
from core.problems import PROBLEMS
from core.version import VERSION
from providers import PROVIDERS
from tests.worlds.api import DOCUMENT, Deployment

# design.md, section 6, as far as it is built
ROUTES = {
    ("POST", "/v1/jobs"),
    ("GET", "/v1/jobs"),
    ("GET", "/v1/jobs/{job}"),
    ("POST", "/v1/jobs/{job}/recipients"),
    ("GET", "/v1/jobs/{job}/recipients"),
    ("GET", "/v1/jobs/{job}/reasons"),
    ("POST", "/v1/jobs/{job}/start"),
    ("POST", "/v1/jobs/{job}/pause"),
    ("POST", "/v1/jobs/{job}/resume"),
    ("POST", "/v1/jobs/{job}/cancel"),
    ("POST", "/v1/jobs/{job}/retry"),
    ("POST", "/v1/jobs/{job}/resolve"),
    ("POST", "/v1/jobs/{job}/handback"),
    ("POST", "/v1/preview"),
    ("GET", "/v1/me"),
    ("GET", "/v1/events"),
    ("POST", "/v1/events/{provider}"),
    ("GET", "/v1/callbacks"),
    ("POST", "/v1/callbacks/replay"),
    ("GET", "/v1/dead-letters"),
    ("GET", "/v1/dead-letters/{letter}"),
    ("POST", "/v1/dead-letters/redrive"),
    ("POST", "/v1/dead-letters/discard"),
    ("POST", "/v1/sites"),
    ("GET", "/v1/sites"),
    ("GET", "/v1/sites/{site}"),
    ("PATCH", "/v1/sites/{site}"),
    ("POST", "/v1/sites/{site}/disable"),
    ("POST", "/v1/sites/{site}/enable"),
    ("POST", "/v1/sites/{site}/rotate-callback-secret"),
    ("POST", "/v1/sites/{site}/tokens"),
    ("GET", "/v1/sites/{site}/tokens"),
    ("POST", "/v1/sites/{site}/tokens/{token}/rotate"),
    ("DELETE", "/v1/sites/{site}/tokens/{token}"),
    ("GET", "/v1/audit"),
    ("GET", "/v1/companies"),
    ("GET", "/v1/companies/{company}"),
    ("PUT", "/v1/companies/{company}"),
    ("DELETE", "/v1/companies/{company}"),
    ("GET", "/logo/{token}"),
    ("GET", "/v1/suppressions"),
    ("POST", "/v1/suppressions"),
    ("DELETE", "/v1/suppressions"),
    ("POST", "/v1/privacy/export"),
    ("POST", "/v1/privacy/erase"),
    ("GET", "/v1/privacy/retention"),
    ("GET", "/u/{token}"),
    ("POST", "/u/{token}"),
    ("GET", "/credentials/{code}"),
    ("GET", "/credentials/status/{list}"),
    ("GET", "/.well-known/did.json"),
    ("POST", "/v1/assets"),
    ("GET", "/v1/assets"),
    ("GET", "/v1/assets/{name}"),
    ("DELETE", "/v1/assets/{name}"),
    ("GET", "/schemas/certificate-1.json"),
    ("POST", "/verify/{code}/link"),
    ("GET", "/v1/certificates"),
    ("GET", "/v1/certificates/{code}"),
    ("POST", "/v1/certificates/{code}/revoke"),
    ("POST", "/v1/certificates/{code}/reissue"),
    ("POST", "/v1/certificates/{code}/link"),
    ("GET", "/v1/jobs/{job}/certificates.zip"),
    ("GET", "/verify"),
    ("GET", "/verify/{code}"),
    ("GET", "/c/{code}.pdf"),
    ("GET", "/healthz"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
}


def test_the_document_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_the_document_and_the_router_hold_the_same_routes() -> None:
    described = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    served = {
        (method, route.path.replace(":path}", "}"))
        for route in routes()
        if isinstance(route.app, _ApiEndpoint)
        for method in route.app.operations
    }
    assert described == served == ROUTES


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere() -> None:
    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*map(references, value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert references(DOCUMENT) <= known


def test_every_body_schema_compiles() -> None:
    for name in REQUESTS:
        _validator(name)


def test_every_provider_can_be_chosen() -> None:
    assert set(REQUESTS["NewSite"]["properties"]["provider"]["enum"]) == set(PROVIDERS)


def test_a_narrower_error_is_looked_for_before_a_wider_one() -> None:
    kinds = [kind for kind, _ in PROBLEMS]
    for position, kind in enumerate(kinds):
        assert not any(issubclass(kind, earlier) for earlier in kinds[:position])


async def test_anyone_may_read_the_document(deployment: Deployment) -> None:
    client = await deployment.client(None)
    response = await client.get("/openapi.json")
    assert response.json() == build(OPERATIONS)
    assert response.json()["info"]["version"] == VERSION
    assert (await client.get("/healthz")).json() == {"status": "ok"}


async def test_nothing_here_and_a_wrong_method_are_problems(deployment: Deployment) -> None:
    client: httpx.AsyncClient = await deployment.client(None)
    nowhere = await client.get("/v1/nothing")
    assert (nowhere.status_code, nowhere.json()["type"]) == (404, "urn:offload:problem:not-found")
    assert nowhere.headers["content-type"] == "application/problem+json"
    wrong = await client.delete("/v1/jobs")
    assert (wrong.status_code, wrong.json()["type"]) == (405, "urn:offload:problem:method-not-allowed")
    assert wrong.headers["allow"] == "GET, HEAD, POST"
