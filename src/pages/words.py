"""What the pages say, and the mail with a new link: in `languages/` a file a language, made for translators.

The promise: every language says everything, for a file that lacks a text, or has one too many, is refused; and only
the languages that somebody asks for are read.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

from pages import accept_language

_FOLDER = Path(__file__).parent / "languages"


class Unsubscribe(NamedTuple):
    title: str
    addressed: str
    kind: str
    stop_category: str
    stop_all: str
    other_mail: str
    category_stopped: str
    all_stopped: str
    undo: str
    undone: str
    by_the_site: str
    nothing: str
    old_title: str
    old: str
    unknown_title: str
    unknown: str
    busy_title: str
    busy: str


class Verify(NamedTuple):
    title: str
    label: str
    hint: str
    button: str
    another: str
    valid_title: str
    valid: str
    expired_title: str
    expired: str
    revoked_title: str
    revoked: str
    superseded_title: str
    superseded: str
    erased_title: str
    erased: str
    unknown_title: str
    unknown: str
    mistyped_title: str
    mistyped: str
    holder: str
    hidden: str
    award: str
    issuer: str
    issued: str
    expires: str
    reason: str
    code: str
    checked: str
    checksum: str
    compare: str
    comparing: str
    link_expired_title: str
    link_expired: str
    link_wrong_title: str
    link_wrong: str
    withdrawn_title: str
    withdrawn: str
    verify_it: str
    busy_title: str
    busy: str


class Fingerprint(NamedTuple):
    label: str
    button: str
    same: str
    other: str
    none: str


class Link(NamedTuple):
    button: str
    hint: str
    asked_title: str
    asked: str
    subject: str
    why: str
    open: str
    until: str
    ignore: str


class Language(NamedTuple):
    """A file of `languages/`, which says what each text is for."""

    code: str
    name: str
    direction: str
    unsubscribe: Unsubscribe
    verify: Verify
    fingerprint: Fingerprint
    link: Link


@cache
def codes() -> frozenset[str]:
    """Of the languages there are."""
    return frozenset(path.stem for path in _FOLDER.glob("*.toml"))


@cache
def language(code: str) -> Language:
    """`code`: one of `codes()`."""
    import tomllib

    texts = tomllib.loads((_FOLDER / f"{code}.toml").read_text("utf-8"))
    return Language(
        code=code,
        unsubscribe=Unsubscribe(**texts.pop("unsubscribe")),
        verify=Verify(**texts.pop("verify")),
        fingerprint=Fingerprint(**texts.pop("fingerprint")),
        link=Link(**texts.pop("link")),
        **texts,
    )


def asked_for(header: str) -> Language:
    """`header`: a browser's Accept-Language."""
    return language(accept_language.choose(header, codes()))
