"""The client repeats what may be repeated and nothing else, and has words for what went wrong."""

from collections.abc import Iterator

import pytest

from cli.api import DELAYS, Api
from cli.errors import Refused, Unreachable
from tests.cli.conftest import Run
from tests.doubles.fake_service import TOKEN, FakeService
from tests.doubles.ports import refused_port


@pytest.fixture
def free_port() -> Iterator[int]:
    with refused_port() as port:
        yield port


@pytest.mark.parametrize("status", [500, 503, 429, None])
def test_a_call_that_may_be_repeated_is(service: FakeService, sleeps: list[float], status: int | None) -> None:
    service.fail("GET /v1/me", status, times=len(DELAYS))
    with Api(service.url, TOKEN) as api:
        assert api.get("/v1/me")["role"] == "site"
    assert len(service.requests) == len(DELAYS) + 1
    for asked, delay in zip(sleeps, DELAYS, strict=True):
        assert 0.75 * delay <= asked <= 1.25 * delay


def test_after_some_attempts_it_is_given_up(service: FakeService, sleeps: list[float]) -> None:
    service.fail("GET /v1/me", 503, times=100)
    with Api(service.url, TOKEN) as api, pytest.raises(Unreachable, match="failed \\(503\\): A part of the platform"):
        api.get("/v1/me")
    assert len(service.requests) == len(sleeps) + 1 == len(DELAYS) + 1


@pytest.mark.parametrize("status", [500, 503, None])
def test_a_call_that_may_not_be_repeated_is_not(service: FakeService, sleeps: list[float], status: int | None) -> None:
    service.fail("POST /v1/sites", status)
    with Api(service.url, TOKEN) as api, pytest.raises(Unreachable):
        api.post("/v1/sites", {"name": "x"})
    assert len(service.requests) == 1
    assert not sleeps


def test_what_was_turned_away_for_now_is_repeated_whatever_it_is(service: FakeService, sleeps: list[float]) -> None:
    service.fail("/pause", 429)
    job = service.job()
    with Api(service.url, TOKEN) as api:
        assert api.post(f"/v1/jobs/{job.id}/pause")["state"] == "paused"
    assert len(sleeps) == 1


def test_what_never_reached_the_service_is_repeated_whatever_it_is(free_port: int, sleeps: list[float]) -> None:
    with Api(f"http://127.0.0.1:{free_port}", TOKEN) as api, pytest.raises(Unreachable, match="cannot be reached"):
        api.post("/v1/sites", {"name": "x"})
    assert len(sleeps) == len(DELAYS)


@pytest.mark.parametrize(("asked", "waited"), [("7", 7), ("9000", 30)])
def test_the_service_says_how_long_to_wait_within_reason(
    service: FakeService, sleeps: list[float], asked: str, waited: float
) -> None:
    service.fail("GET /v1/me", 503, headers={"Retry-After": asked})
    with Api(service.url, TOKEN) as api:
        api.get("/v1/me")
    assert sleeps == [waited]


def test_a_refusal_is_never_repeated_and_keeps_its_words(service: FakeService, sleeps: list[float]) -> None:
    with Api(service.url, TOKEN) as api, pytest.raises(Refused) as caught:
        api.get(f"/v1/jobs/job_{9:032x}")
    assert caught.value.message == "There is no such job (404)"
    assert caught.value.lines == ["There is no job with this id that this token may see."]
    assert caught.value.status == 404
    assert not sleeps


@pytest.mark.parametrize(
    ("detail", "faults", "lines"),
    [
        ("Html: line 2: what.", [("/message/html", "line 2: what")], ["/message/html: line 2: what"]),
        ("Nobody has them.", [("/message", "no 'a'")], ["Nobody has them.", "/message: no 'a'"]),
        ("a, b", [("/x", "a"), ("/y", "b")], ["a, b", "/x: a", "/y: b"]),
        ("", [], []),
    ],
)
def test_what_is_at_fault_is_told_once(
    service: FakeService,
    monkeypatch: pytest.MonkeyPatch,
    detail: str,
    faults: list[tuple[str, str]],
    lines: list[str],
) -> None:
    errors = [{"field": field, "detail": words} for field, words in faults]
    problem = {"title": "The request has a fault", "detail": detail, "errors": errors}
    monkeypatch.setattr(service, "answer", lambda *_: (422, problem, {}))
    with Api(service.url, TOKEN) as api, pytest.raises(Refused) as caught:
        api.get("/v1/me")
    assert caught.value.lines == lines


def test_an_unknown_token_is_refused_with_a_hint(run: Run) -> None:
    result = run("status", "--token", "cot_wrong")
    assert result.exit_code == 3
    assert "No valid token was given (401)" in result.stderr
    assert "offload me" in result.stderr


def test_a_redirect_is_not_followed_with_the_token(service: FakeService, run: Run) -> None:
    service.fail("GET /v1/me", 302, headers={"Location": "https://elsewhere.example/"})
    result = run("me")
    assert result.exit_code == 4
    assert "redirects to https://elsewhere.example/" in result.stderr
    assert len(service.requests) == 1


@pytest.mark.parametrize("answer", ["<html>hello</html>", '["a list"]'])
def test_an_answer_of_something_else_is_told(
    service: FakeService, run: Run, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr(service, "answer", lambda *_: (200, answer, {}))
    result = run("me")
    assert result.exit_code == 4
    assert "answers, but not as the service does" in result.stderr


def test_a_refusal_that_is_no_problem_document_is_told_by_its_status(
    service: FakeService, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "answer", lambda *_: (413, "<html>", {}))
    result = run("me")
    assert result.exit_code == 3
    assert "(413)" in result.stderr


def test_a_list_is_read_to_its_end(service: FakeService) -> None:
    service.jobs.page = 3
    job = service.job(people=10)
    with Api(service.url, TOKEN) as api:
        found = list(api.pages(f"/v1/jobs/{job.id}/recipients", "recipients", state="pending"))
    assert [person["ref"] for person in found] == [str(number) for number in range(1, 11)]


def test_the_address_may_have_a_path_of_its_own(service: FakeService) -> None:
    with Api(f"{service.url}/offload", TOKEN) as api, pytest.raises(Refused):
        api.get("/v1/me")
    assert service.requests[0][1] == "/offload/v1/me"
