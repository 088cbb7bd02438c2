"""Dates in people's languages."""

from datetime import date

import pytest

from certificates.dates import _LOCALES, formatted, parsed
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
    assert {len(locale.months.split()) for locale in _LOCALES.values()} == {0, 12}


@pytest.mark.parametrize("value", [1_772_323_200_000, "2026-03-01", "2026-03-01T00:00:00.000Z", "2026-03-01T10:00:00"])
def test_a_date_is_read_from_milliseconds_and_from_rfc_3339(value: object) -> None:
    assert parsed(value, "ended") == DAY


@pytest.mark.parametrize("value", ["", "1 March", "2026-13-01", True, 1e30, None])
def test_what_is_no_date_is_refused_by_name(value: object) -> None:
    with pytest.raises(RenderingFailed, match="ended"):
        parsed(value, "ended")
