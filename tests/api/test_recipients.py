"""People are taken in once each, or refused by position or line, and come back a page at a time or as a table."""

import csv
import gzip
import io
import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api import people, query
from tests.worlds.api import NEW_JOB, Site, fault, person

NDJSON = {"Content-Type": "application/x-ndjson"}


def lines(count: int) -> bytes:
    return b"".join(json.dumps(person(number)).encode() + b"\n" for number in range(count))


async def test_people_come_as_a_list_or_in_an_object_or_a_line_each(site: Site) -> None:
    job = await site.job()
    path = f"/v1/jobs/{job}/recipients"
    assert (await site.client.post(path, json=[person(1)])).json() == {"added": 1, "duplicates": 0, "total": 1}
    as_object = await site.client.post(path, json={"recipients": [person(1), person(2)]})
    assert as_object.json() == {"added": 1, "duplicates": 1, "total": 2}
    as_lines = await site.client.post(path, content=b"\n" + lines(5).rstrip(b"\n") + b"\r\n \n", headers=NDJSON)
    assert as_lines.json() == {"added": 3, "duplicates": 2, "total": 5}
    assert (await site.client.post(path, json=[])).json() == {"added": 0, "duplicates": 0, "total": 5}


@pytest.mark.parametrize("media_type", ["application/json", "application/x-ndjson"])
async def test_a_gzipped_body_is_taken(site: Site, media_type: str) -> None:
    job = await site.job()
    plain = lines(10) if "ndjson" in media_type else json.dumps([person(number) for number in range(10)]).encode()
    packed = gzip.compress(plain[:300]) + gzip.compress(plain[300:])  # as parallel packers write it
    headers = {"Content-Type": media_type, "Content-Encoding": "gzip"}
    response = await site.client.post(f"/v1/jobs/{job}/recipients", content=packed, headers=headers)
    assert response.json()["added"] == 10


async def test_a_repeated_call_adds_nobody_twice_and_the_first_of_a_ref_counts(site: Site) -> None:
    job = await site.job()
    body = [person(1, name="First"), person(1, name="Second"), person(2)]
    for added, duplicates in ((2, 1), (0, 3)):
        response = await site.client.post(f"/v1/jobs/{job}/recipients", json=body)
        assert response.json() == {"added": added, "duplicates": duplicates, "total": 2}
    shown = (await site.client.get(f"/v1/jobs/{job}/recipients")).json()["recipients"]
    assert [found["name"] for found in shown] == ["First", "Person 2"]


@pytest.mark.long
async def test_streamed_people_are_stored_in_chunks_with_flat_memory(site: Site) -> None:
    job = await site.job()

    async def body() -> AsyncIterator[bytes]:
        for number in range(20_000):
            yield json.dumps(person(number, variables={"text": "x" * 200})).encode() + b"\n"

    transport: Any = site.client._transport
    messages = body()

    async def receive() -> dict[str, Any]:
        piece = await anext(messages, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/v1/jobs/{job}/recipients",
        "query_string": b"",
        "headers": [(b"content-type", b"application/x-ndjson"), (b"authorization", f"Bearer {site.token}".encode())],
    }
    tracemalloc.start()
    try:
        await transport.inner.app(scope, receive, send)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert json.loads(sent[1]["body"]) == {"added": 20_000, "duplicates": 0, "total": 20_000}
    assert peak < 8_000_000  # the whole body is 6 MB, and several times that as objects


async def test_no_chunk_comes_near_what_d1_takes_in_a_parameter() -> None:
    crowd = [person(number, variables={"text": "ü" * 5_000}) for number in range(300)]
    chunks = [chunk async for chunk in people._chunks(people.of_iterable(crowd))]
    assert [member for chunk in chunks for member in chunk] == crowd
    assert max(len(json.dumps(chunk)) for chunk in chunks) < 1_000_000


