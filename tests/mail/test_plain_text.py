"""Text derived from HTML: what a reader sees, in order, without markup; values as they were supplied."""

import contextlib
import html
import re
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import RenderingFailed
from mail import plain_text
from mail.plain_text import CLOSE, OPEN, convert
from mail.template import Template


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two<br/>Three", "One\nTwo\nThree"),
        ("<h1>Title</h1><h2>Sub</h2>text", "Title\n\nSub\n\ntext"),
        ("a <b>bold</b> <i>it</i> <em>em</em> <strong>st</strong> <code>c_o*d</code>", "a bold it em st c_o*d"),
        ("5 &lt; 6 &amp; 7&nbsp;&euro; &#128512; &uuml;", "5 < 6 & 7 € 😀 ü"),
        ("1. not a list * no _emphasis_ # no title", "1. not a list * no _emphasis_ # no title"),
        ("<ul><li>a</li><li>b<ol><li>c</li><li>d</li></ol></li></ul>", "- a\n- b\n  1. c\n  2. d"),
        ("<p>a</p><hr><blockquote>b</blockquote>", "a\n\n---\n\n> b"),
        ("<pre>  x = 1\n  y = 2</pre>", "  x = 1\n  y = 2"),
        ("<img src='x.png' alt='Logo'> text <img src='pixel.gif'>", "Logo text"),
        ("<p>  a\n   b  </p>", "a\nb"),
    ],
)
def test_html_reads_as_text(source: str, expected: str) -> None:
    assert convert(source) == expected.strip()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('See <a href="https://a.org/?a=1&amp;b=2">the <b>course</b></a>.', "See the course (https://a.org/?a=1&b=2)."),
        ('<a href="https://a.org/x_y*z">https://a.org/x_y*z</a>', "https://a.org/x_y*z"),
        ('<a href="mailto:b@a.org">b@a.org</a> <a href="tel:+49">+49</a>', "b@a.org +49"),
        ('<a href="https://a.org"><img src="x"></a>', "https://a.org"),
        ('<a href="https://a.org"><img src="x" alt="Start"></a>', "Start (https://a.org)"),
        ('<a href="#top">up</a> <a name="x">here</a>', "up here"),
        ('<table><tr><td><a href="https://a.org" style="x">Start</a></td></tr></table>', "Start (https://a.org)"),
    ],
)
def test_links_keep_their_address(source: str, expected: str) -> None:
    assert convert(source) == expected


def test_what_a_reader_does_not_see_is_left_out() -> None:
    source = """<!DOCTYPE html><?xml version="1.0"?><html><head><title>T</title><style>p {}</style><meta charset=utf-8>
    <body><!-- c --><!--[if mso]><p>Outlook</p><![endif]--><![if !mso]><script>1 < 2</script><template>t</template>
    <div style="color:red; DISPLAY : none">preview <p style="display:none">x</p></div><p>Seen</p><![endif]></body>"""
    assert convert(source) == "Seen"


def test_of_what_begins_again_and_again_and_never_ends_nothing_is_read() -> None:
    for begun in ("<a ", "<!-- ", "<![if x ", "<?x ", "</a "):
        assert convert("<p>Read</p>" + begun * 21) == "Read"
    assert convert("<p>1 < 2, 2 < 3</p>" + "a < b " * 20).endswith("a < b")


def test_long_blanks_are_one_and_those_of_an_example_stay() -> None:
    assert convert("<p>a" + " " * 20_000 + "b" + "\n" * 500 + "c</p>") == "a b\nc"
    assert convert("<pre>a" + " " * 99 + "b</pre>") == "a" + " " * 99 + "b"


def test_a_table_of_data_reads_row_by_row() -> None:
    source = "<table><thead><tr><th>Course</th><th>Grade</th></tr></thead><tbody>" + (
        "<tr><td>Logic</td><td><b>1.0</b></td></tr><tr><td></td><td></td></tr><tr><td>Ethics</td><td>2.0</td></tr>"
    )
    assert convert(f"{source}</tbody></table>") == "Course  Grade\nLogic  1.0\nEthics  2.0"


def test_a_table_that_lays_out_the_page_reads_as_its_content() -> None:
    source = "<table><tr><td><h1>Hello</h1><p>One</p><p>Two<br>Three</p></td></tr><tr><td><p>Four</p></td></tr></table>"
    assert convert(source) == "Hello\n\nOne\n\nTwo\nThree\n\nFour"


