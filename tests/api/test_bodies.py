"""A body that cannot be read, or must not be, is refused with the place where it goes wrong."""

import gzip
import json
import tracemalloc

import pytest

from tests.worlds.api import MESSAGE, NEW_JOB, Site, fault, person

JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
GZIP = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "Line 1, column 1"),
        (b'{"kind": "email",\n "message": }', "Line 2, column 13"),
        (b'{"kind": "em\xffail"}', "Line 1, this is not UTF-8"),
        (b'{\n"kind": "\xe4"}', "Line 2, this is not UTF-8"),
        (b'{"rate": NaN}', "NaN is not JSON"),
        (b'{"rate": 1e999}', "a number is out of range"),
        (b'{"rate": ' + b"9" * 5000 + b"}", "digits"),
        (b"[" * 200_000, "nested more than 32 deep"),
        (b'{"message":' * 100 + b"1" + b"}" * 100, "nested more than 32 deep"),
        (b'{"name": "\\u0000"}', "a NUL character"),
        (b'{"name": "\\ud83d"}', "half of a surrogate pair"),
    ],
)
async def test_malformed_json_is_told_with_line_and_column(site: Site, body: bytes, words: str) -> None:
    response = await site.client.post("/v1/jobs", content=body, headers=JSON)
    assert fault(response) == (400, "malformed-body", "")
    assert words in response.json()["detail"]


async def test_an_emoji_may_be_written_as_php_writes_it(site: Site) -> None:
    body = json.dumps(NEW_JOB | {"name": "😀"}).encode()
    assert b"\\ud83d\\ude00" in body
    assert (await site.client.post("/v1/jobs", content=body, headers=JSON)).json()["name"] == "😀"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"ref": "1", "email": "a@example.com"}\n{"ref": ', "Line 2, column 9"),
        (b"\n\n{]\n", "Line 3, column 2"),
        (b'{"ref": "1", "email": "a@example.com"}\n{"ref": "\xff"}', "Line 2, this is not UTF-8"),
        (b"\n" + b"[[]," * 50, "Line 2, it is nested"),
        (b'{"ref": "1", "email": "a@example.com"} {"ref": "2", "email": "b@example.com"}', "Line 1, column 40"),
    ],
)
async def test_malformed_ndjson_is_told_with_its_line(site: Site, body: bytes, words: str) -> None:
    response = await site.client.post(f"/v1/jobs/{await site.job()}/recipients", content=body, headers=NDJSON)
    assert fault(response) == (400, "malformed-body", "")
    assert words in response.json()["detail"]


async def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(site: Site) -> None:
    body = json.dumps(person(1)).encode() + b"\n" + b"x" * 200_000
    response = await site.client.post(f"/v1/jobs/{await site.job()}/recipients", content=body, headers=NDJSON)
    assert fault(response) == (413, "too-large", "")
    assert "Line 2" in response.json()["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-ndjson"},
        {"Content-Type": ""},
        {"Content-Type": "application/json; charset=iso-8859-1"},
        JSON | {"Content-Encoding": "br"},
    ],
)
async def test_another_type_or_encoding_is_refused(site: Site, headers: dict[str, str]) -> None:
    response = await site.client.post("/v1/jobs", content=json.dumps(NEW_JOB), headers=headers)
    assert fault(response) == (415, "unsupported-media-type", "")


async def test_the_charset_may_be_told(site: Site) -> None:
    headers = {"Content-Type": 'Application/JSON; charset="UTF-8"'}
    response = await site.client.post("/v1/jobs", content=json.dumps(NEW_JOB), headers=headers)
    assert response.status_code == 201


async def test_html_of_5_mb_is_refused_by_field(site: Site) -> None:
    body = NEW_JOB | {"message": MESSAGE | {"html": "x" * 5_000_000}}
    assert fault(await site.client.post("/v1/jobs", json=body)) == (422, "invalid-request", "/message/html")


async def test_a_body_over_the_limit_is_refused(site: Site) -> None:
    response = await site.client.post("/v1/jobs", content=b" " * 10_000_001, headers=JSON)
    assert fault(response) == (413, "too-large", "")


@pytest.mark.parametrize("headers", [JSON, NDJSON])
async def test_a_gzip_bomb_ends_at_the_limit(site: Site, headers: dict[str, str]) -> None:
    bomb = gzip.compress(b" " * 40_000_000)
    job = await site.job()
    tracemalloc.start()
    try:
        response = await site.client.post(f"/v1/jobs/{job}/recipients", content=bomb, headers=headers | GZIP)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert fault(response) == (413, "too-large", "")
    assert peak < 25_000_000


EMPTY_LIST = gzip.compress(b"[]", mtime=0)


@pytest.mark.parametrize("body", [b"not gzip", EMPTY_LIST[:-4], b"", EMPTY_LIST + b"more"])
async def test_damaged_gzip_is_told(site: Site, body: bytes) -> None:
    response = await site.client.post("/v1/jobs", content=body, headers=JSON | GZIP)
    assert fault(response) == (400, "malformed-body", "")
    assert "gzipped" in response.json()["detail"]