@pytest.mark.parametrize(
    ("faulty", "field"),
    [
        ({"email": "a@example.com"}, "/ref"),
        ({"ref": "1"}, "/email"),
        ({"ref": 1, "email": "a@example.com"}, "/ref"),
        ({"ref": "", "email": "a@example.com"}, "/ref"),
        ({"ref": "r" * 201, "email": "a@example.com"}, "/ref"),
        ({"ref": "1", "email": "a" * 321}, "/email"),
        ({"ref": "1", "email": "a@example.com\r\nBcc: b@example.com"}, "/email"),
        ({"ref": "1", "email": "a@example.com", "name": "Ann\r\nBcc: b@example.com"}, "/name"),
        ({"ref": "1", "email": "a@example.com", "name": None}, "/name"),
        ({"ref": "1", "email": "a@example.com", "variable": {}}, "/variable"),
        ({"ref": "1", "email": "a@example.com", "variables": []}, "/variables"),
        ({"ref": "1", "email": "a@example.com", "variables": {"a": "x" * 16_001}}, "/variables"),
        ("Ann", ""),
        (None, ""),
    ],
)
async def test_a_person_with_a_fault_is_named_by_position_or_line(site: Site, faulty: Any, field: str) -> None:
    job = await site.job()
    path = f"/v1/jobs/{job}/recipients"
    as_list = await site.client.post(path, json=[person(1), person(2), faulty])
    assert fault(as_list) == (422, "invalid-request", f"/2{field}")
    as_object = await site.client.post(path, json={"recipients": [person(1), faulty]})
    assert fault(as_object) == (422, "invalid-request", f"/recipients/1{field}")
    body = lines(2) + b"\n" + json.dumps(faulty).encode()
    as_lines = await site.client.post(path, content=body, headers=NDJSON)
    assert fault(as_lines) == (422, "invalid-request", f"line 4: {field}")
    assert (await site.client.get(f"/v1/jobs/{job}")).json()["counts"]["total"] == 0
    for response in (as_list, as_object, as_lines):
        assert "example.com" not in response.text  # a person's data is not repeated


async def test_variables_of_16_kb_in_any_language_are_taken(site: Site) -> None:
    full = person(1, variables={"text": "ü" * 7_990})
    assert (await site.client.post(f"/v1/jobs/{await site.job()}/recipients", json=[full])).json()["added"] == 1


async def test_a_fault_far_in_tells_how_many_were_added_before_it(site: Site) -> None:
    job = await site.job()
    body = lines(2_500) + b'{"ref": "x"\n'
    response = await site.client.post(f"/v1/jobs/{job}/recipients", content=body, headers=NDJSON)
    assert fault(response) == (400, "malformed-body", "")
    assert "Line 2501" in response.json()["detail"]
    assert "2,000 people before that were added" in response.json()["detail"]
    repaired = await site.client.post(f"/v1/jobs/{job}/recipients", content=lines(2_501), headers=NDJSON)
    assert repaired.json() == {"added": 501, "duplicates": 2_000, "total": 2_501}


async def test_more_people_than_a_job_may_have_are_refused(site: Site) -> None:
    site.deployment.values["MAX_PEOPLE"] = "1500"
    client = await site.deployment.client(site.token)
    job = await site.job()
    response = await client.post(f"/v1/jobs/{job}/recipients", content=lines(2_500), headers=NDJSON)
    assert fault(response) == (422, "too-many-people", "")
    assert "1,000 people before that were added" in response.json()["detail"]
    again = await client.post(f"/v1/jobs/{job}/recipients", content=lines(1_500), headers=NDJSON)
    assert again.json() == {"added": 500, "duplicates": 1_000, "total": 1_500}


@pytest.mark.long
async def test_a_hundred_thousand_and_one_people_are_one_too_many(site: Site) -> None:
    job = await site.job()
    response = await site.client.post(f"/v1/jobs/{job}/recipients", content=lines(100_001), headers=NDJSON)
    assert fault(response) == (422, "too-many-people", "")
    assert (await site.client.get(f"/v1/jobs/{job}")).json()["counts"]["total"] == 100_000


async def test_more_people_than_one_json_call_takes_are_refused(site: Site) -> None:
    job = await site.job()
    crowd = [{"ref": str(number), "email": "a@example.com"} for number in range(10_001)]
    assert fault(await site.client.post(f"/v1/jobs/{job}/recipients", json=crowd)) == (422, "invalid-request", "")
    response = await site.client.post("/v1/jobs", json=NEW_JOB | {"recipients": crowd})
    assert fault(response) == (422, "invalid-request", "/recipients")


