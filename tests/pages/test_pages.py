"""The pages for people without an account ask for nothing from anywhere, and can be read by everybody."""

import base64
import hashlib
import itertools
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from pages import unsubscribe as page
from pages.base import security_policy
from pages.words import codes, language

SUBSCRIBER: dict[str, Any] = {
    "site": "Example Campus",
    "company": None,
    "category": "news",
    "email": "zoe@example.com",
    "category_stopped": 0,
    "all_stopped": 0,
    "can_undo": 0,
}


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("code", sorted(codes()))
def test_every_page_is_whole_and_asks_for_nothing_from_anywhere(code: str) -> None:
    reader = language(code)
    states = itertools.product((0, 1), repeat=3)
    pages = [
        page.standing(
            reader, SUBSCRIBER | dict(zip(("category_stopped", "all_stopped", "can_undo"), state, strict=True))
        )
        for state in states
    ]
    pages.append(page.notice(reader, reader.unsubscribe.old_title, reader.unsubscribe.old))
    for text in pages:
        parsed = Page(text)
        tags = {tag for tag, _ in parsed.elements}
        assert not tags & {"script", "img", "link", "iframe", "a", "object", "input"}
        names = {name for _, attributes in parsed.elements for name in attributes}
        assert not names & {"src", "href", "style", "action", "onclick"}
        [html] = [attributes for tag, attributes in parsed.elements if tag == "html"]
        assert html == {"lang": code, "dir": reader.direction}
        assert [tag for tag, _ in parsed.elements].count("h1") == 1
        assert "{" not in text.partition("</style>")[2]


def test_the_policy_allows_the_style_and_nothing_else() -> None:
    style = re.findall(r"<style>(.*?)</style>", page.standing(language("en"), SUBSCRIBER), re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in security_policy()
    assert security_policy().startswith("default-src 'none'; ")
    assert "unsafe" not in security_policy()
    assert "url(" not in style


def luminance(color: str) -> float:
    digits = color.lstrip("#")
    wide = digits if len(digits) == 6 else "".join(digit * 2 for digit in digits)
    parts = [int(wide[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back"),
    [("text", "card"), ("quiet", "card"), ("press", "card"), ("on-press", "press"), ("text", "good"), ("text", "page")],
)
def test_every_text_stands_out_from_what_is_behind_it(scheme: int, front: str, back: str) -> None:
    style = page.standing(language("en"), SUBSCRIBER).partition("@media print")[0]
    colors = dict(re.findall(r"--([\w-]+): (#\w+)", style.split("@media (prefers-color-scheme: dark)")[scheme]))
    low, high = sorted((luminance(colors[front]), luminance(colors[back])))
    assert (high + 0.05) / (low + 0.05) >= 4.5  # WCAG 2.2, AA


@pytest.mark.parametrize(
    ("email", "shown"), [("zoe@example.com", "z•••@example.com"), ("z@example.com", "z•••@example.com")]
)
def test_an_address_is_shown_so_that_only_its_owner_knows_it(email: str, shown: str) -> None:
    assert page.masked(email) == shown
