"""The unsubscribe page.

The promise: it says what was stopped and what can be, in the person's language; and it shows nobody's whole address.
"""

from typing import Any

from pages.base import render, said
from pages.words import Language, Unsubscribe
from runtime.ports import Row
from suppressions.unsubscribe import Choice


def standing(language: Language, subscriber: Row, *, undone: bool = False, nothing: bool = False) -> str:
    """What this person has stopped, and what they can choose. `undone` and `nothing` tell what was just done."""
    words, told = language.unsubscribe, _values(subscriber)
    category_stopped, all_stopped = subscriber["category_stopped"], subscriber["all_stopped"]
    results = [words.undone] if undone else []
    if all_stopped:
        results.append(words.all_stopped)
    elif category_stopped:
        results.append(words.category_stopped)
    lines = [words.nothing] if nothing else []
    if (category_stopped or all_stopped) and not subscriber["can_undo"]:
        lines.append(words.by_the_site)
    return _rendered(
        language,
        title=words.title,
        about=[said(line, told) for line in _about(words, subscriber)],
        results=[said(line, told) for line in results],
        lines=[said(line, told) for line in lines],
        buttons=[
            (choice, said(label, told), said(below, told)) for choice, label, below in _buttons(words, subscriber)
        ],
    )


def notice(language: Language, title: str, text: str) -> str:
    """A page that only says something."""
    return _rendered(language, title=title, lines=[text])


def _about(words: Unsubscribe, subscriber: Row) -> list[str]:
    return [words.addressed, words.kind] if subscriber["category"] else [words.addressed]


def _buttons(words: Unsubscribe, subscriber: Row) -> list[tuple[Choice, str, str]]:
    found = []
    if not subscriber["all_stopped"]:
        if subscriber["category"] and not subscriber["category_stopped"]:
            found.append((Choice.CATEGORY, words.stop_category, words.other_mail))
        found.append((Choice.ALL, words.stop_all, ""))
    if subscriber["can_undo"]:
        found.append((Choice.UNDO, words.undo, ""))
    return found


def _values(subscriber: Row) -> dict[str, str]:
    site, company = subscriber["site"], subscriber["company"]
    return {
        "site": f"{site} · {company}" if company else site,
        "category": subscriber["category"].replace("-", " ").replace("_", " "),
        "address": masked(subscriber["email"]),
    }


def masked(email: str) -> str:
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def _rendered(language: Language, **parts: Any) -> str:
    nothing: dict[str, list[Any]] = {"about": [], "results": [], "lines": [], "buttons": []}
    return render("unsubscribe.html", language, **{**nothing, **parts})
