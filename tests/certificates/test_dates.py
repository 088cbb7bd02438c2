"""Dates are written as people's languages write them, held to Unicode's CLDR."""

import re
from datetime import date

import babel
import pytest
from babel.dates import format_date

from certificates.dates import formatted, locales, parsed
from core.errors import RenderingFailed

DAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("locale", "long", "short"),
    [
        ("en", "1 March 2026", "01/03/2026"),
        ("en_us", "March 1, 2026", "03/01/2026"),
        ("de", "1. März 2026", "01.03.2026"),
        ("fr", "1er mars 2026", "01/03/2026"),
        ("es", "1 de marzo de 2026", "1/3/2026"),
        ("ru", "1 марта 2026 г.", "01.03.2026"),
        ("pl", "1 marca 2026", "1.03.2026"),
        ("el", "1 Μαρτίου 2026", "1/3/2026"),
        ("ar", "1 مارس 2026", "1/3/2026"),
        ("he", "1 במרץ 2026", "1.3.2026"),
        ("hi", "1 मार्च 2026", "1/3/2026"),
        ("th", "1 มีนาคม 2569", "1/3/2569"),
        ("zh_cn", "2026年3月1日", "2026/3/1"),
        ("ko", "2026년 3월 1일", "2026. 3. 1."),
        ("vi", "1 tháng 3, 2026", "01/03/2026"),
        ("no", "1. mars 2026", "01.03.2026"),
        ("xx", "2026-03-01", "2026-03-01"),
    ],
)
def test_a_date_is_written_as_the_language_does(locale: str, long: str, short: str) -> None:
    assert formatted(DAY, "long", locale) == long
    assert formatted(DAY, "short", locale) == short
    assert formatted(DAY, "iso", locale) == "2026-03-01"


def test_every_language_has_twelve_months_or_writes_numbers() -> None:
    assert {len(locale.months) for locale in locales().values()} == {0, 12}


# Where we differ on purpose: CLDR's pattern as we have it, and why.
OURS = {
    ("en-us", "short"): ("MM/dd/y", "two digits each, as American forms ask for"),
    ("id", "short"): ("dd/MM/y", "two digits each, as Indonesian forms ask for (hh/bb/tttt)"),
    ("th", "long"): ("d MMMM y", "no era: it is the Buddhist one, as on all papers in Thailand"),
    ("tr", "short"): ("dd.MM.y", "two digits each, as on Turkish papers (gg.aa.yyyy)"),
    ("vi", "short"): ("dd/MM/y", "two digits each, as Vietnam's decree 30/2020 wants of official papers"),
}
BRITISH = {"en": "en_GB"}  # Moodle's own English
BUDDHIST = {"th": 543}  # years; Babel knows no calendar but ours
DAYS = [date(2026, month, day) for month in range(1, 13) for day in (1, 9, 24)]


def of_cldr(tag: str, style: str) -> set[str]:
    """Patterns. The short ones are of any width, but with the whole year."""
    locale = babel.Locale.parse(BRITISH.get(tag, tag), sep="-" if "-" in tag else "_")
    if style == "long":
        return {locale.date_formats["long"].pattern}
    short = {locale.date_formats["short"].pattern, locale.date_formats["medium"].pattern}
    short.add(locale.datetime_skeletons["yMd"].pattern)
    return {re.sub("y+", "y", pattern) for pattern in short if "MMM" not in pattern}


def written(tag: str, pattern: str, day: date) -> str:
    """By Babel. Spaces are plain ones, and there are no marks of direction: what is printed has none."""
    day = day.replace(year=day.year + BUDDHIST.get(tag, 0))
    text = format_date(day, pattern, locale=BRITISH.get(tag, tag).replace("-", "_"))
    if tag == "fr" and pattern == "d MMMM y":  # CLDR has no ordinals
        text = re.sub("^1 ", "1er ", text)
    return text.replace("\u202f", " ").replace("\u200f", "")


@pytest.mark.parametrize("style", ["long", "short"])
@pytest.mark.parametrize("tag", [*locales(), "nn"])
def test_every_date_is_as_cldr_writes_it(tag: str, style: str) -> None:
    patterns = {OURS[tag, style][0]} if (tag, style) in OURS else of_cldr(tag, style)
    ours = [formatted(day, style, tag) for day in DAYS]
    assert ours in [[written(tag, pattern, day) for day in DAYS] for pattern in patterns]


@pytest.mark.parametrize(("tag", "style"), OURS)
def test_where_we_differ_we_still_do(tag: str, style: str) -> None:
    assert OURS[tag, style][0] not in of_cldr(tag, style)


@pytest.mark.parametrize("value", [1_772_323_200_000, "2026-03-01", "2026-03-01T00:00:00.000Z", "2026-03-01T10:00:00"])
def test_a_date_is_read_from_milliseconds_and_from_rfc_3339(value: object) -> None:
    assert parsed(value, "ended") == DAY


@pytest.mark.parametrize("value", ["", "1 March", "2026-13-01", True, 1e30, None])
def test_what_is_no_date_is_refused_by_name(value: object) -> None:
    with pytest.raises(RenderingFailed, match="ended"):
        parsed(value, "ended")
