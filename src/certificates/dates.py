"""Dates as people write them in their language. Digits are Western everywhere: anyone can check them."""

from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from core.errors import RenderingFailed


class _Locale(NamedTuple):
    long: str
    short: str
    months: str


_LOCALES: Final = {
    "en": _Locale(
        "{d} {month} {y}",
        "{dd}/{mm}/{y}",
        "January February March April May June July August September October November December",
    ),
    "en-us": _Locale(
        "{month} {d}, {y}",
        "{mm}/{dd}/{y}",
        "January February March April May June July August September October November December",
    ),
    "ar": _Locale(
        "{d} {month} {y}", "{d}/{m}/{y}", "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر"
    ),
    "bn": _Locale(
        "{d} {month}, {y}", "{d}/{m}/{y}", "জানুয়ারী ফেব্রুয়ারী মার্চ এপ্রিল মে জুন জুলাই আগস্ট সেপ্টেম্বর অক্টোবর নভেম্বর ডিসেম্বর"
    ),
    "cs": _Locale(
        "{d}. {month} {y}",
        "{d}. {m}. {y}",
        "ledna února března dubna května června července srpna září října listopadu prosince",
    ),
    "da": _Locale(
        "{d}. {month} {y}",
        "{dd}.{mm}.{y}",
        "januar februar marts april maj juni juli august september oktober november december",
    ),
    "de": _Locale(
        "{d}. {month} {y}",
        "{dd}.{mm}.{y}",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    ),
    "el": _Locale(
        "{d} {month} {y}",
        "{d}/{m}/{y}",
        "Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου"
        " Ιουλίου Αυγούστου Σεπτεμβρίου Οκτωβρίου Νοεμβρίου Δεκεμβρίου",
    ),
    "es": _Locale(
        "{d} de {month} de {y}",
        "{d}/{m}/{y}",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    ),
    "fi": _Locale(
        "{d}. {month} {y}",
        "{d}.{m}.{y}",
        "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta"
        " heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta",
    ),
    "fr": _Locale(
        "{first} {month} {y}",
        "{dd}/{mm}/{y}",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    ),
    "he": _Locale(
        "{d} ב{month} {y}", "{d}.{m}.{y}", "ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר"
    ),
    "hi": _Locale("{d} {month} {y}", "{d}/{m}/{y}", "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर"),
    "id": _Locale(
        "{d} {month} {y}",
        "{dd}/{mm}/{y}",
        "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember",
    ),
    "it": _Locale(
        "{d} {month} {y}",
        "{dd}/{mm}/{y}",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    ),
    "ja": _Locale("{y}年{m}月{d}日", "{y}/{mm}/{dd}", ""),
    "ko": _Locale("{y}년 {m}월 {d}일", "{y}. {m}. {d}.", ""),
    "nb": _Locale(
        "{d}. {month} {y}",
        "{dd}.{mm}.{y}",
        "januar februar mars april mai juni juli august september oktober november desember",
    ),
    "nl": _Locale(
        "{d} {month} {y}",
        "{dd}-{mm}-{y}",
        "januari februari maart april mei juni juli augustus september oktober november december",
    ),
    "pl": _Locale(
        "{d} {month} {y}",
        "{d}.{mm}.{y}",
        "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    ),
    "pt": _Locale(
        "{d} de {month} de {y}",
        "{dd}/{mm}/{y}",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    ),
    "ro": _Locale(
        "{d} {month} {y}",
        "{dd}.{mm}.{y}",
        "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie",
    ),
    "ru": _Locale(
        "{d} {month} {y} г.",
        "{dd}.{mm}.{y}",
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    ),
    "sv": _Locale(
        "{d} {month} {y}",
        "{y}-{mm}-{dd}",
        "januari februari mars april maj juni juli augusti september oktober november december",
    ),
    "ta": _Locale(
        "{d} {month}, {y}", "{d}/{m}/{y}", "ஜனவரி பிப்ரவரி மார்ச் ஏப்ரல் மே ஜூன் ஜூலை ஆகஸ்ட் செப்டம்பர் அக்டோபர் நவம்பர் டிசம்பர்"
    ),
    "th": _Locale(
        "{d} {month} {buddhist}",
        "{d}/{m}/{buddhist}",
        "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม",
    ),
    "tr": _Locale(
        "{d} {month} {y}", "{dd}.{mm}.{y}", "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık"
    ),
    "uk": _Locale(
        "{d} {month} {y} р.",
        "{dd}.{mm}.{y}",
        "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    ),
    "vi": _Locale("{d} tháng {m}, {y}", "{dd}/{mm}/{y}", ""),
    "zh": _Locale("{y}年{m}月{d}日", "{y}/{m}/{d}", ""),
}
_ALIASES: Final = {"no": "nb", "nn": "nb", "in": "id", "iw": "he"}


def formatted(day: date, style: str, locale: str) -> str:
    """`style`: long, short or iso. `locale`: a BCP 47 tag, or Moodle's form of one; unknown ones read as iso."""
    tag = locale.lower().replace("_", "-")
    language = tag.partition("-")[0]
    form = _LOCALES.get(tag) or _LOCALES.get(_ALIASES.get(language, language))
    if style == "iso" or form is None:
        return day.isoformat()
    months = form.months.split(" ")
    return (form.long if style == "long" else form.short).format(
        d=day.day,
        dd=f"{day.day:02}",
        m=day.month,
        mm=f"{day.month:02}",
        y=day.year,
        month=months[day.month - 1] if len(months) == 12 else "",
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
