"""A body is cut off where it stops being worth reading, however it comes: told with the limit, and what to do."""

import gzip
import json
from itertools import pairwise

import pytest
from starlette.types import ASGIApp

from api import arriving
from api.bodies import JSON, MAX_EVENTS_BYTES, MAX_LINES, NDJSON
from core.bounded_json import MAX_VALUES, MAX_WIDE_BYTES, SPARE_VALUES
from delivery_events import SOURCES
from tests.api import worst
from tests.api.sending import Request
from tests.worlds.api import Deployment, Site, fault, person
from tests.worlds.furnished import VALUES, furnished

EMPTY = gzip.compress(b"", mtime=0)
RECIPIENTS = "/v1/jobs/{job}/recipients"


@pytest.fixture
def app() -> ASGIApp:
    return furnished().serve()


def request(path: str, type_: str, **headers: str) -> Request:
    token = furnished().tokens["site"]
    return Request("POST", path, {"Content-Type": type_, "Authorization": f"Bearer {token}", **headers})


async def refused(app: ASGIApp, request: Request, pieces: list[bytes]) -> tuple[int, str]:
    status, body = await request.answer(app, pieces)
    return status, str(json.loads(body)["detail"])


@pytest.mark.parametrize("path", [RECIPIENTS, "/v1/events/mailgun", "/v1/assets"])
async def test_empty_streams_of_gzip_are_not_read_without_end(app: ASGIApp, path: str) -> None:
    asked = request(path, JSON, **{"Content-Encoding": "gzip"})
    status, detail = await refused(app, asked, [EMPTY * 10] * 100_000)
    assert (status, "more than 100 streams" in detail) == (413, True)
    assert asked.taken <= 11
    status, _ = await refused(app, asked, [EMPTY * 50_000])  # in one piece as well
    assert status == 413


async def test_blocks_of_nothing_count_as_what_was_sent(app: ASGIApp) -> None:
    asked = request("/v1/events/mailgun", JSON, **{"Content-Encoding": "gzip"})
    piece = b"\0\0\0\xff\xff" * 10_000
    status, detail = await refused(app, asked, [EMPTY[:10], *[piece] * 1_000])
    assert (status, f"{MAX_EVENTS_BYTES:,} bytes" in detail) == (413, True)
    assert asked.taken <= MAX_EVENTS_BYTES // len(piece) + 2


@pytest.mark.parametrize("streams", [2, arriving.MOST_STREAMS])
async def test_a_few_streams_are_one_body(site: Site, streams: int) -> None:
    people = [json.dumps(person(number)).encode() + b"\n" for number in range(streams)]
    body = b"".join(map(gzip.compress, people))
    headers = {"Content-Type": NDJSON, "Content-Encoding": "gzip"}
    response = await site.client.post(f"/v1/jobs/{await site.job()}/recipients", content=body, headers=headers)
    assert response.json()["added"] == streams


async def test_what_unpacks_to_a_hundred_times_its_bytes_is_refused(app: ASGIApp) -> None:
    asked = request(RECIPIENTS, NDJSON, **{"Content-Encoding": "gzip"})
    for body in worst.gzip_bodies(8_000).values():
        status, answer = await asked.answer(app, [body])
        assert status in (400, 413) or json.loads(answer)["added"] == 0
    _, detail = await refused(app, asked, [gzip.compress(b"\n" * 2_000_000)])
    assert "more than 100 times its bytes. Send it as it is, unpacked." in detail


async def test_people_with_all_the_same_variables_are_taken_gzipped(site: Site) -> None:
    same = {"course": "An introduction to the biology of the oceans. " * 20}
    lines = b"\n".join(json.dumps(person(number, variables=same)).encode() for number in range(3_000))
    body = gzip.compress(lines)
    assert len(lines) > 25 * len(body)
    headers = {"Content-Type": NDJSON, "Content-Encoding": "gzip"}
    response = await site.client.post(f"/v1/jobs/{await site.job()}/recipients", content=body, headers=headers)
    assert response.json()["added"] == 3_000


@pytest.mark.parametrize("piece", [b"x", b" " * 14 + b"\n"])
async def test_pieces_that_are_next_to_nothing_end_it(app: ASGIApp, piece: bytes) -> None:
    asked = request(RECIPIENTS, NDJSON)
    status, detail = await refused(app, asked, [piece] * 100_000)
    assert (status, "pieces of less than 16 bytes" in detail) == (413, True)
    assert asked.taken < 20_000


async def test_a_line_a_piece_is_taken(app: ASGIApp) -> None:
    status, _ = await request(RECIPIENTS, NDJSON).answer(app, [b" " * 40 + b"\n"] * 5_000)
    assert status == 200


