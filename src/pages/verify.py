"""The pages about certificates: whether one is valid, the form to type a code into, and what to say of a link.

The promise: valid, expired, revoked, replaced, unknown and mistyped are told apart in words, not by colour alone; and
nothing is shown of the holder but what the site chose.
"""

import json
import re
from typing import NamedTuple

from certificates import codes, dates
from certificates.standing import Standing, standing_of
from core.states import CertificateState
from core.times import moment
from pages.base import render, said
from pages.words import Language
from runtime.ports import Row

_SEPARATORS = re.compile(r"[\s:-]")  # as some programs print it
_LOOKS = {
    Standing.VALID: "good",
    Standing.EXPIRED: "old",
    Standing.REVOKED: "bad",
    Standing.SUPERSEDED: "old",
    Standing.ERASED: "old",
}


class Fact(NamedTuple):
    name: str
    value: str
    kind: str = ""


def verdict(language: Language, certificate: Row, now: int, fingerprint: str = "") -> str:
    """`certificate`: a row of `certificates.find`. `fingerprint`: of somebody's file, as they typed it."""
    words, standing = language.verify, standing_of(certificate, now)
    told = json.loads(certificate["shown"])
    if standing is Standing.ERASED:  # nothing more of it: whoever asks has the paper with the name on it
        lines = [said(words.erased, {"issuer": told["issuer"]})]
        return _rendered(language, title=words.erased_title, verdict=_LOOKS[standing], lines=lines, form="")
    ended = certificate["expires_at"] - 1 if standing is Standing.EXPIRED else certificate["ended_at"] or now
    values = {"issuer": told["issuer"], "date": _day(ended, language)}
    title, line = {
        Standing.VALID: (words.valid_title, words.valid),
        Standing.EXPIRED: (words.expired_title, words.expired),
        Standing.REVOKED: (words.revoked_title, words.revoked),
        Standing.SUPERSEDED: (words.superseded_title, words.superseded),
    }[standing]
    return _rendered(
        language,
        title=title,
        verdict=_LOOKS[standing],
        lines=[said(line, values)],
        facts=_facts(language, certificate, told, now),
        typed=fingerprint[:200],
        compared=_compared(language, fingerprint, certificate["sha256"]),
        mails=certificate["code"] if certificate["state"] == CertificateState.VALID else "",
        link=("/verify", words.another),
    )


def _compared(language: Language, typed: str, recorded: str) -> tuple[bool, str] | None:
    """Whether it is the same, and what is said; None where nothing was typed."""
    words, digits = language.fingerprint, _SEPARATORS.sub("", typed).lower()
    if not digits:
        return None
    if not re.fullmatch("[0-9a-f]{64}", digits):
        return False, words.none
    return (True, words.same) if digits == recorded else (False, words.other)


def form(language: Language) -> str:
    return _rendered(language, title=language.verify.title, form="")


def mistyped(language: Language, typed: str) -> str:
    words = language.verify
    return _rendered(language, title=words.mistyped_title, verdict="bad", lines=[words.mistyped], form=typed[:60])


def unknown(language: Language, code: str) -> str:
    words, typed = language.verify, codes.grouped(code)
    return _rendered(language, title=words.unknown_title, verdict="bad", lines=[words.unknown], form=typed)


def notice(language: Language, title: str, line: str, issuer: str = "", code: str = "", *, mails: bool = False) -> str:
    """A page that only says something; with `code`, it leads to the page that verifies it. `mails`: with the button
    that mails the holder a new link."""
    link = (f"/verify/{code}", language.verify.verify_it) if code else None
    lines = [said(line, {"issuer": issuer})]
    return _rendered(language, title=title, lines=lines, link=link, mails=code if mails else "")


def asked(language: Language, code: str) -> str:
    """The same, whatever was done."""
    words = language.link
    return notice(language, words.asked_title, words.asked, code=code)


def _facts(language: Language, certificate: Row, told: dict[str, str], now: int) -> list[Fact]:
    words = language.verify
    holder = Fact(words.holder, told["holder"], "name") if told["holder"] else Fact(words.holder, words.hidden)
    counts = certificate["state"] == CertificateState.VALID
    expires_at, reason = certificate["expires_at"] if counts else None, certificate["reason"]
    return [
        *([Fact(words.reason, reason)] if reason else []),
        holder,
        Fact(words.award, told["title"]),
        Fact(words.issuer, told["issuer"]),
        Fact(words.issued, _day(certificate["issued_at"], language)),
        *([Fact(words.expires, _day(expires_at - 1, language))] if expires_at else []),
        Fact(words.code, told.get("code") or codes.grouped(certificate["code"]), "code"),
        Fact(words.checked, _day(now, language)),
        Fact(words.checksum, certificate["sha256"], "code"),
    ]


def _day(milliseconds: int, language: Language) -> str:
    return dates.formatted(moment(milliseconds).date(), "long", language.code)


def _rendered(language: Language, **parts: object) -> str:
    nothing: dict[str, object] = {
        "verdict": "",
        "lines": [],
        "facts": [],
        "form": None,
        "mails": "",
        "typed": "",
        "compared": None,
        "link": None,
    }
    return render("verify.html", language, **{**nothing, **parts})
