"""Privacy: what is kept of a person, counted, exported, erased; and what is erased by itself, for its time is over.

The promise: a person is named in a form, never in an address, a message or a log line.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from api import query
from api.privacy import cursor_of, note_of, place_of
from api.validation import check
from console import forms
from console.frame import confirm, page
from console.routing import Page
from console.visit import Visit
from console.words import counted
from core.problems import Problem, invalid
from privacy import actions as privacy
from privacy import retention
from privacy.person import Person, Place
from runtime.ports import Row

LIMIT = 50
PARTS = 20  # of a search in one request
_HOME = "/console/privacy"
_FIELDS = ("site", "ref", "email")
_KINDS = {
    "recipients": ("time in a job", "times in a job"),
    "cancelled": ("time not mailed yet", "times not mailed yet"),
    "sending": ("time being mailed at this moment", "times being mailed at this moment"),
    "certificates": ("certificate", "certificates"),
    "events": ("event for Moodle", "events for Moodle"),
    "suppressions": ("suppression", "suppressions"),
    "soft_bounces": ("count of soft bounces", "counts of soft bounces"),
}


async def show(visit: Visit) -> Response:
    return await _shown(visit, dict.fromkeys(_FIELDS, ""), {})


async def find(visit: Visit) -> Response:
    try:
        at_site, site, person = await _named(visit)
    except Problem as problem:
        return await _shown(visit, forms.typed(visit, _FIELDS), forms.faults(problem))
    counts, following = await _count(at_site, person)
    return _found(visit, site, "Kept of this person", counts, _on("find", following), "Look on")


async def export(visit: Visit) -> Response:
    """All of it in one file, or nothing."""
    at_site, _, person = await _named(visit)
    document: dict[str, list[Any]] = {}
    note, following = note_of(at_site, "privacy.export"), place_of(visit)
    for _ in range(PARTS):
        part = await privacy.export(visit.services, at_site.scope, person, note, following)
        for kind, items in part.document.items():
            document.setdefault(kind, []).extend(items)
        if part.next is None:
            return _file(document)
        following = part.next
    raise invalid("Person", "there is too much for one answer; `offload privacy export` writes all of it")


async def ask_erase(visit: Visit) -> Response:
    at_site, site, person = await _named(visit)
    counts, following = await _count(at_site, person)
    so_far = ", and more that was not counted" if following else ""
    lines = [
        f"{_called(visit)}, at {site['name']}: {told(counts) or 'nothing'}{so_far}.",
        "Their certificates and their names go for good, here and in the files. Counts stay.",
        "Nobody is mailed at an address of theirs any more. This cannot be undone.",
    ]
    if counts["sending"]:
        lines.append("They are being mailed at this moment: that one job can be erased in a few minutes.")
    fields, path = [*forms.typed(visit, _FIELDS).items()], f"{_HOME}/erase"
    return confirm(visit, "Erase this person?", lines, "Erase for good", _HOME, fields, danger=True, path=path)


async def erase(visit: Visit) -> Response:
    at_site, site, person = await _named(visit)
    counts, following = await _erase(at_site, person, dry_run=False)
    if following:
        return _found(visit, site, "Erased so far", counts, _on("erase", following), "Go on erasing", erased=True)
    return visit.done(f"Erased: {told(counts) or 'nothing was kept'}.", _HOME)


def told(counts: Mapping[str, int]) -> str:
    return ", ".join(_lines(counts))


async def _count(at_site: Visit, person: Person) -> tuple[Counter[str], Place | None]:
    return await _erase(at_site, person, dry_run=True)


async def _erase(at_site: Visit, person: Person, *, dry_run: bool) -> tuple[Counter[str], Place | None]:
    """What was found in so many parts, and where to go on."""
    note, counts = note_of(at_site, "privacy.erase"), Counter[str]()
    following: Place | None = place_of(at_site)
    for _ in range(PARTS):
        assert following is not None
        part = await privacy.erase(at_site.services, at_site.scope, person, note, following, dry_run=dry_run)
        counts.update(part.counts)
        following = part.next
        if following is None:
            break
    return counts, following


async def _named(visit: Visit) -> tuple[Visit, Row, Person]:
    """The visit within the chosen site, the site, and who is meant. Raises a `Problem` that names the field."""
    site = await visit.site_row(visit.field("site"))
    named = {name: visit.field(name) for name in ("ref", "email") if visit.field(name)}
    if not named:
        raise invalid("ref", "name the person by their reference, their address or both")
    check("PersonChosen", named)
    return visit.at_site(site["id"]), site, Person.named(named.get("ref"), named.get("email"))


async def _shown(visit: Visit, values: Mapping[str, str], faults: Mapping[str, str]) -> Response:
    scope, after = visit.caller.scope, query.time_cursor(visit) or (-1, "")
    rows = await retention.due(visit.services, scope, after, LIMIT + 1)
    last = rows[LIMIT - 1] if len(rows) > LIMIT else None
    following = last and f"{_HOME}?cursor={query.cursor((last['created_at'], last['id']))}"
    names = {site["id"]: site["name"] for site in await visit.sites()}
    return page(
        visit,
        "privacy.html",
        "Privacy",
        422 if faults else 200,
        due=rows[:LIMIT],
        following=following,
        names=names,
        sites=[*names.items()],
        own=scope.site_id if scope else "",
        values=values,
        faults=faults,
        told=told,
    )


def _found(
    visit: Visit,
    site: Row,
    title: str,
    counts: Mapping[str, int],
    more: str | None,
    button: str,
    *,
    erased: bool = False,
) -> Response:
    """`more`: where to go on."""
    return page(
        visit,
        "privacy_person.html",
        title,
        site=site,
        called=_called(visit),
        kept=_lines(counts),
        more=more,
        button=button,
        erased=erased,
        fields=forms.typed(visit, _FIELDS),
    )


def _on(action: str, following: Place | None) -> str | None:
    return following and f"{_HOME}/{action}?cursor={cursor_of(following)}"


def _called(visit: Visit) -> str:
    return " or ".join(filter(None, (visit.field("ref"), visit.field("email"))))


def _lines(counts: Mapping[str, Any]) -> Sequence[str]:
    """Of a person's, or of what is due of a site, which has some kinds more."""
    kinds = {**_KINDS, "jobs": ("job", "jobs"), "people": ("person", "people"), "drafts": ("draft", "drafts")}
    return [counted(counts[kind], *words) for kind, words in kinds.items() if counts.get(kind)]


def _file(document: Mapping[str, Any]) -> Response:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return Response(text, 200, {"Content-Disposition": 'attachment; filename="person.json"'}, "application/json")


PAGES = (
    Page("GET", _HOME, "any", show, "Privacy: how long data is kept, and a form to find a person"),
    Page("POST", f"{_HOME}/find", "change", find, "Count what is kept of a person"),
    Page("POST", f"{_HOME}/export", "change", export, "All that is kept of a person, as JSON"),
    Page("POST", f"{_HOME}/ask-erase", "change", ask_erase, "Ask before a person is erased, with what is kept of them"),
    Page("POST", f"{_HOME}/erase", "change", erase, "Erase a person"),
)