async def test_lines_are_counted_empty_or_not(app: ASGIApp) -> None:
    asked = request(RECIPIENTS, NDJSON)
    status, detail = await refused(app, asked, [b"\n" * 50_000] * 100)
    assert (status, f"{MAX_LINES:,} lines" in detail) == (413, True)
    assert asked.taken <= 21


@pytest.mark.parametrize("cell", [b"\n", b"a\n", b'""\n'])
async def test_a_cell_without_an_end_is_refused_at_its_limit(app: ASGIApp, cell: bytes) -> None:
    asked = request("/v1/suppressions", "text/csv")
    status, detail = await refused(app, asked, [b'email\n"', *[cell * 10_000] * 100])
    assert (status, "is a quote not closed?" in detail) == (413, True)


@pytest.mark.parametrize("splits", [(1, 5), (7, 9, 40), (30, 31, 32, 33, 60)])
async def test_a_table_is_read_the_same_in_whatever_pieces(app: ASGIApp, splits: tuple[int, ...]) -> None:
    body = b'email,detail\r\n"a@b.example\r\n\r\n","one ""two"""\n\n \nc@d.example,x\r\n"e@f.example"'
    pieces = [body[start:end] for start, end in pairwise((0, *splits, len(body)))]
    status, answer = await request("/v1/suppressions", "text/csv").answer(app, pieces)
    assert (status, json.loads(answer)) == (200, {"added": 3, "unchanged": 0})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            worst.fill(b"{},", 2_100_000, b"[", b"0]"),
            f"may have {MAX_VALUES:,} values at most. Send it in several calls",
        ),
        (worst.fill(b"{},", 80_000, b"[", b"0]"), f"may have {SPARE_VALUES + 9_999:,} values"),
        (
            worst.fill(b"x", MAX_WIDE_BYTES, b'["', rb'\ud83d\ude00"]'),
            f"{MAX_WIDE_BYTES:,} bytes at most where it holds emoji",
        ),
        (worst.fill(b"x", MAX_WIDE_BYTES, b'["', '😀"]'.encode()), "emoji"),
    ],
)
async def test_json_that_takes_more_memory_than_it_says_is_refused(app: ASGIApp, body: bytes, words: str) -> None:
    status, detail = await refused(app, request("/v1/jobs", JSON), worst.in_pieces(body + b" "))
    assert (status, words in detail) == (413, True), detail


async def test_ten_thousand_people_with_twenty_variables_each_are_taken(site: Site) -> None:
    variables = {f"variable {number}": f"value {number}" for number in range(20)}
    people = [person(number, variables=variables) for number in range(10_000)]
    response = await site.client.post(f"/v1/jobs/{await site.job()}/recipients", json=people)
    assert response.json().get("added") == 10_000, response.text


async def test_a_call_names_so_many_domains_in_other_scripts_and_no_more(site: Site) -> None:
    people = [person(0, email=f"a@bücher{number % 200}.example") | {"ref": f"{number}"} for number in range(400)]
    url = f"/v1/jobs/{await site.job()}/recipients"
    assert (await site.client.post(url, json=people)).json()["added"] == 400
    refused = await site.client.post(url, json=[*people, person(0, email="a@another-bücher.example")])
    assert fault(refused) == (422, "invalid-request", "/400/email")
    table = "email\n" + "\n".join(f"a@bücher{number}.example" for number in range(201))
    refused = await site.client.post("/v1/suppressions", content=table, headers={"Content-Type": "text/csv"})
    assert fault(refused) == (422, "invalid-request", "line 202: /email")


@pytest.mark.parametrize("name", SOURCES)
async def test_a_network_that_sends_events_without_end_is_not_read(deployment: Deployment, name: str) -> None:
    deployment.values |= VALUES
    provider = await deployment.client(None)
    deployment.front.address, deployment.event_limit.most = "203.0.113.7", 2
    for _ in range(2):
        assert (await provider.post(f"/v1/events/{name}", content=b"{}")).status_code in (400, 401)
    refused = await provider.post(f"/v1/events/{name}", content=b"{")
    assert fault(refused) == (429, "rate-limited", "")
    assert refused.headers["retry-after"] == "60"
    deployment.front.address = "203.0.113.99"
    assert (await provider.post(f"/v1/events/{name}", content=b"{}")).status_code in (400, 401)


@pytest.mark.parametrize("name", ["sendgrid", "resend"])
@pytest.mark.parametrize("stamp", ["", "1", "x", "99999999999"])
async def test_nothing_is_read_of_an_event_that_its_headers_do_not_sign(app: ASGIApp, name: str, stamp: str) -> None:
    names = {"sendgrid": "x-twilio-email-event-webhook", "resend": "svix"}
    asked = Request(
        "POST", f"/v1/events/{name}", {f"{names[name]}-timestamp": stamp, f"{names[name]}-signature": "eA=="}
    )
    assert (await asked.answer(app, [b"x" * 1_000] * 10))[0] == 401
    assert asked.taken == 0
