"""docs/security.md says what the deployment does: headers of every kind of answer, how much of a body is read."""

import gzip
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from api.calls import Operation
from api.routes import OPERATIONS
from certificates import links
from console import frame
from console.routes import PAGES
from console.routing import Page
from runtime.settings import Settings
from tests.docs.reading import ROOT, code, name, read, table
from tests.worlds.console import OPERATOR_TOKEN, Person
from tests.worlds.furnished import VALUES, furnished

PAGE = read("docs/security.md")
EVERYWHERE = {name(header): name(value) for header, value in table(PAGE, "header", "value")}
ELSEWHERE = [(of, name(header), name(value)) for of, header, value, _ in table(PAGE, "of", "header", "value", "why")]
ALWAYS_THERE = (
    "files of certificates",
    "credentials",
    "logos",
    "the schema of designs",
    "the console's style and script",
)
PIECE = 50_000
IN_ADVANCE = 2 * PIECE  # what may be taken before it is counted


@pytest.fixture
def deployment() -> ASGIApp:
    return furnished().serve()


@pytest.fixture
async def client(deployment: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(deployment), base_url="https://offload.example", follow_redirects=False
    ) as made:
        yield made


def known(parameter: str) -> str:
    return furnished().known[parameter][0]


# headers


def addresses() -> dict[str, list[str]]:
    """Of each kind of answer, some; a method before the address is another than GET."""
    certificate = known("code")
    link = links.download_url(Settings(VALUES), certificate, 2_000_000_000_000)
    unsubscribe, logo = furnished().known["token"][-2:]
    return {
        "the API": [
            *("/v1/jobs", "/v1/me", f"/v1/jobs/{known('job')}/recipients?format=csv", "/v1/jobs/none", "/v1/sites"),
            *("/v1/jobs?limit=x", "/nothing", "DELETE /v1/jobs", "OPTIONS /v1/jobs", "POST /v1/jobs", "/openapi.json"),
            *(f"/v1/jobs/{furnished().known['job'][3]}/certificates.zip", "HEAD /v1/jobs", "/healthz", "/u/x/y"),
            *(
                "POST /v1/events/ses",
                "/credentials/none",
                "/logo/none",
                "/%F0%28%8C%28",
                "//",
                "/v1/audit?format=csv",
                "/metrics",
            ),
        ],
        "pages for people": [
            *("/verify", "/verify?code=x", f"/verify/{certificate}", "/u/none", f"/u/{unsubscribe}", "/c/none.pdf"),
            *(f"POST /u/{unsubscribe}", f"POST /verify/{certificate}/link"),
        ],
        "files of certificates": [link.removeprefix("https://offload.example")],
        "credentials": ["/.well-known/did.json", f"/credentials/{certificate}", "/credentials/status/0"],
        "logos": [f"/logo/{logo}"],
        "the schema of designs": ["/schemas/certificate-1.json"],
        "the console": ["/console/sign-in", "/console/nothing", "DELETE /console", "/console", "POST /console/sign-in"],
        "the console's style and script": list(frame.ASSETS),
    }


def fits(shown: str, real: str | None) -> bool:
    return real is not None and bool(re.fullmatch(".+".join(map(re.escape, shown.split("…"))), real))


@pytest.mark.parametrize("of", ["the API", *dict.fromkeys(of for of, _, _ in ELSEWHERE)])
async def test_every_answer_has_the_headers_that_the_page_says(client: httpx.AsyncClient, of: str) -> None:
    if of == "the console":
        await Person(client).sign_in(OPERATOR_TOKEN)
    exceptions = {header: value for kind, header, value in ELSEWHERE if kind == of}
    for place in addresses()[of]:
        method, _, address = place.rpartition(" ")
        response = await client.request(
            method or "GET", address, headers={"Authorization": f"Bearer {furnished().tokens['site']}"}
        )
        assert of not in ALWAYS_THERE or response.status_code == 200, place
        for header, value in {**EVERYWHERE, **exceptions}.items():
            assert fits(value, response.headers.get(header)), f"{place}: {header}: {response.headers.get(header)}"
        if of != "credentials":
            assert not [header for header in response.headers if header.startswith("access-control-")], place
        for cookie in response.headers.get_list("set-cookie"):
            assert cookie.startswith("__Host-")
            assert {"HttpOnly", "Secure", "SameSite=strict"} <= set(cookie.split("; "))


def test_every_kind_of_answer_is_looked_at() -> None:
    assert {"the API", *(of for of, _, _ in ELSEWHERE)} == addresses().keys()
    paths = {route.path for route in OPERATIONS if route.path.split("/")[1] not in ("v1", "healthz", "openapi.json")}
    looked_at = {place.rpartition(" ")[2].partition("?")[0] for places in addresses().values() for place in places}
    for path in paths:
        pattern = re.sub(r"{\w+}", "[^/]+", path.replace(".", r"\."))
        assert any(re.fullmatch(pattern, place) for place in looked_at), path


# bodies


def limits() -> dict[tuple[str, str], int]:
    rows = table(PAGE, "address", "type", "most bytes")
    return {(place, type_.strip("`")): int(most.replace(",", "")) for place, type_, most in rows}


