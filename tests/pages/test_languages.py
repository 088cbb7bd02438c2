"""The languages of the pages: a browser gets the one it asks for, and each says everything that English says."""

import re
from datetime import date
from pathlib import Path
from string import Formatter

import pytest
from babel import Locale

from certificates import dates
from pages import accept_language, words
from pages.words import Language
from tests.docs.reading import name, read, table

FILES = Path(words.__file__).parent / "languages"
CODES = sorted(words.codes())
ALIKE = {"verify.code"}  # in some languages the same word as in English
# an end, or a line's end that glues two sentences together or leaves two spaces
UNTIDY = re.compile(r"^\s|\s$|\s\s|[\n\t]|[^\W\d][.!?;,][^\W\d]")


def texts(language: Language) -> dict[str, str]:
    """By table and key."""
    tables = language.unsubscribe, language.verify, language.fingerprint, language.link
    return {f"{type(table).__name__.lower()}.{key}": text for table in tables for key, text in table._asdict().items()}


def placeholders(text: str) -> list[str]:
    return sorted(field for _, field, _, _ in Formatter().parse(text) if field is not None)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-CH,fr;q=0.9,en;q=0.8", "de"),
        ("ja, pt-BR;q=0.7, es;q=0.8", "es"),
        ("FR;Q=0.5", "fr"),
        ("ar-EG", "ar"),
        ("ja,*;q=0.5", "en"),
        ("en;q=0,de;q=0", "en"),
        ("nonsense;;;q=x, \x00, de;q=2", "en"),
        (",".join(["xx"] * 10_000), "en"),
    ],
)
def test_the_language_is_the_one_that_is_liked_best(asked: str, given: str) -> None:
    assert accept_language.choose(asked, {"en", "de", "fr", "es", "pt", "ar"}) == given


@pytest.mark.parametrize("code", CODES)
def test_every_language_says_everything_with_the_same_values(code: str) -> None:
    english, said = texts(words.language("en")), texts(words.language(code))
    assert [key for key, text in said.items() if not text or UNTIDY.search(text)] == []
    assert {key: placeholders(text) for key, text in said.items()} == {
        key: placeholders(text) for key, text in english.items()
    }
    untranslated = {key for key, text in said.items() if text == english[key]}
    assert code == "en" or untranslated <= ALIKE


@pytest.mark.parametrize("code", CODES)
def test_every_language_is_named_and_written_as_its_readers_do(code: str) -> None:
    language, known = words.language(code), Locale.parse(code)
    assert (language.name, language.direction) == (known.display_name, known.text_direction)
    assert accept_language.choose(f"{code}-XX", words.codes()) == code
    assert dates.formatted(date(2026, 11, 24), "long", code) != "2026-11-24"


@pytest.mark.parametrize("code", CODES)
def test_every_file_tells_a_translator_the_same(code: str) -> None:
    def head(code: str) -> str:
        return (FILES / f"{code}.toml").read_text("utf-8").partition("\nname = ")[0]

    assert head(code) == head("en")


def test_a_translator_is_told_of_every_placeholder() -> None:
    used = {field for text in texts(words.language("en")).values() for field in placeholders(text)}
    told = re.findall(r"{\w+}", (FILES / "en.toml").read_text("utf-8").partition("\nname = ")[0])
    assert sorted(told) == sorted(f"{{{field}}}" for field in used)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('undo = "Undo"\n', ""),
        ('undo = "Undo"\n', 'undo = "Undo"\nredo = "Redo"\n'),
        ("[fingerprint]\n", "[fingerprints]\n"),
        ("[link]\n", "[more]\n[link]\n"),
        ('direction = "ltr"', 'towards = "ltr"'),
    ],
)
def test_a_file_that_lacks_a_text_or_has_one_too_many_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, was: str, becomes: str
) -> None:
    english = (FILES / "en.toml").read_text("utf-8")
    assert was in english
    (tmp_path / "broken.toml").write_text(english.replace(was, becomes), "utf-8")
    monkeypatch.setattr(words, "_FOLDER", tmp_path)
    with pytest.raises((TypeError, KeyError)):
        words.language("broken")


def test_every_language_is_documented() -> None:
    rows = table(read("docs/unsubscribe.md"), "code", "language")
    assert [(name(code), language) for code, language in rows] == [(code, words.language(code).name) for code in CODES]
