"""The client of the HTTP API.

The promise: a call is repeated only where repeating it cannot do a thing twice: it is one of reading or an idempotent
one, or it certainly never reached the service. What goes wrong ends as `Refused` or `Unreachable`, in plain words.
"""

import random
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from time import sleep
from types import TracebackType
from typing import Any, NoReturn, Self

import httpx

from cli.errors import Refused, Unreachable

Json = dict[str, Any]

DELAYS = (0.5, 1, 2, 4)  # seconds between attempts, each with jitter
LONGEST_DELAY = 30  # that a Retry-After is heeded for
TIMEOUT = httpx.Timeout(60, connect=10)
PAGE = 1_000  # people or jobs asked for at once

# certainly nothing arrived
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Api:
    """One connection to the service, as one token."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._http = httpx.Client(
            base_url=url,
            timeout=TIMEOUT,
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/json",
                "User-Agent": f"offload/{version('cloud-offload')}",
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, **parameters: str | int | None) -> Json:
        # an empty mapping would wipe the query that `path` may have
        request = self._http.build_request("GET", path, params=_present(parameters) or None)
        return self._json(self._answer(request, repeatable=True))

    def post(
        self, path: str, body: Any = None, *, repeatable: bool = False, headers: Mapping[str, str] | None = None
    ) -> Json:
        """`repeatable`: a second one does nothing more than the first."""
        request = self._http.build_request("POST", path, json=body, headers=dict(headers or {}))
        return self._json(self._answer(request, repeatable=repeatable))

    def patch(self, path: str, body: Json) -> Json:
        return self._json(self._answer(self._http.build_request("PATCH", path, json=body), repeatable=True))

    def delete(self, path: str) -> None:
        self._answer(self._http.build_request("DELETE", path), repeatable=True)

    def append(self, job: str, body: bytes) -> Json:
        """Adds people, as gzipped NDJSON. They are unique by ref: adding them again adds nobody."""
        headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        request = self._http.build_request("POST", f"/v1/jobs/{job}/recipients", content=body, headers=headers)
        return self._json(self._answer(request, repeatable=True))

    def pages(self, path: str, key: str, **parameters: str | int | None) -> Iterator[Json]:
        """Every item of a list, page after page."""
        cursor: str | None = None
        while True:
            page = self.get(path, **parameters, limit=PAGE, cursor=cursor)
            yield from page[key]
            cursor = page.get("next")
            if cursor is None:
                return

    def follow(self, page: Json, key: str) -> Iterator[Json]:
        """The items of an answer whose `next` is the address of another list, and all of that list's."""
        yield from page[key]
        if page["next"] is None:
            return
        request = self._http.build_request("GET", page["next"])
        if (request.url.scheme, request.url.netloc) != (self._http.base_url.scheme, self._http.base_url.netloc):
            # the token is for this service only
            raise Unreachable(f"the service points to another one, {request.url.host}, for what follows")
        address, cursor = request.url, request.url.params.get("cursor")
        while cursor is not None:
            page = self.get(str(address.copy_set_param("cursor", cursor)))
            yield from page[key]
            cursor = page["next"]

    @contextmanager
    def csv(self, path: str, **parameters: str | None) -> Iterator[Iterator[bytes]]:
        """A list as the service writes it as CSV, in pieces."""
        query = _present({**parameters, "format": "csv"})
        request = self._http.build_request("GET", path, params=query, headers={"Accept": "text/csv"})
        response = self._answer(request, repeatable=True, stream=True)
        try:
            yield response.iter_bytes()
        except httpx.RequestError as error:
            raise Unreachable(f"the list from {self.url} broke off: {_words(error)}") from None
        finally:
            response.close()

    def _answer(self, request: httpx.Request, *, repeatable: bool, stream: bool = False) -> httpx.Response:
        """The answer, if it is a good one, after as many attempts as are safe and sensible."""
        for delay in (*DELAYS, None):
            try:
                response = self._http.send(request, stream=stream)
            except httpx.RequestError as error:
                if delay is None or not (repeatable or isinstance(error, _NEVER_SENT)):
                    raise self._unanswered(error) from None
                sleep(_jittered(delay))
                continue
            if response.is_success:
                return response
            if stream:
                response.read()
                response.close()
            busy = response.status_code == 429 or (response.status_code >= 500 and repeatable)
            if delay is None or not busy:
                self._raise(response)
            sleep(_wait_for(response, delay))
        raise AssertionError("the last attempt returns or raises")

    def _unanswered(self, error: httpx.RequestError) -> Unreachable:
        if isinstance(error, _NEVER_SENT):
            return Unreachable(
                f"{self.url} cannot be reached: {_words(error)}", hint="Is the URL right? offload config"
            )
        return Unreachable(
            f"{self.url} gave no answer: {_words(error)}",
            hint="Whether the service did what it was asked is not known: look with `offload status`.",
        )

    def _raise(self, response: httpx.Response) -> NoReturn:
        status = response.status_code
        title, lines = _problem(response)
        if status >= 500:
            raise Unreachable(f"the service failed ({status}): {title}", lines)
        if status < 400:
            target = response.headers.get("Location", "elsewhere")
            raise Unreachable(f"{self.url} redirects to {target}", hint="Set that address: offload config --url …")
        hint = "Is the token right, and of this service? Try: offload me" if status == 401 else ""
        raise Refused(f"{title} ({status})", lines, hint, status=status)

    def _json(self, response: httpx.Response) -> Json:
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise Unreachable(
                f"{self.url} answers, but not as the service does", hint="Is the URL right? offload config"
            )
        return answer


def _problem(response: httpx.Response) -> tuple[str, list[str]]:
    """(title, what is at fault) of an RFC 9457 answer; of any other, its status in words."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        return response.reason_phrase or "no reason given", []
    faults = [fault for fault in problem.get("errors") or [] if isinstance(fault, dict)]
    lines = [f"{fault.get('field', '')}: {fault.get('detail', '')}" for fault in faults]
    detail = str(problem.get("detail") or "")
    # the detail is often the one fault in other words
    if detail and not (len(faults) == 1 and str(faults[0].get("detail", "")) in detail):
        lines.insert(0, detail)
    return str(problem.get("title") or response.reason_phrase), lines


def _wait_for(response: httpx.Response, delay: float) -> float:
    """Seconds until the next attempt: the service's own word, where it gave one."""
    asked = response.headers.get("Retry-After", "")
    return min(float(asked), LONGEST_DELAY) if re.fullmatch(r"[0-9]{1,6}", asked) else _jittered(delay)


def _jittered(delay: float) -> float:
    return delay * random.uniform(0.75, 1.25)


def _words(error: httpx.RequestError) -> str:
    return str(error) or type(error).__name__


def _present(parameters: Mapping[str, str | int | None]) -> dict[str, str | int]:
    return {name: value for name, value in parameters.items() if value is not None}
