"""What the Worker's own file puts together: an operator is told what to do in the words of this platform."""

import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx
import pytest

import runtime
from app import app

BINDINGS = ("DB", "FILES", "BATCHES", "CALLBACKS", "DEAD_LETTERS", "PAGE_LIMIT", "SIGN_IN_LIMIT", "EVENT_LIMIT")


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """src/entry.py, with nothing behind the platform's names."""
    platform = {
        "js": (),
        "pyodide": (),
        "pyodide.ffi": ("JsException", "to_js"),
        "workers": ("Response", "WorkerEntrypoint"),
    }
    for name, members in platform.items():
        module = ModuleType(name)
        for member in members:
            setattr(module, member, type(member, (Exception,), {}))
        monkeypatch.setitem(sys.modules, name, module)
    yield import_module("entry")
    del sys.modules["entry"], sys.modules["runtime.cloudflare"], vars(runtime)["cloudflare"]


@pytest.mark.parametrize(
    ("variables", "fault"), [({}, "is not set"), ({"OPERATOR_TOKEN": "short"}, "24 characters or more are needed")]
)
async def test_an_operator_is_told_how_a_secret_is_set(entry: Any, variables: dict[str, str], fault: str) -> None:
    services = entry.services_of(SimpleNamespace(**dict.fromkeys(BINDINGS), **variables))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app(services))) as client:
        response = await client.get("https://offload.example/v1/sites", headers={"Authorization": "Bearer x"})
    told = f"OPERATOR_TOKEN {fault}: run 'wrangler secret put OPERATOR_TOKEN'."
    assert (response.status_code, response.json()["detail"]) == (403, told)
