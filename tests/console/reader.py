"""Pages as a person without JavaScript has them: text, links, and forms that are filled and sent."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

SILENT = {"style", "script", "title"}


@dataclass
class Form:
    action: str
    method: str = "get"
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)
    pressed: list[tuple[str, str]] = field(default_factory=list)  # what each button adds, in their order
    names: set[str] = field(default_factory=set)


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.title = ""
        self._open: list[str] = []
        self._select = self._textarea = ""
        self._href = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag not in ("input", "meta", "link", "br", "rect", "img"):
            self._open.append(tag)
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
        elif tag == "a":
            self._href = given.get("href", "")
            self.links.append((self._href, ""))
        elif tag == "option" and self.forms and ("selected" in given or self._select):
            self._set(self._select, given.get("value", ""), "selected" in given)
        elif tag == "select":
            self._select = given["name"]
        elif tag == "textarea":
            self._textarea = given["name"]
            self.forms[-1].names.add(self._textarea)
        elif tag == "button" and self.forms:
            self.forms[-1].buttons.append("")
            self.forms[-1].pressed.append((given.get("name", ""), given.get("value", "")))
        elif tag == "input" and self.forms:
            self._input(given)

    def _input(self, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "text")
        self.forms[-1].names.add(name)
        if kind not in ("checkbox", "radio") or "checked" in given:
            self.forms[-1].fields.append((name, given.get("value", "on")))

    def _set(self, name: str, value: str, chosen: bool) -> None:
        form = self.forms[-1]
        if chosen or name not in form.names:  # a browser chooses the first of a list
            form.fields = [(other, kept) for other, kept in form.fields if other != name] + [(name, value)]
        form.names.add(name)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if "title" in self._open:
            self.title += data
        if SILENT & set(self._open):
            return
        self.words.append(data)
        if "a" in self._open and self.links:
            self.links[-1] = (self.links[-1][0], (self.links[-1][1] + data).strip())
        if "button" in self._open and self.forms and self.forms[-1].buttons:
            self.forms[-1].buttons[-1] = (self.forms[-1].buttons[-1] + data).strip()
        if self._textarea:
            self.forms[-1].fields.append((self._textarea, data))


class Shown:
    """A page as it was answered."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.path = response.url.path
        parser = _Parser()
        parser.feed(response.text)
        self.title = parser.title
        self.text = " ".join(" ".join(parser.words).split())
        self.forms, self.links = parser.forms, parser.links

    def form(self, button: str) -> Form:
        """The form with this button."""
        found = [form for form in self.forms if button in form.buttons]
        assert found, f"no button '{button}' on {self.path}; there are {[form.buttons for form in self.forms]}"
        return found[0]

    def link(self, text: str) -> str:
        found = [href for href, words in self.links if words == text]
        assert found, f"no link '{text}' on {self.path}; there are {[words for _, words in self.links]}"
        return urljoin(str(self.response.url), found[0])
