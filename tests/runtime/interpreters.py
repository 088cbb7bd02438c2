"""What goes into the standard library by way of src/, and what must come out on the Worker's interpreter.

Runs on both: `test_interpreters.py` imports it here, and has `main` run on Pyodide.
"""

import json
import platform
from collections.abc import Callable
from typing import Any, NamedTuple

from api import bodies, csv_answers, validation
from callbacks import signatures
from certificates import archive, dates
from console.preview import pictures_elsewhere
from core import bounded_json, outbound, times
from core.errors import OffloadError
from delivery_events.base import moment
from mail import mime
from mail.plain_text import CLOSE, OPEN, DerivedText, convert
from runtime.rate_limit import network_of

NOW = 1_793_000_000_000  # 2026-10-26T07:33:20Z
REFUSED, SAME = "refused", "the same"


class Row(NamedTuple):
    """`older`: what a Python older than the Worker's may say instead, such as the one that these tests run on."""

    given: Any
    expected: Any
    older: Any = SAME


def url(address: str) -> str | None:
    outbound.check(f"https://{address}/", local=False)
    return None


def value_in_link(value: str) -> str:
    """A mail's text, derived once for all people, with a person's own value in it."""
    return DerivedText().of(f'<a href="{OPEN}0{CLOSE}">Go</a>', [value], f'<a href="{value}">Go</a>')


