"""Dates as people write them in their language: `dates.toml` says how."""

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
    """Milliseconds since 1970, or a date or time as RFC 3339 writes it; the day is that of UTC."""
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC).date()
        text = str(value)
        if len(text) == 10:
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError, OSError):
        raise RenderingFailed(f"variable '{name}' is no date such as 2026-11-24") from None