def reading() -> Iterator[tuple[str, str, str, int]]:
    """Method, address, type and limit of each body that is read; 0 where none is."""
    named = limits()
    for route in OPERATIONS:
        if route.method == "GET":
            continue
        for type_ in route.bodies or {"application/json": ""}:
            place = f"`{route.method} {route.path}`"
            most = named.get((place, type_)) or named.get((place, "any"))
            if most is None:
                most = named["everything not named below that reads one", "application/json"] if route.bodies else 0
                assert type_ == "application/json"
            yield route.method, route.path, type_, most


READING = list(reading())


class Sender:
    """One request whose body goes on and on; `taken` counts what was read of it."""

    def __init__(self, app: ASGIApp, method: str, address: str, headers: dict[str, str], piece: bytes) -> None:
        path = re.sub(r"{(\w+)}", lambda found: known(found[1]), address)
        given = [(key.lower().encode(), value.encode()) for key, value in headers.items()]
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"offload.example"), (b"transfer-encoding", b"chunked"), *given],
            "server": ("offload.example", 443),
        }
        self.app = app
        self.piece = piece
        self.taken = 0

    async def status(self, length: int) -> int:
        """Of the answer to a body of so many bytes."""
        answers: list[Any] = []

        async def receive() -> dict[str, Any]:
            piece = self.piece[: length - self.taken]
            self.taken += len(piece)
            return {"type": "http.request", "body": piece, "more_body": self.taken < length}

        async def send(message: Any) -> None:
            answers.append(message)

        await self.app(self.scope, receive, send)
        return int(answers[0]["status"])


LINES = b" " * (PIECE - 1) + b"\n"


def headers(method: str, path: str, type_: str, **more: str) -> dict[str, str]:
    [access] = {route.access for route in OPERATIONS if (route.method, route.path) == (method, path)}
    token = furnished().tokens["operator" if access == "operator" else "site"]
    return {"Content-Type": type_, "Authorization": f"Bearer {token}", **more}


@pytest.mark.parametrize(("method", "path", "type_", "most"), READING)
async def test_no_more_of_a_body_is_read_than_the_page_says(
    deployment: ASGIApp, method: str, path: str, type_: str, most: int
) -> None:
    sender = Sender(deployment, method, path, headers(method, path, type_), LINES)
    status = await sender.status(10**9)
    assert sender.taken <= most + IN_ADVANCE if most else sender.taken == 0
    if path.startswith("/u/"):
        assert status in (400, 404)
    elif most:
        assert status == 413
        within = Sender(deployment, method, path, headers(method, path, type_), LINES)
        assert await within.status(most) != 413
        assert within.taken == most


@pytest.mark.parametrize(("method", "path", "type_", "most"), [row for row in READING if row[3] > 4_000])
async def test_a_gzip_bomb_is_no_longer_than_what_it_unpacks_to(
    deployment: ASGIApp, method: str, path: str, type_: str, most: int
) -> None:
    packed = Sender(
        deployment,
        method,
        path,
        headers(method, path, type_, **{"Content-Encoding": "gzip"}),
        gzip.compress(LINES * (most // PIECE + 2)),
    )
    assert await packed.status(len(packed.piece)) == 413
    assert len(packed.piece) < most // 100
    other = Sender(deployment, method, path, headers(method, path, type_, **{"Content-Encoding": "br"}), LINES)
    assert await other.status(PIECE) == 415
    assert other.taken == 0


@pytest.mark.parametrize("route", [route for route in OPERATIONS if route.method != "GET" and route.access != "public"])
async def test_nothing_is_read_of_a_body_without_a_good_token(deployment: ASGIApp, route: Operation) -> None:
    wrong = {"Content-Type": next(iter(route.bodies), "application/json"), "Authorization": "Bearer cot_wrong"}
    sender = Sender(deployment, route.method, route.path, wrong, LINES)
    assert await sender.status(10**6) == 401
    assert sender.taken == 0


@pytest.mark.parametrize("page", [page for page in PAGES if page.method == "POST"], ids=lambda page: page.path)
async def test_nothing_is_read_of_a_form_before_its_session_is_known(deployment: ASGIApp, page: Page) -> None:
    address = re.sub(r"{\w+(:\w+)?}", "x", page.path)
    for cookie in ("__Host-offload=x", "__Host-offload-guest=x", "__Host-offload-guest=access:boss@school.example"):
        sent = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        sender = Sender(deployment, "POST", address, sent, LINES)
        assert await sender.status(10**6) == (303 if page.access != "public" else 403)
        assert sender.taken == 0


async def test_no_more_of_the_form_to_sign_in_is_read_than_the_page_says(
    deployment: ASGIApp, client: httpx.AsyncClient
) -> None:
    guest = (await client.get("/console/sign-in")).headers["set-cookie"].partition(";")[0]
    sent = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": guest}
    sender = Sender(deployment, "POST", "/console/sign-in", sent, b"x" * 1_000)
    assert await sender.status(10**6) == 413
    assert sender.taken == 17_000


def test_every_limit_is_of_an_address_that_reads_a_body() -> None:
    places = {f"{method} {path}" for method, path, _, most in READING if most}
    assert {code(place)[0] for place, _ in limits() if place.startswith("`")} <= places


# threats


def test_every_threat_is_shown_by_tests_that_there_are() -> None:
    there = {
        f"{path.relative_to(ROOT)}::{found}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for found in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    for threat, holds, tests in table(PAGE, "threat", "what holds", "shown by"):
        assert holds
        assert code(tests), threat
        assert set(code(tests)) <= there, set(code(tests)) - there