ASKED: dict[str, tuple[Callable[[Any], Any], list[Row]]] = {
    "an address that is asked": (
        url,
        [
            *(Row(public, None) for public in ("8.8.8.8", "[2606:4700::6810:84e5]", "192.0.0.9", "192.0.0.10")),
            # allocated for all: RFC 7723, 8155, 7450, 7535, 7343, 9374
            *(Row(f"[{public}]", None) for public in ("2001:1::1", "2001:1::2", "2001:3::1", "2001:4:112::1")),
            *(Row(f"[{public}]", None) for public in ("2001:20::1", "2001:30::1")),
            *(Row(private, REFUSED) for private in ("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "0.1.2.3")),
            *(Row(private, REFUSED) for private in ("169.254.169.254", "100.64.0.1", "198.18.0.1", "203.0.113.1")),
            *(Row(private, REFUSED) for private in ("192.0.0.170", "240.0.0.1", "224.0.0.1", "233.252.0.1")),
            *(Row(private, REFUSED) for private in ("192.0.0.8", "192.0.0.11")),
            *(Row(f"[{private}]", REFUSED) for private in ("::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1")),
            *(Row(f"[{private}]", REFUSED) for private in ("2001::1", "2001:2::1", "2001:10::1", "2001:db8::1")),
            *(Row(f"[{private}]", REFUSED) for private in ("2002:7f00:1::", "2002:808:808::", "100::1", "5f00::1")),
            *(Row(f"[{private}]", REFUSED) for private in ("64:ff9b::7f00:1", "64:ff9b:1::1", "::ffff:127.0.0.1")),
            *(Row(f"[{private}]", REFUSED) for private in ("::ffff:8.8.8.8", "::127.0.0.1", "fe80::1%25eth0")),
            *(Row(f"[{private}]", REFUSED) for private in ("3fff::1", "3fff:fff::1")),
            *(Row(odd, REFUSED) for odd in ("01.2.3.4", "1.2.3", "1.2.3.\u0664", "0x7f.1", "127.1", "2130706433")),
            *(
                Row(odd, REFUSED)
                for odd in ("[::1]b", "a[::1]", "[::1]]", "[]", "[v1.a]", "[127.0.0.1]", "[x]", "[::1")
            ),
            *(Row(odd, REFUSED) for odd in ("a\u2100b.example", "a.example:\uff11", "a.example:1_0", "a.example:+1")),
        ],
    ),
    "a network that asks": (
        network_of,
        [
            Row("198.51.100.7", "198.51.100.7"),
            Row("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
            Row("::ffff:198.51.100.7", "::/64"),
            Row("fe80::1%eth0", "fe80::/64"),
            Row("01.2.3.4", "01.2.3.4"),
            Row("1.2.3.4 ", "1.2.3.4 "),
            Row("nonsense", "nonsense"),
        ],
    ),
    "the text of a mail": (
        convert,
        [
            Row('<a href="/?a=1&amp;copy=2">Go</a>', "Go (/?a=1&copy=2)"),
            Row('<a href="/?a=1&b=2">Go</a>', "Go (/?a=1&b=2)"),
            # a name of an entity in a link's query that nobody escaped
            Row('<a href="/?a=1&copy=2&lang=de">Go</a>', "Go (/?a=1&copy=2&lang=de)", "Go (/?a=1©=2&lang=de)"),
            Row('<a href="/?a=1&reg=x&sect=3">Go</a>', "Go (/?a=1&reg=x&sect=3)", "Go (/?a=1®=x§=3)"),
            Row('<a href="/?a=1&notit;y">Go</a>', "Go (/?a=1&notit;y)", "Go (/?a=1¬it;y)"),
            Row('<a href="/?a=1&ampb=2">Go</a>', "Go (/?a=1&ampb=2)", "Go (/?a=1&b=2)"),
            Row('<a href="/?a&copy;b">Go</a>', "Go (/?a©b)"),
            Row('<a href="/?a=&#65;&#x42;">Go</a>', "Go (/?a=AB)"),
            Row("<p>&copy 2026 &notin; &amp; &#65 &#x80;</p>", "© 2026 ∉ & A €"),
            Row("<p>&lt;b&gt; &amp;lt; a < b 3<4</p>", "<b> &lt; a < b 3<4"),
            Row("<p>a<!-- b --!> c --></p>", "a c -->", "a"),
            Row("<p>a<!--> b</p>", "a b", "a<!--> b"),
            Row("a<!-- never ends", "a", "a<!-- never ends"),
            Row("<p>a</p><![if !mso]><p>b</p><![endif]>c", "a\n\nb\n\nc"),
            Row("<!--[if mso]><p>a</p><![endif]-->b", "b"),
            Row("<p>a</p><script>b</script/>c", "a\n\nc", "a"),
            Row("<p>a</p><style>b</style\n>c", "a\n\nc"),
            Row("<title>a <b>b</b></title><p>c</p>", "c"),
            Row("<textarea>a <b>b</textarea>c", "a <b>bc", "a bc"),
            Row("<p>a</ p>b", "ab", "a\n\nb"),
            Row("<p>a</p", "a", "a</p"),
            Row("a<p", "a", "a<p"),
            Row('a<p class="x', "a", 'a<p class="x'),
            Row("<p\x00>a</p>", "a", "<p\x00>a"),
        ],
    ),
    "a value in a link": (
        value_in_link,
        [
            Row("https://a.example/?a=1&amp;copy=2", "Go (https://a.example/?a=1&copy=2)"),
            Row("https://a.example/?a=1&amp;amp;b", "Go (https://a.example/?a=1&amp;b)"),
        ],
    ),
    "pictures that a mail loads": (
        pictures_elsewhere,
        [
            Row(
                '<img src="https://a.example/?a=1&copy=2">',
                ["https://a.example/?a=1&copy=2"],
                ["https://a.example/?a=1©=2"],
            ),
            Row("<img src=https://a.example/x/>", ["https://a.example/x/"]),
            Row('<!-- <img src="https://a.example/"> -->', []),
            Row('<script><img src="https://a.example/"></script>', []),
            Row('<title><img src="https://a.example/"></title>', [], ["https://a.example/"]),
            Row('<img alt="a"src="https://a.example/">', ["https://a.example/"]),
            Row('<img src="https://a.example/', []),
        ],
    ),
    "when a job is sent": (
        lambda text: validation.time(text, "/send_at"),
        [
            Row("2026-10-26T07:33:20Z", NOW),
            Row("2026-10-26T07:33:20.5Z", NOW + 500),
            Row("2026-10-26T07:33:20.1234567Z", NOW + 123),
            Row("2026-10-26T08:33:20+01:00", NOW),
            Row("2026-10-26T07:33:20-00:00", NOW),
            Row("2026-10-26T24:00:00Z", 1_793_059_200_000, REFUSED),
            *(Row(f"2026-{odd}", REFUSED) for odd in ("02-30T00:00:00Z", "10-26T24:00:01Z", "10-26T23:59:60Z")),
            Row("2026-10-26T07:33:20+24:00", REFUSED),
            Row("9999-12-31T24:00:00Z", REFUSED),
        ],
    ),
    "when a provider says it was": (
        moment,
        [
            Row("2026-10-26T07:33:20Z", NOW),
            Row("2026-10-26 07:33:20", NOW),
            Row("20261026T073320Z", NOW),
            Row("2026-10-26T08:33:20+0100", NOW),
            Row("2026-10-26T08:33:20.000000000+01", NOW),
            Row("2026-W44-1T07:33:20Z", NOW),
            Row("2026-299", REFUSED),
            Row("2026-10-26T07:33:20z", REFUSED),
            Row("2026-10-26t07:33:20Z", NOW),
            Row("\u0662026-10-26", REFUSED),
        ],
    ),
    "the day of an award": (
        lambda text: dates.parsed(text, "day").isoformat(),
        [
            Row("2026-10-26", "2026-10-26"),
            Row("20261026", "2026-10-26"),
            Row("2026-W44-1", "2026-10-26"),
            Row("2026-10-26T23:30:00-01:00", "2026-10-26"),
            Row("2026-10-26T24:00:00Z", "2026-10-27", REFUSED),
            Row("2026-10-32", REFUSED),
        ],
    ),
    "when to try again": (
        lambda text: times.retry_after(text, NOW),
        [
            Row("Mon, 26 Oct 2026 07:34:20 GMT", 60.0),
            Row("Monday, 26-Oct-26 07:34:20 GMT", 60.0),
            Row("Mon Oct 26 07:34:20 2026", 60.0),
            Row("26 Oct 2026 07:34 +0000", 40.0),
            Row("Mon, 26 Oct 2026 24:00:00 GMT", None),
            Row("Mon, 32 Oct 2026 07:34:20 GMT", None),
            Row("Mon, 26 Oct 99999 07:34:20 GMT", None),
            Row("Mon, 26 Oct 2026 07:34:20 -0000", 60.0),
            Row("Mon, 26 Oct 2026 07:34:20 +99999999999999999999", None),
            Row("26 99999999999999999999 Oct 07:34:20", None),
            Row("-60", None),
            Row("", None),
            Row(",", None),
            Row("soon", None),
            Row("\u0661\u0662", None),
        ],
    ),
    "a header of a mail": (
        lambda text: mime._unstructured("Subject", text),
        [
            Row("Grüße", "=?utf-8?b?R3LDvMOfZQ==?="),
            Row("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?="),
            Row(
                "漢字" * 20,
                "=?utf-8?b?5ryi5a2X5ryi5a2X5ryi5a2X5ryi5a2X5ryi5a2X5ryi5a2X5ryi?=\r\n"
                " =?utf-8?b?5a2X5ryi5a2X5ryi5a2X5ryi5a2X5ryi5a2X5ryi5a2X5ryi5a2X5ryi5a2X?=\r\n"
                " =?utf-8?b?5ryi5a2X5ryi5a2X5ryi5a2X5ryi5a2X5ryi5a2X5ryi5a2X?=",
            ),
            Row(
                "\U0001f600" * 20,
                "=?utf-8?b?8J+YgPCfmIDwn5iA8J+YgPCfmIDwn5iA8J+YgPCfmIDwn5iA?=\r\n"
                " =?utf-8?b?8J+YgPCfmIDwn5iA8J+YgPCfmIDwn5iA8J+YgPCfmIDwn5iA8J+YgPCfmIA=?=",
            ),
        ],
    ),
    "a row of a table": (
        lambda text: bodies._cells(text, ",", 1),
        [
            Row('a,"b ""c"""', ["a", 'b "c"']),
            Row('"a\nb",c', ["a\nb", "c"]),
            Row('a"b,c', ['a"b', "c"]),
            Row(' "a",b', [' "a"', "b"]),
            Row('"a"b,c', REFUSED),
            Row('"a', REFUSED),
        ],
    ),
    "a table for a spreadsheet": (
        lambda row: csv_answers._table([row]),
        [
            Row(["a", "", "'=1", 'b "c"'], 'a,,\'=1,"b ""c"""\r\n'),
            Row([""], '""\r\n'),
            Row(["a\rb", "a\nb", " a ", "a\u2028b"], '"a\rb","a\nb", a ,a\u2028b\r\n'),
        ],
    ),
    "a file's name": (
        lambda name: archive._name({"name": name, "ref": "u1", "code": "X"}),
        [
            Row("Zoë Ångström", "Zoë Ångström X.pdf"),
            Row("e\u0301 \uac00\u11a8", "é \uac01 X.pdf"),
            Row("a/b\\c:d\u202e", "a_b_c_d_ X.pdf"),
            Row("நடராஜன் 김 漢", "நடராஜன் 김 漢 X.pdf"),
            Row("\U00031350", "\U00031350 X.pdf", "_ X.pdf"),  # Unicode 15
            Row("\u1c89 \ua7cb \U0002ebf0", "\u1c89 \ua7cb \U0002ebf0 X.pdf", "_ _ _ X.pdf"),  # Unicode 15.1 and 16
        ],
    ),
    "a secret for callbacks": (
        lambda text: len(signatures.key_of(f"whsec_{text}")),
        [
            Row("QUJD" * 8, 24),
            Row("QUJD" * 8 + "QUI=", 26),
            Row("QUJD" * 8 + "=", REFUSED, 24),
            *(Row("QUJD" * 8 + odd, REFUSED) for odd in ("QU-_", "QUI", "Q===", "QUI=\n", "QUI=QUI=", "QU I=")),
        ],
    ),
    "JSON": (
        lambda text: bounded_json.loads(text.encode("utf-8", "surrogatepass")),
        [
            Row('\ufeff{"a": 1, "a": 2}', {"a": 2}),
            Row('"\\ud83d\\ude00"', "\U0001f600"),
            Row("-0", 0),
            *(Row(odd, REFUSED) for odd in ("[1,]", '{"a": 1,}', "01", "1.", '"\x00"', "\u0661", "// x\n1", "")),
            *(Row(odd, REFUSED) for odd in ('"\\u0_41"', '"\\u 041"', '"\\uFFF"', '"\ud800"', "1" + "0" * 5000)),
        ],
    ),
}


def answers(name: str) -> list[Any]:
    """What this interpreter says to each row, in their order."""
    ask, rows = ASKED[name]
    return [_answer(ask, row.given) for row in rows]


def _answer(ask: Callable[[Any], Any], given: Any) -> Any:
    try:
        return ask(given)
    except (OffloadError, ValueError):
        return REFUSED


async def main() -> None:
    """For Pyodide."""
    print(json.dumps({"version": platform.python_version(), "answers": {name: answers(name) for name in ASKED}}))
