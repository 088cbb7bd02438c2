"""Where a pattern ends, the text ends: a line break after it is one too many, in addresses, fields and names."""

import ast
import importlib
import re
from collections.abc import Iterator
from re import _constants as sre
from re._parser import SubPattern, parse  # type: ignore[import-not-found]
from typing import Any

import fastjsonschema
import httpx
import pytest
from starlette.routing import Route
from starlette.types import ASGIApp

import api.app
import console.app
from api.schemas import REQUESTS
from api.validation import is_company
from certificates.schema import SCHEMA
from tests.docs.reading import ROOT
from tests.worlds.furnished import furnished

ROUTES = [*api.app.routes(), *console.app.routes()]
_END = re.compile(r"(?<!\\)(?:\\\\)*\$(?![^\[]*\])")  # not escaped, and in no set of characters


@pytest.fixture
def deployment() -> ASGIApp:
    return furnished().serve()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_no_address_ends_with_a_line_break(route: Route) -> None:
    place = re.sub(r"{\w+(:\w+)?}", "x", route.path)
    assert route.path_regex.match(place)
    last = route.path.endswith("}")
    found = route.path_regex.match(place + "\n")
    assert not found if not last else not found or "\n" in found[found.lastindex or 0]


@pytest.mark.parametrize(
    "path", ["/healthz", "/v1/jobs", "/v1/me", "/verify", "/console", "/console/sign-in", "/metrics"]
)
async def test_an_address_with_a_line_break_is_not_there(deployment: ASGIApp, path: str) -> None:
    headers = {"Authorization": f"Bearer {furnished().tokens['operator']}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(deployment), base_url="https://x.example") as client:
        for end in ("%0A", "%0D", "%0A%0A", "%20", "%00", "%E2%80%A8"):
            response = await client.get(path + end, headers=headers)
            assert response.status_code in (303, 404), end
            assert response.status_code == 404 or end != "%0A"


def test_no_companys_name_ends_with_a_line_break() -> None:
    assert is_company("Acme")
    for end in ("\n", "\r", "\r\n", "\x85", "\u2028"):
        assert not is_company(f"Acme{end}")


def patterns() -> Iterator[tuple[str, ast.expr]]:
    """Whatever is compiled, or matched otherwise than by `fullmatch`, which takes the whole text."""
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                called = node.func.attr in ("compile", "match", "search", "sub", "split", "findall", "finditer")
                if called and isinstance(node.func.value, ast.Name) and node.func.value.id == "re":
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node.args[0]


def test_no_expression_ends_before_a_line_break() -> None:
    found = list(patterns())
    assert len(found) > 40
    assert [place for place, pattern in found if ends(pattern)] == []


def ends(pattern: ast.expr) -> bool:
    """Whether it has a `$`, as those of schemas have, which stand under a name."""
    match pattern:
        case ast.Constant(value=str() | bytes()):
            return _END.search(ast.unparse(pattern)) is not None
        case ast.Name(id=name):
            return name.isupper()
        case ast.JoinedStr(values=parts):
            return any(ends(part) for part in parts)
        case ast.BinOp(left=left, right=right):
            return ends(left) or ends(right)
    return False


def compiled() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Every expression that a module of ours keeps, also in a table of its own."""
    for path in sorted((ROOT / "src").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
        if module in ("entry", "runtime.cloudflare"):  # which only the Workers runtime can import
            continue
        for name, value in vars(importlib.import_module(module)).items():
            held = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else [value]
            for each in held:
                if isinstance(each, re.Pattern):
                    yield f"{module}.{name}", each


def ends_before_a_break(parsed: Any) -> bool:
    """Whether a parsed expression has a `$` anywhere, however it was written."""
    found = parsed == (sre.AT, sre.AT_END)
    return found or (isinstance(parsed, list | tuple | SubPattern) and any(map(ends_before_a_break, parsed)))


def test_no_compiled_expression_ends_before_a_line_break() -> None:
    assert ends_before_a_break(parse("a(b|c$)"))
    found = list(compiled())
    assert len(found) > 40
    assert [place for place, pattern in found if ends_before_a_break(parse(pattern.pattern, pattern.flags))] == []


def test_only_what_looks_at_a_beginning_is_matched_without_an_end() -> None:
    """`match` says nothing of the end, so what is to be of a form is held to it by `fullmatch`."""
    users = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "match"
    }
    assert users == {"console/preview.py", "core/spreadsheet.py", "providers/mailgun.py"}


def texts(schema: Any) -> Iterator[str]:
    """The patterns of a schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for each in schema.values():
            yield from texts(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from texts(each)


@pytest.mark.parametrize("pattern", sorted({*texts(REQUESTS), *texts(SCHEMA)}))
def test_no_field_with_a_pattern_ends_with_a_line_break(pattern: str) -> None:
    valid = fastjsonschema.compile({"type": "string", "pattern": pattern}, use_default=False)
    known = [
        "x",
        "de_AT",
        "#aabbcc",
        "2026-11-24",
        "2026-11-24T15:00:00Z",
        "https://a.example/",
        "a" * 32,
        "file.png",
        "title",
    ]
    taken = [text for text in known if re.search(pattern, text)]
    assert taken, f"an example of {pattern} is needed"
    for text in taken:
        valid(text)
        with pytest.raises(fastjsonschema.JsonSchemaValueException):
            valid(text + "\n")