def test_text_that_looks_like_a_file_or_an_address_is_text() -> None:
    assert convert("readme.txt") == "readme.txt"
    assert convert("https://a.org") == "https://a.org"


@pytest.mark.parametrize("source", ["<div>" * 5_000 + "x", "<![x", '<ol start="²"><li>x</ol>'])
def test_html_that_no_text_can_be_derived_from_is_told_and_not_tried_again(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parser = Mock(side_effect=plain_text._parse)
    monkeypatch.setattr(plain_text, "_parse", parser)
    template = Template.compile("s", source + "{{ name }}", None)
    for name in ("A", "B"):
        with pytest.raises(RenderingFailed, match="supply a text"):
            template.render({"name": name})
    assert parser.call_count == 1
    assert Template.compile("s", source, "own text").render({}).text == "own text"


def derived(source: str, **values: object) -> str:
    return Template.compile("s", source, None).render(values).text


@pytest.mark.parametrize(
    ("source", "values", "expected"),
    [
        ("<p>Dear {{ a }},</p>", {"a": "<b>O'Brien & Söhne</b>"}, "Dear <b>O'Brien & Söhne</b>,"),
        ("<p>{{ a }}</p>", {"a": "*_#&amp;&lt;\\1 {{ a }} {% x %}"}, "*_#&amp;&lt;\\1 {{ a }} {% x %}"),
        ("<p>{{ a|e }}</p>", {"a": "<&>"}, "<&>"),
        ("<p>{{ a|safe }}!</p>", {"a": "<b>x</b><br>&amp;"}, "x\n&!"),
        ("<p>{{ a|safe }}!</p>", {"a": "x &amp; y"}, "x & y!"),
        ("<p>x{{ a|replace('\n', '<br>'|safe) }}</p>", {"a": "\n<i>"}, "x\n<i>"),
        ("<p>{{ a }} {{ b }} {{ a }}</p>", {"a": "1", "b": "2"}, "1 2 1"),
        ('<a href="{{ a }}">go</a>', {"a": "https://a.org/?x=1&y=<2>"}, "go (https://a.org/?x=1&y=<2>)"),
        (
            "<a href='https://a.org/{{ a }}/{{ b|urlencode }}'>{{ b }}</a>",
            {"a": "x", "b": "ü"},
            "ü (https://a.org/x/%C3%BC)",
        ),
        ('<a href="{{ a }}">{{ a }}</a>', {"a": "https://a.org"}, "https://a.org"),
        ('<a href="mailto:{{ a }}">{{ a }}</a>', {"a": "a@b.org"}, "a@b.org"),
        ('<a href="{{ a }}">x</a>', {"a": ""}, "x"),
        ("<a href={{ a }}>x</a>", {"a": "https://a.org"}, "x (https://a.org)"),
        ("<a {{ a }}>x</a>", {"a": "href=https://a.org"}, "x (https://a.org)"),
        ("<{{ a }}>x</{{ a }}>", {"a": "b"}, "x"),
        ("<h{{ a }}>x</h{{ a }}>y", {"a": 1}, "x\n\ny"),
        ("<p>x</p><p>{{ a }}</p><p>y</p>", {"a": ""}, "x\n\ny"),
        ("<p>x</p><p>{{ a }}</p><p>y</p>", {"a": None}, "x\n\ny"),
        ("<p>{% if a %}<b>{% endif %}x{% if a %}</b>{% endif %}</p>", {"a": 1}, "x"),
        ("<ul>{% for x in a %}<li>{{ x }}</li>{% endfor %}</ul>", {"a": ["1", "<2>"]}, "- 1\n- <2>"),
        ("{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}<p>{{ m(a) }}</p>", {"a": "<&>"}, "<&>"),
        ("{% set x %}{{ a }}{% endset %}<p>{{ x|length }} {{ x|upper }}</p>", {"a": "abc"}, "3 ABC"),
        ("{% filter upper %}<p>{{ a }}</p>{% endfilter %}", {"a": "abc"}, "ABC"),
        ("{% macro m() %}<b>{{ caller() }}</b>{% endmacro %}{% call m() %}{{ a }}{% endcall %}", {"a": "<"}, "<"),
        ("<p>{{ a }}</p>", {"a": f"{OPEN}0{CLOSE}"}, f"0{CLOSE}"),
        ("<p>{{ a|safe }}{{ b }}</p>", {"a": f"<i>{OPEN}7{CLOSE}</i>", "b": "x"}, f"7{CLOSE}x"),
        (f"<p>{OPEN}7{CLOSE}{{{{ a }}}}</p>", {"a": "x"}, "7x"),
        ("{% filter trim %}{{ a }}{% endfilter %}<p>{{ b }}</p>", {"a": f"{OPEN}9{CLOSE}", "b": "x"}, f"9{CLOSE}\n\nx"),
        ("<p><!-- {{ a }} -->x<style>{{ a }}</style></p>", {"a": "y"}, "x"),
    ],
)
def test_values_stand_in_the_text_as_supplied(source: str, values: dict[str, object], expected: str) -> None:
    assert derived(source, **values) == expected


def test_the_text_is_derived_once_for_people_who_differ_in_values_only(monkeypatch: pytest.MonkeyPatch) -> None:
    parser = Mock(side_effect=plain_text._parse)
    monkeypatch.setattr(plain_text, "_parse", parser)
    template = Template.compile("s", "<p>{{ name }}{% if vip %}<b>VIP</b>{% endif %}</p>", None)
    for number in range(50):
        shown = template.render({"name": f"<N{number}>", "vip": number % 2}).text
        assert shown == f"<N{number}>" + "VIP" * (number % 2)
    assert parser.call_count == 2


def test_what_is_kept_of_many_skeletons_is_bounded() -> None:
    template = Template.compile("s", "<p>{{ body|safe }}</p>", None)
    for number in range(30):
        template.render({"body": f"<b>{number}</b>" + "x" * 90_000})
    assert sum(map(len, template._derived._texts)) <= 1_000_000


_PIECES = st.sampled_from(
    [
        "<p>{{ a }}</p>",
        "{{ b }}",
        " and ",
        "<br>",
        '<a href="https://x.org/{{ a }}?b={{ b }}">{{ c }}</a>',
        '<a href="{{ c }}">{{ c }}</a>',
        "<ul><li>{{ a }}<li><b>{{ b }}</b></ul>",
        "<table><tr><td>{{ a }}</td><td> {{ b }}</td></tr></table>",
        "<table><tr><td><p>{{ a }}</p></td></tr></table>",
        "{% if a == 'x' %}<b>{% else %}<i>{% endif %}{{ c }}",
        "{% for x in [a, b] %}<div>{{ x }}</div>{% endfor %}",
        "{{ c|safe }}",
        '<img alt="{{ a }}" src="{{ b }}">',
        "{% set d %}<u>{{ a }}</u>{% endset %}{{ d }}",
        "<h2>{{ a|upper }} {{ b }}</h2>",
        "<pre>{{ a }}</pre>",
        "<b {{ c }}>{{ a }}</b>",
        "&amp;{{ a }}",
    ]
)
_WORDS = st.text("xyzäß漢ع", min_size=1, max_size=5)


@given(st.lists(_PIECES, min_size=1, max_size=6).map("".join), _WORDS, _WORDS, _WORDS)
def test_leaving_values_out_changes_nothing(source: str, a: str, b: str, c: str) -> None:
    """Against the text of the finished HTML, for values that HTML and text write alike."""
    rendered = Template.compile("s", source, None).render({"a": a, "b": b, "c": c})
    assert rendered.text == convert(rendered.html)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters=[OPEN, CLOSE]), min_size=1))
def test_any_value_arrives_whole_in_both_parts(value: str) -> None:
    rendered = Template.compile("s", '<p title="{{ a }}">[{{ a }}]</p><p>x</p>', None).render({"a": value})
    if value.strip():
        assert rendered.text == f"[{value}]\n\nx"
    shown = re.fullmatch(r'<p title="(.*)">\[\1\]</p><p>x</p>', rendered.html, re.DOTALL)
    assert shown is not None
    assert html.unescape(shown[1]) == value
    assert not re.search("<(?!/?p)", rendered.html)


_BROKEN = st.sampled_from(
    [
        *("<", ">", "<!", "<![", "<!--", "-->", "]", "]>", "CDATA[", "<?", '"', "'", "=", "/>", "</", "&#", "&#x", ";"),
        *("<a href=", "<p>", "<td>", "<table>", "<li>", "<ol start=", "<pre>", "<script>", "<title>"),
        *(" ", "x", "²", "9" * 30, "\0"),
    ]
)


@given(st.lists(_BROKEN, max_size=12).map("".join))
def test_no_html_raises_anything_but_a_named_error(source: str) -> None:
    with contextlib.suppress(RenderingFailed):
        convert(source)