async def test_people_are_listed_a_page_at_a_time_and_by_state_and_reason(site: Site) -> None:
    job = await site.job(7)
    database = site.deployment.database
    database.query("UPDATE recipients SET state = 'failed', reason = 'a' WHERE position IN (1, 3, 5)")
    database.query("UPDATE recipients SET reason = 'b', detail = 'mailbox full', attempts = 2 WHERE position = 5")

    async def refs(**filters: str) -> list[str]:
        found: list[str] = []
        params = {"limit": "2"} | filters
        while True:
            page = (await site.client.get(f"/v1/jobs/{job}/recipients", params=params)).json()
            found += [member["ref"] for member in page["recipients"]]
            if page["next"] is None:
                return found
            params["cursor"] = page["next"]

    assert await refs() == [f"u{number}" for number in range(7)]
    assert await refs(state="failed") == ["u1", "u3", "u5"]
    assert await refs(state="failed", reason="b") == ["u5"]
    assert await refs(state="sent") == []
    response = await site.client.get(f"/v1/jobs/{job}/recipients?limit=5001")
    assert fault(response) == (422, "invalid-request", "limit")


async def test_failed_people_are_found_by_their_index(site: Site) -> None:
    from core.scope import Scope
    from core.states import RecipientState
    from store import job_lists

    sql, parameters = job_lists.recipients(Scope(site.id), "job", RecipientState.FAILED, "a", -1, 10)
    plan = site.deployment.database.query(f"EXPLAIN QUERY PLAN {sql}", *parameters)
    assert any("recipients_unsent" in step["detail"] for step in plan)
    sql, parameters = job_lists.reasons(Scope(site.id), "job")
    plan = site.deployment.database.query(f"EXPLAIN QUERY PLAN {sql}", *parameters)
    assert any("COVERING INDEX recipients_unsent" in step["detail"] for step in plan)


def table(response: httpx.Response) -> list[list[str]]:
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    text = response.content.decode("utf-8-sig")
    assert response.content.startswith(b"\xef\xbb\xbf")
    assert text.endswith("\r\n")
    return list(csv.reader(io.StringIO(text, newline="")))


async def test_all_people_come_as_a_table_for_a_spreadsheet(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "MAX_LIMIT", 3)
    job = await site.job(8)
    for response in (
        await site.client.get(f"/v1/jobs/{job}/recipients?format=csv"),
        await site.client.get(f"/v1/jobs/{job}/recipients", headers={"Accept": "text/csv"}),
    ):
        header, *rows = table(response)
        assert header[:4] == ["ref", "email", "name", "state"]
        assert [row[0] for row in rows] == [f"u{number}" for number in range(8)]
        assert response.headers["content-disposition"] == f'attachment; filename="{job}.csv"'
    only = table(await site.client.get(f"/v1/jobs/{job}/recipients?format=csv&state=failed"))
    assert len(only) == 1


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("x","y")'])
async def test_no_name_is_a_formula_in_a_spreadsheet(site: Site, name: str) -> None:
    job = await site.job(recipients=[person(1, name=name)])
    _, row = table(await site.client.get(f"/v1/jobs/{job}/recipients?format=csv"))
    assert row[2] == "'" + name


@pytest.mark.parametrize(
    ("detail", "shown"),
    [("\t=1", "'\t'=1"), ("\r=1", "'\r'=1"), ("=1", "'=1"), ("no; =1", "no;' '=1"), ("\uff1d1", "'\uff1d1")],
)
async def test_no_words_of_a_provider_are_a_formula_either(site: Site, detail: str, shown: str) -> None:
    job = await site.job(1)
    site.deployment.database.query("UPDATE recipients SET detail = ?1", detail)
    _, row = table(await site.client.get(f"/v1/jobs/{job}/recipients?format=csv"))
    assert row[5] == shown


async def test_quotes_commas_breaks_and_scripts_come_back_from_the_table(site: Site) -> None:
    job = await site.job(recipients=[person(1, name='Łukasz, "李"')])
    site.deployment.database.query("UPDATE recipients SET detail = ?1", "two\nlines, and 😀")
    _, row = table(await site.client.get(f"/v1/jobs/{job}/recipients?format=csv"))
    assert (row[2], row[5]) == ('Łukasz, "李"', "two\nlines, and 😀")
