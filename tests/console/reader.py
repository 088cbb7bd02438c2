"""Pages as a person without JavaScript has them: text, links, and forms that are filled and sent."""

from dataclasses import dataclass, field
from urllib.parse import urljoin

import httpx
from bs4 import BeautifulSoup, Tag

UNSEEN = ("style", "script", "title")


@dataclass
class Form:
    action: str
    method: str = "get"
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)
    pressed: list[tuple[str, str]] = field(default_factory=list)  # what each button adds, in their order
    names: set[str] = field(default_factory=set)


class Shown:
    """A page as it was answered."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.path = response.url.path
        page = BeautifulSoup(response.text, "html.parser")
        self.title = page.title.get_text() if page.title else ""
        self.forms = [_form(found) for found in page.find_all("form")]
        self.links = [(_given(link, "href"), link.get_text().strip()) for link in page.find_all("a")]
        for unseen in page.find_all(UNSEEN):
            unseen.decompose()
        self.text = " ".join(page.get_text(" ").split())

    def form(self, button: str) -> Form:
        """The form with this button."""
        found = [form for form in self.forms if button in form.buttons]
        assert found, f"no button '{button}' on {self.path}; there are {[form.buttons for form in self.forms]}"
        return found[0]

    def link(self, text: str) -> str:
        found = [href for href, words in self.links if words == text]
        assert found, f"no link '{text}' on {self.path}; there are {[words for _, words in self.links]}"
        return urljoin(str(self.response.url), found[0])


def _form(found: Tag) -> Form:
    form = Form(_given(found, "action"), _given(found, "method", "get"))
    for control in found.find_all(("input", "select", "textarea", "button")):
        name = _given(control, "name")
        if control.name == "button":
            form.buttons.append(control.get_text().strip())
            form.pressed.append((name, _given(control, "value")))
            continue
        form.names.add(name)
        if (value := _value(control)) is not None:
            form.fields.append((name, value))
    return form


def _value(control: Tag) -> str | None:
    """What a browser sends of it as it stands, if anything."""
    if control.name == "textarea":
        return control.get_text().removeprefix("\n")
    if control.name == "select":
        options = control.find_all("option")
        chosen = [option for option in options if option.has_attr("selected")] or options[:1]
        return _given(chosen[-1], "value", chosen[-1].get_text()) if chosen else None
    if _given(control, "type") in ("checkbox", "radio"):
        return _given(control, "value", "on") if control.has_attr("checked") else None
    return _given(control, "value")


def _given(tag: Tag, name: str, otherwise: str = "") -> str:
    return str(tag.get(name, otherwise))
