"""A browser as a person has it, and what no page may do to them.

The promise: whatever a test opens is watched: an error in the console (a breach of the security policy is one), a
request to anywhere else or a page wider than a phone fails the test.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, ViewportSize

from tests.docs.reading import ROOT

LOOKS: dict[str, tuple[ViewportSize, Literal["light", "dark"]]] = {
    "light": ({"width": 1280, "height": 900}, "light"),
    "dark": ({"width": 1280, "height": 900}, "dark"),
    "phone": ({"width": 390, "height": 844}, "light"),
}
PICTURES = os.environ.get("PICTURES")  # the folder for pictures, when somebody wants them: `make pictures`
AXE = ROOT / "node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_LOOKS = [
    "color-contrast",
    "target-size",
    "scrollable-region-focusable",
    "link-in-text-block",
]  # the others never change
PATIENCE = 180_000  # milliseconds; far more than anything takes, even on a busy machine


@dataclass
class Window:
    """One window of a browser. `page` is Playwright's own."""

    page: Page
    home: str
    faults: list[str] = field(default_factory=list)
    statuses: tuple[int, ...] = (200,)  # that a page may be answered with

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("request", self._asked)

    def open(self, path: str, status: int = 200) -> Page:
        """A page of the service."""
        self.statuses = (status,)
        answer = self.page.goto(path if path.startswith("http") else self.home + path)
        assert answer is not None
        assert answer.status == status, f"{path}: {answer.status}"
        return self.page

    def judge(self, name: str) -> None:
        """Whether everybody can use the page that is open, in light, in dark and on a phone."""
        found = repeated_ids(self.page)
        for look, (size, scheme) in LOOKS.items():
            self.page.set_viewport_size(size)
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            if PICTURES:  # a third of the time a page takes
                self.page.screenshot(path=Path(PICTURES) / f"{name}-{look}.png", full_page=True, animations="disabled")
            wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            found += [f"{look}: {wide} pixels too wide"] if wide > 0 else []
            found += [f"{look}: {line}" for line in violations(self.page, TAGS if look == "light" else OF_LOOKS)]
        assert not found, f"{self.page.url}\n" + "\n".join(found)

    def _said(self, message: ConsoleMessage) -> None:
        expected = "Failed to load resource" in message.text and self.statuses != (200,)
        if message.type in ("error", "warning") and not expected:
            self.faults.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:")):
            self.faults.append(f"request: {request.url}")


@contextmanager
def window(browser: Browser, home: str, *, scripts: bool = True, **options: Any) -> Iterator[Window]:
    """A window of its own, as of another person; what was wrong in it fails the test at its end."""
    context = browser.new_context(java_script_enabled=scripts, **options)
    try:
        opened = Window(context.new_page(), home)
        yield opened
        assert opened.faults == []
    finally:
        context.close()


def repeated_ids(page: Page) -> list[str]:
    """Two fields with one id share a label; axe-core does not notice."""
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(element => element.id)")
    return [f"id repeated: {id}" for id, count in Counter(ids).items() if count > 1]


def violations(page: Page, rules: list[str]) -> list[str]:
    """What axe-core finds by these rules or tags of rules, a line each; all of WCAG 2.2 AA are in `TAGS`."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(_axe())
    # without `resultTypes` axe-core describes each element that passes as well
    found = page.evaluate("rules => axe.run({ runOnly: rules, resultTypes: ['violations'] })", rules)
    return [
        f"{rule['id']}: {node['html'][:200]} ({node['failureSummary'].strip()[:300]})"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@cache
def _axe() -> str:
    return AXE.read_text("utf-8")
