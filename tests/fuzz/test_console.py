"""No address and no form makes a page of the console break, whoever is signed in and whatever is sent."""

import asyncio
import re
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from console.routes import PAGES
from console.routing import Page
from tests.docs.reading import ROOT
from tests.fuzz.test_openapi import EXAMPLES
from tests.worlds.console import Person
from tests.worlds.furnished import furnished

SOURCE = "".join(path.read_text() for path in (ROOT / "src/console").rglob("*") if path.suffix in (".py", ".html"))
QUERIES = sorted(set(re.findall(r'(?:query|query_params\.get)\("(\w+)"', SOURCE)))
FIELDS = sorted(set(re.findall(r'(?:field|fields\.get)\("(\w+)"|name="(\w+)"', SOURCE)), key=str)
NAMES = sorted({name for pair in FIELDS for name in pair if name} - {"csrf"})
ODD = (
    "",
    "0",
    "-1",
    "1e9",
    "9" * 30,
    "1.5",
    "2026-11-24",
    "9999-99-99",
    "\x00",
    "é",
    "漢",
    "a@b.example",
    "[]",
    "{}",
    "%",
    "'",
)
VALUES = st.sampled_from(ODD) | st.text(max_size=30)


def values(names: list[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from(names), VALUES, max_size=6)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.method} {page.path}")
@given(data=st.data())
@settings(
    max_examples=max(1, EXAMPLES // 5),
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_whatever_is_asked_of_a_page_it_answers(page: Page, data: Any) -> None:
    def place(found: re.Match[str]) -> str:
        there = [*furnished().known.get(found[1], ()), "0"]
        return quote(data.draw(st.sampled_from(there) | VALUES.filter(bool), found[1]), safe="")

    token = furnished().tokens[data.draw(st.sampled_from(["operator", "site", "company", "read_only"]))]
    address = re.sub(r"{(\w+)(?::\w+)?}", place, page.path)
    query = data.draw(values(QUERIES), "query")
    form = data.draw(values(NAMES), "form") if page.method == "POST" else None
    response = asyncio.run(answer(token, page.method, address, query, form))
    assert response.status_code < 500, response.text


async def answer(
    token: str, method: str, address: str, query: dict[str, str], form: dict[str, str] | None
) -> httpx.Response:
    """Of a page, to somebody who has signed in."""
    transport = httpx.ASGITransport(furnished().serve())
    async with httpx.AsyncClient(transport=transport, base_url="https://offload.example") as client:
        client.follow_redirects = True
        shown = await Person(client).sign_in(token)
        client.follow_redirects = False
        csrf = dict(shown.form("Sign out").fields)["csrf"]
        sent = {"csrf": csrf, **form} if form is not None else None
        return await client.request(method, address, params=query, data=sent)
