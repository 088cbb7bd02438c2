"""The bindings and handlers as the Worker meets them on the local runtime: what workerd promises, asked of a probe."""

import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from dev.moodle import Fault, Moodle
from tests.doubles.ports import refused_port
from tests.local_runtime.conftest import Probe
from tests.worlds.live import within

PEOPLE = 5_000


def deliveries(probe: Probe, mark: str, queue: str = "offload-batches") -> list[Any]:
    """How often and when a message was delivered from a queue."""
    return [
        seen for seen in probe("seen") if seen.get("queue") == queue and (seen.get("body") or {}).get("mark") == mark
    ]


def send(probe: Probe, mark: str, verdict: str, delay: int = 0) -> None:
    probe("send", {"bodies": [{"mark": mark, "verdict": verdict}], "delay": delay})


def test_cron_calls_the_scheduled_handler(probe: Probe) -> None:
    fired = within("cron fires", lambda: [seen for seen in probe("seen") if seen["handler"] == "scheduled"])
    assert fired[0]["cron"] == "* * * * *"


def test_five_thousand_rows_are_one_parameter(probe: Probe) -> None:
    people = [{"ref": f"u{number}", "name": "Ngọc 漢 'x'", "n": number} for number in range(PEOPLE)]
    rows, [total], [values] = probe(
        "sql",
        [
            [
                "SELECT value ->> 'ref' AS ref, value ->> 'name' AS name FROM json_each(?1) LIMIT 2",
                [json.dumps(people)],
            ],
            ["SELECT count(*) AS people, sum(value ->> 'n') AS n FROM json_each(?1)", [json.dumps(people)]],
            ["SELECT ?1 AS none, ?2 AS real, ?3 AS whole, typeof(?3) AS type", [None, 0.5, 2**53 - 2]],
        ],
    )
    assert [row["ref"] for row in rows] == ["u0", "u1"]
    assert rows[0]["name"] == people[0]["name"]
    assert total == {"people": PEOPLE, "n": sum(range(PEOPLE))}
    assert values["none"] is None
    assert (values["real"], values["whole"]) == (0.5, 2**53 - 2)


def test_a_batch_that_fails_half_way_leaves_nothing_behind(probe: Probe) -> None:
    insert = "INSERT INTO audit (at, actor, action, target) VALUES (1, 'probe', 'half', ?1)"
    with pytest.raises(AssertionError):
        probe("sql", [[insert, ["a"]], ["INSERT INTO audit (at) VALUES (NULL)", []]])
    [[row]] = probe("sql", [["SELECT count(*) AS count FROM audit WHERE action = 'half'", []]])
    assert row["count"] == 0


def test_a_file_comes_back_as_it_was_put(probe: Probe) -> None:
    assert probe("files") == {
        "same": True,
        "type": "application/x-probe",
        "empty": True,
        "keys": [["probe/a/ü b.bin", "probe/b"], ["probe/a/ü b.bin"], ["probe/a/ü b.bin"]],
        "left": ["probe/b"],
        "missing": True,
    }


def test_a_message_that_is_acknowledged_comes_once(probe: Probe) -> None:
    send(probe, "once", "ack")
    send(probe, "after", "ack", delay=2)  # by then a second delivery of the first would have come
    within("the later message comes", lambda: deliveries(probe, "after"))
    [delivery] = deliveries(probe, "once")
    assert delivery["attempts"] == 1


def test_a_message_comes_again_after_the_delay_it_was_put_off_by(probe: Probe) -> None:
    send(probe, "again", "retry once")
    first, second = within("it comes again", lambda: (found := deliveries(probe, "again"))[1:] and found)
    assert (first["attempts"], second["attempts"]) == (1, 2)
    assert first["id"] == second["id"]
    assert second["at"] - first["at"] >= 1.9


def test_a_message_is_delayed_by_what_its_sender_says(probe: Probe) -> None:
    sent_at = time.time()
    send(probe, "delayed", "ack", delay=2)
    [delivery] = within("it comes", lambda: deliveries(probe, "delayed"))
    assert delivery["at"] - sent_at >= 1.9


@pytest.mark.parametrize("verdict", ["retry", "raise"])
def test_a_message_that_is_never_acknowledged_ends_among_the_dead_letters(probe: Probe, verdict: str) -> None:
    send(probe, verdict, verdict)
    [dead] = within("it is a dead letter", lambda: deliveries(probe, verdict, "offload-dlq"))
    tried = deliveries(probe, verdict)
    assert [delivery["attempts"] for delivery in tried] == [1, 2, 3]
    assert dead["body"] == tried[0]["body"]
    assert dead["attempts"] == 1


