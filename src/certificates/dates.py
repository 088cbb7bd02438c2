"""Dates as people write them in their language: `dates.toml` says how."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from core.errors import RenderingFailed


class Locale(NamedTuple):
    """As `dates.toml` explains it. Without `months` the language writes them as numbers."""

    long: str
    short: str
    months: Sequence[str] = ()


_MILLISECONDS: Final = 10**11  # a number from here on: as seconds it would be after the year 5000
_ALIASES: Final = {"no": "nb", "nn": "nb", "in": "id", "iw": "he"}


@cache
def locales() -> Mapping[str, Locale]:
    """By BCP 47 tag in small letters."""
    import tomllib

    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return {tag: Locale(**locale) for tag, locale in tomllib.loads(text).items()}


def formatted(day: date, style: str, locale: str) -> str:
    """`style`: long, short or iso. `locale`: a BCP 47 tag, or Moodle's form of one; unknown ones read as iso."""
    tag = locale.lower().replace("_", "-")
    language = tag.partition("-")[0]
    form = locales().get(tag) or locales().get(_ALIASES.get(language, language))
    if style == "iso" or form is None:
        return day.isoformat()
    return (form.long if style == "long" else form.short).format(
        d=day.day,
        dd=f"{day.day:02}",
        m=day.month,
        mm=f"{day.month:02}",
        y=day.year,
        month=form.months[day.month - 1] if form.months else "",
        first="1er" if day.day == 1 else day.day,
        buddhist=day.year + 543,
    )


def parsed(value: object, name: str) -> date:
    """The day that is written, as RFC 3339 has dates and times. Of a number the day in UTC: seconds since 1970, as
    Moodle counts, or milliseconds."""
    try:
        number = _number(value)
        if number is not None:
            return datetime.fromtimestamp(number if _is_seconds(number) else number / 1000, UTC).date()
        text = str(value)
        if len(text) == 10:
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
        if moment.tzinfo:
            moment.astimezone(UTC)  # raises where it is a moment that no answer could show
        return moment.date()
    except (ValueError, OverflowError, OSError):
        raise RenderingFailed(f"variable '{name}' is no date such as 2026-11-24") from None


def last_day(value: object, name: str) -> date:
    """The same of an end. Moodle's seconds are a moment: one at midnight ends the day before."""
    number = _number(value)
    return parsed(number - 1 if number is not None and _is_seconds(number) else value, name)


def _number(value: object) -> float | None:
    if isinstance(value, str) and re.fullmatch("[0-9]{9,15}", value):
        return int(value)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _is_seconds(number: float) -> bool:
    return abs(number) < _MILLISECONDS
