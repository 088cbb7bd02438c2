"""The pages about certificates: whether one is valid, the form to type a code into, and what to say of a link.

The promise: valid, expired, revoked, replaced, unknown and mistyped are told apart in words, not by colour alone; and
nothing is shown of the holder but what the site chose.
"""

import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from certificates import codes, dates
from core.states import CertificateState
from pages.base import render, said
from pages.fingerprint_words import FINGERPRINT_WORDS
from pages.link_words import LINK_WORDS
from pages.verify_words import WORDS, Words
from runtime.ports import Row

_PAGE = """{% extends "frame" %}
{% block main -%}
{% if verdict %}<div class="verdict {{ verdict }}" role="status">
<h1>{{ title }}</h1>
{% for line in lines %}<p>{{ line }}</p>
{% endfor -%}
</div>
{% else %}<h1>{{ title }}</h1>
{% for line in lines %}<p>{{ line }}</p>
{% endfor %}
{%- endif %}
{%- if facts %}<dl>
{% for name, value, kind in facts %}<dt>{{ name }}</dt>
<dd{% if kind == "name" %} class="name"{% endif %}>
{%- if kind == "code" %}<code>{{ value }}</code>{% else %}<bdi>{{ value }}</bdi>{% endif %}</dd>
{% endfor -%}
</dl>
{% if compared %}<p class="result{{ compared[0] }}" role="status">{{ compared[1] }}</p>
{% endif -%}
<details{% if compared %} open{% endif %}>
<summary>{{ words.compare }}</summary>
<p>{{ words.comparing }}</p>
<p class="quiet">Windows</p>
<code>certutil -hashfile certificate.pdf SHA256</code>
<p class="quiet">macOS</p>
<code>shasum -a 256 certificate.pdf</code>
<p class="quiet">Linux</p>
<code>sha256sum certificate.pdf</code>
<form method="get">
<label for="sha256">{{ fingerprint_words.label }}</label>
<input id="sha256" name="sha256" class="small" value="{{ typed }}" required maxlength="200" autocomplete="off"
 spellcheck="false" dir="ltr">
<button>{{ fingerprint_words.button }}</button>
</form>
</details>
{% endif %}
{%- if form is not none %}<form method="get" action="/verify">
<label for="code">{{ words.label }}</label>
<input id="code" name="code" value="{{ form }}" required maxlength="60" autocomplete="off" autocapitalize="characters"
 spellcheck="false" dir="ltr" aria-describedby="hint">
<p class="quiet" id="hint">{{ words.hint }}</p>
<button class="first">{{ words.button }}</button>
</form>
{% endif %}
{%- if mails %}<form method="post" action="/verify/{{ mails }}/link">
<button aria-describedby="mailed"{% if not facts %} class="first"{% endif %}>{{ link_words.button }}</button>
<p class="quiet" id="mailed">{{ link_words.hint }}</p>
</form>
{% endif %}
{%- if link %}<p class="elsewhere"><a href="{{ link[0] }}">{{ link[1] }}</a></p>
{% endif -%}
{% endblock %}"""


_SEPARATORS = re.compile(r"[\s:-]")  # as some programs print it


class Standing(StrEnum):
    """How a certificate stands today."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    ERASED = "erased"


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


def standing_of(certificate: Row, now: int) -> Standing:
    if certificate["erased_at"] is not None:
        return Standing.ERASED
    expires_at = certificate["expires_at"]
    if certificate["state"] == CertificateState.VALID and expires_at is not None and expires_at <= now:
        return Standing.EXPIRED
    return Standing(certificate["state"])


def verdict(language: str, certificate: Row, now: int, fingerprint: str = "") -> str:
    """`certificate`: a row of `certificates.find`. `fingerprint`: of somebody's file, as they typed it."""
    words, standing = WORDS[language], standing_of(certificate, now)
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
        facts=_facts(words, certificate, told, language, now),
        typed=fingerprint[:200],
        compared=_compared(language, fingerprint, certificate["sha256"]),
        mails=certificate["code"] if certificate["state"] == CertificateState.VALID else "",
        link=("/verify", words.another),
    )


def _compared(language: str, typed: str, recorded: str) -> tuple[str, str] | None:
    """How it looks, and what is said; None where nothing was typed."""
    words, digits = FINGERPRINT_WORDS[language], _SEPARATORS.sub("", typed).lower()
    if not digits:
        return None
    if not re.fullmatch("[0-9a-f]{64}", digits):
        return " wrong", words.none
    return ("", words.same) if digits == recorded else (" wrong", words.other)


def form(language: str) -> str:
    words = WORDS[language]
    return _rendered(language, title=words.title, form="")


def mistyped(language: str, typed: str) -> str:
    words = WORDS[language]
    return _rendered(language, title=words.mistyped_title, verdict="bad", lines=[words.mistyped], form=typed[:60])


def unknown(language: str, code: str) -> str:
    words, typed = WORDS[language], codes.grouped(code)
    return _rendered(language, title=words.unknown_title, verdict="bad", lines=[words.unknown], form=typed)


def notice(language: str, title: str, line: str, issuer: str = "", code: str = "", *, mails: bool = False) -> str:
    """A page that only says something; with `code`, it leads to the page that verifies it. `mails`: with the button
    that mails the holder a new link."""
    link = (f"/verify/{code}", WORDS[language].verify_it) if code else None
    lines = [said(line, {"issuer": issuer})]
    return _rendered(language, title=title, lines=lines, link=link, mails=code if mails else "")


def asked(language: str, code: str) -> str:
    """The same, whatever was done."""
    words = LINK_WORDS[language]
    return notice(language, words.asked_title, words.asked, code=code)


def _facts(words: Words, certificate: Row, told: dict[str, str], language: str, now: int) -> list[Fact]:
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


def _day(milliseconds: int, language: str) -> str:
    return dates.formatted(datetime.fromtimestamp(milliseconds / 1000, UTC).date(), "long", language)


def _rendered(language: str, **parts: object) -> str:
    nothing: dict[str, object] = {
        "verdict": "",
        "lines": [],
        "facts": [],
        "form": None,
        "mails": "",
        "typed": "",
        "compared": None,
        "fingerprint_words": FINGERPRINT_WORDS[language],
        "link_words": LINK_WORDS[language],
        "link": None,
        "words": WORDS[language],
    }
    return render(_PAGE, language, **{**nothing, **parts})