def fetch(probe: Probe, url: str, timeout: float = 10) -> Any:
    return probe("fetch", {"url": url, "timeout": timeout})


def test_what_is_fetched_comes_back_with_status_headers_and_body(probe: Probe) -> None:
    with Moodle() as server:
        server.fault = Fault(418, "ü", {"X-Mixed": "Case"})
        answer = fetch(probe, server.url)
        [request] = server.requests
    assert (answer["status"], answer["body"], answer["headers"]["x-mixed"]) == (418, "ü", "Case")
    assert request.body == b"\x00\xff"
    assert request.headers["x-probe"] == "1"


def test_a_refused_connection_and_an_unknown_host_are_certainly_not_sent(probe: Probe) -> None:
    with refused_port() as port:
        assert fetch(probe, f"http://127.0.0.1:{port}/") == {"error": "ConnectionFailed"}
    assert fetch(probe, "http://nobody.invalid/") == {"error": "ConnectionFailed"}


def test_a_server_that_speaks_no_tls_is_certainly_not_sent(probe: Probe) -> None:
    with Moodle() as server:
        assert fetch(probe, server.url.replace("http:", "https:")) == {"error": "ConnectionFailed"}


def test_a_connection_that_ends_after_the_request_leaves_it_open(probe: Probe) -> None:
    with Moodle() as server:
        server.fault = Fault(drop=True)
        assert fetch(probe, server.url) == {"error": "ResponseLost"}
        assert len(server.requests) == 1


def test_an_answer_that_does_not_come_in_time_leaves_it_open(probe: Probe) -> None:
    with Moodle() as server:
        server.fault = Fault(delay=3600)
        assert fetch(probe, server.url, timeout=0.5) == {"error": "ResponseLost"}


def test_a_body_that_breaks_off_does_not_unsay_the_status(probe: Probe) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 202 Accepted\r\ncontent-length: 100\r\n\r\nhalf")

        thread = threading.Thread(target=answer)
        thread.start()
        found = fetch(probe, f"http://127.0.0.1:{listening.getsockname()[1]}/")
        thread.join()
    assert found["status"] == 202


def test_a_rate_limit_counts_each_key_by_itself(probe: Probe) -> None:
    def asked() -> bool:
        key = f"network {time.time()}"  # a minute may end between the calls: it ends once
        first, second = probe("limit", key), probe("limit", f"{key} b")
        return bool(first == [True] * 20 + [False] * 10 and second[:20] == [True] * 20)

    within("the limit of wrangler.toml holds", asked)


NOTHING = {"request_id": None, "access_token": None}


@pytest.mark.parametrize(
    ("headers", "client", "state"),
    [
        ([], None, {}),
        ([["CF-Connecting-IP", "2001:db8::7"]], ["2001:db8::7", 0], {}),
        ([["cf-connecting-ip", ""]], None, {}),
        ([["X-Forwarded-For", "192.0.2.1"], ["X-Real-IP", "192.0.2.1"], ["Forwarded", "for=192.0.2.1"]], None, {}),
        ([["CF-Ray", "8c1d2e3f4a5b6c7d"]], None, {"request_id": "8c1d2e3f4a5b6c7d"}),
        ([["CF-Ray", "8c1d-FRA"]], None, {"request_id": "8c1d-FRA"}),
        ([["CF-Ray", "x" * 64]], None, {"request_id": "x" * 64}),
        *(([["CF-Ray", ray]], None, {}) for ray in ("", 'a"b', "a b", "a_b", "ä", "x" * 65)),
        ([["Cf-Access-Jwt-Assertion", "a.b.c"]], None, {"access_token": "a.b.c"}),
    ],
)
def test_what_cloudflare_says_of_a_request_is_handed_in_beside_it(
    probe: Probe, headers: list[list[str]], client: Any, state: dict[str, str]
) -> None:
    assert probe("front", headers) == [client, NOTHING | state]


def test_a_redirect_is_not_followed(probe: Probe) -> None:
    with Moodle() as elsewhere, Moodle() as server:
        server.fault = Fault(307, headers={"location": elsewhere.url})
        assert fetch(probe, server.url)["status"] == 307
        assert elsewhere.requests == []


def test_a_change_of_the_source_is_loaded_and_a_broken_one_is_not(probe: Probe, project: Path) -> None:
    entry = project / "src/entry.py"
    source = entry.read_text()
    assert probe("version") == 1
    entry.write_text(source.replace("VERSION = 1", "VERSION = 2"))
    within("the new source answers", lambda: probe("version") == 2)
    entry.write_text(source.replace("VERSION = 1", "VERSION ="))
    within("the broken source is noticed", lambda: "kept the previous version" in probe.runtime.tail())
    assert probe("version") == 2
