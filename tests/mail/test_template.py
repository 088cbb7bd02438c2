"""What a template says is what a person gets, or a named error."""

import pytest

from core.errors import MissingVariable, RenderingFailed, TemplateRefused
from mail.template import MAX_SOURCE, Rendered, Template

PERSON = {"name": "<b>O'Brien & Söhne</b>", "course": "Übungen 🎓"}


def render(source: str, field: str = "text", /, **variables: object) -> str:
    parts = {"subject": "Subject", "html": "<p>html</p>", "text": "text"} | {field: source}
    rendered: Rendered = Template.compile(**parts).render(variables)
    return str(getattr(rendered, field))


def test_a_name_is_escaped_in_html_and_verbatim_in_subject_and_text() -> None:
    source = "Dear {{ name }}, welcome to {{ course }}"
    subject, html, text = Template.compile(source, f"<p>{source}</p>", source).render(PERSON)
    assert subject == text == "Dear <b>O'Brien & Söhne</b>, welcome to Übungen 🎓"
    assert html == "<p>Dear &lt;b&gt;O&#39;Brien &amp; Söhne&lt;/b&gt;, welcome to Übungen 🎓</p>"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ value }}", "<i>"),
        ("{{ value|upper }}", "<I>"),
        ("{{ value ~ '!' }}", "<i>!"),
        ("{% set copy %}{{ value }}{% endset %}{{ copy }}", "<i>"),
        ("{% macro m(v) %}[{{ v }}]{% endmacro %}{{ m(value) }}", "[<i>]"),
    ],
)
def test_text_is_never_escaped(source: str, expected: str) -> None:
    assert render(source, value="<i>") == expected


@pytest.mark.parametrize(
    "source",
    [
        "{{ value }}",
        "{{ value|e }}",
        "{{ [value]|join }}",
        "{{ value ~ '' }}",
        "{% set copy %}{{ value }}{% endset %}{{ copy }}",
        "{% macro m(v) %}{{ v }}{% endmacro %}{{ m(value) }}",
        "{% filter trim %}{{ value }}{% endfilter %}",
        "{% for v in [value] %}{{ v }}{% endfor %}",
    ],
)
@pytest.mark.parametrize("text", [None, "own text"])
def test_html_is_escaped_once_wherever_a_value_comes_from(source: str, text: str | None) -> None:
    html = Template.compile("s", f"<p>{source}</p>", text).render({"value": "<script>&"}).html
    assert html == "<p>&lt;script&gt;&amp;</p>"


def test_trusted_html_is_left_as_it_is() -> None:
    assert render("{{ value|safe }}", "html", value="<b>x</b>") == "<b>x</b>"


def test_data_in_a_script_is_left_as_it_is() -> None:
    html = Template.compile("s", "<script>x = {{ value|tojson }}</script><p>x</p>", None).render({"value": {"a": 'b"'}})
    assert html.html == '<script>x = {"a": "b\\""}</script><p>x</p>'


@pytest.mark.parametrize("separator", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1e", "\x85", "\u2028", "\u2029", "\0"])
def test_no_value_can_end_the_subject(separator: str) -> None:
    assert render("News for {{ name }}", "subject", name=f"Bob{separator}Bcc: x@y.org") == "News for Bob Bcc: x@y.org"


def test_a_subject_over_several_lines_becomes_one() -> None:
    assert render("  {% if 1 %}\n  Hello\t{{ name }}\n{% endif %} ", "subject", name="Zoë") == "Hello Zoë"


@pytest.mark.parametrize("subject", ["{{ title }}", "{% if false %}x{% endif %}"])
def test_a_mail_without_a_subject_is_not_sent(subject: str) -> None:
    with pytest.raises(RenderingFailed, match="subject: is empty"):
        render(subject, "subject", title=" \n")


def test_a_subject_that_becomes_longer_than_a_line_may_be_is_not_sent() -> None:
    with pytest.raises(RenderingFailed, match="subject: is longer than 998"):
        render("{{ title }}", "subject", title="x" * 999)


def test_a_missing_value_is_told_by_its_name() -> None:
    template = Template.compile("s", "<p>{{ course }} {{ teacher }}</p>", None)
    with pytest.raises(MissingVariable, match="'teacher'") as caught:
        template.render({"course": "x"})
    assert caught.value.name == "teacher"


@pytest.mark.parametrize(
    "source",
    [
        "{{ gap|upper }}",
        "{{ gap ~ '' }}",
        "{{ gap + 1 }}",
        "{% if gap %}{% endif %}",
        "{% if gap == 1 %}{% endif %}",
        "{% for x in gap %}{% endfor %}",
        "{{ gap.name }}",
        "{{ gap['name'] }}",
        "{{ gap() }}",
        "{{ person.gap }}",
        "{{ person['gap'] }}",
        "{{ [gap]|join }}",
        "{% macro m(gap) %}{{ gap }}{% endmacro %}{{ m() }}",
    ],
)
@pytest.mark.parametrize("field", ["subject", "html", "text"])
def test_a_missing_value_is_missing_whatever_is_done_with_it(source: str, field: str) -> None:
    with pytest.raises(MissingVariable, match="'gap'"):
        render(f"x{source}", field, person={})


def test_null_shows_as_nothing_and_is_not_missing() -> None:
    assert render("[{{ phone }}]", phone=None) == "[]"


@pytest.mark.parametrize(("value", "shown"), [(0, "0"), (2.5, "2.5"), (True, "True"), ("", "")])
def test_numbers_show_as_they_are(value: object, shown: str) -> None:
    assert render("[{{ value }}]", value=value) == f"[{shown}]"


@pytest.mark.parametrize("value", [["a"], {"a": 1}])
def test_a_list_is_not_shown_in_pythons_notation(value: object) -> None:
    with pytest.raises(RenderingFailed, match="only text and numbers can be shown"):
        render("{{ value }}", value=value)


@pytest.mark.parametrize("field", ["subject", "html", "text"])
@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("x\n{{ name }", "unexpected '}'"),
        ("x\n{% if name %}", "[Uu]nexpected end of template"),
        ("x\n{{ name|nonsense }}", "there is no filter 'nonsense'"),
        ("x\n{% if 0 %}{{ name|nonsense }}{% endif %}", "there is no filter 'nonsense'"),
        ("x\n{{ name is nonsense }}", "there is no test 'nonsense'"),
        ("x\n{{ ['a', 'b']|random }}", "there is no filter 'random'"),
        ("x\n{% include 'other.html' %}", "cannot include another"),
        ("x\n{% import 'other.html' as o %}", "cannot import another"),
        ("x\n{% from 'other.html' import o %}", "cannot import another"),
        ("x\n{% extends 'other.html' %}", "cannot extend another"),
        ("x\n{% for a in name recursive %}{% endfor %}", "cannot be recursive"),
        ("x\n{% block a %}{% endblock %}", "no blocks"),
        ("x\n{% autoescape false %}{% endautoescape %}", "escaping cannot be switched off"),
        ("x\n{{ name.__class__ }}", "'__class__' is private"),
        ("x\n{{ self.__init__.__globals__ }}", "is private"),
    ],
)
def test_a_wrong_template_is_refused_with_field_line_and_reason(field: str, source: str, complaint: str) -> None:
    with pytest.raises(TemplateRefused, match=f"{field}: line 2: .*{complaint}") as caught:
        render(source, field, name="x")
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("{% macro m(a, a) %}{% endmacro %}", "duplicate argument"),
        ("{{ range(a=1, a=2) }}", "keyword argument repeated"),
        ("{{ " + "9" * 5_000 + " }}", "limit"),
    ],
)
def test_what_only_python_finds_wrong_is_refused_too(source: str, complaint: str) -> None:
    with pytest.raises(TemplateRefused, match=f"text: cannot be compiled: .*{complaint}"):
        render(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ name['__class__'] }}",
        "{{ name['__cl' ~ 'ass__']['__mro__'] }}",
        "{{ name['upper']['__self__'] }}",
        "{{ loop_target.__init__ is defined }}{{ cycler }}",
        "{{ range['__globals__'] }}",
        "{{ namespace['__init__'] }}",
        "{% for x in [1] %}{{ loop['_iterable'] }}{% endfor %}",
        "{% macro m() %}{% endmacro %}{{ m['_func'] }}",
        "{{ '{0.__class__}'.format(name) }}",
        "{{ [name]|map(attribute='__class__')|join }}",
        "{{ name.encode() }}",
        "{{ {}.update({1: 2}) }}",
        "{{ [].append(1) }}",
        "{{ range }}",
        "{{ name.upper }}",
        "{{ self }}",
        "{{ name|upper|map('attr', '__class__')|list }}",
    ],
)
def test_a_template_reaches_nothing_but_the_values_it_was_handed(source: str) -> None:
    with pytest.raises((TemplateRefused, RenderingFailed, MissingVariable)):
        render(source, name="x")


def test_what_fails_while_rendering_is_told_with_its_line_and_without_the_value() -> None:
    with pytest.raises(RenderingFailed) as caught:
        render("x\n\n{{ name + 1 }}", name="Secret Person")
    assert caught.value.detail == "text, line 3: a value is of the wrong type for what is done with it"
    assert caught.value.__cause__ is None


def test_unknown_failures_do_not_repeat_the_value_either() -> None:
    with pytest.raises(RenderingFailed) as caught:
        render("{{ '%d' % name }} {{ name % 3 }}", name="Secret Person")
    assert "Secret" not in caught.value.detail


@pytest.mark.parametrize(
    ("field", "source"),
    [("subject", "x" * 999), ("html", "x" * (MAX_SOURCE + 1)), ("text", "ü" * (MAX_SOURCE // 2 + 1))],
)
def test_a_source_beyond_its_bounds_is_refused(field: str, source: str) -> None:
    with pytest.raises(TemplateRefused, match="at most"):
        render(source, field)


def test_html_of_5_mb_is_refused_with_its_size() -> None:
    with pytest.raises(TemplateRefused, match="html: has 5,000,000 bytes; at most 512,000 are allowed"):
        Template.compile("s", "x" * 5_000_000, None)


def test_a_source_up_to_its_bounds_is_taken() -> None:
    assert len(render("<p>" + "x" * (MAX_SOURCE - 3), "html")) == MAX_SOURCE
    assert render("x" * 998, "subject") == "x" * 998


@pytest.mark.parametrize("field", ["subject", "html"])
def test_an_empty_part_is_refused(field: str) -> None:
    with pytest.raises(TemplateRefused, match="is empty"):
        render(" \n", field)


@pytest.mark.parametrize("field", ["subject", "html", "text"])
def test_half_a_surrogate_pair_never_gets_into_a_mail(field: str) -> None:
    with pytest.raises(TemplateRefused, match="not valid Unicode"):
        render("x\ud800", field)
    assert render("x{{ name }}", field, name="\ud800").encode()
    assert Template.compile("s", "x{{ name }}", None).render({"name": "\ud800"}).text.encode()


def test_loops_conditions_macros_and_filters_work() -> None:
    source = """{% macro row(g) %}{{ loop_title }}{{ g.name|upper }}: {{ '%.1f'|format(g.grade) }}{% endmacro -%}
    {% for g in grades|sort(attribute='grade', reverse=true) if g.grade > 1 -%}
    {{ loop.index }}/{{ loop.length }} {{ row(g) }}{{ ', ' if not loop.last }}
    {%- else %}none{% endfor -%}
    {% set n = namespace(sum=0) %}{% for g in grades %}{% set n.sum = n.sum + g.grade %}{% endfor %}; {{ n.sum }}
    {%- for k, v in extra.items() %}; {{ k }}={{ v }}{% endfor %};
    {{- ' a' if false }} {{ 'ab'.upper() }} {{ 2 ** 3 * 2 }}
    {{- grades|map(attribute='name')|reject('eq', 'b')|join('+') }} {{ (grades|batch(2)|first)[1].name }}
    {{- extra.values()|list|length }}"""
    grades = [{"name": "a", "grade": 2}, {"name": "b", "grade": 3}, {"name": "c", "grade": 1}]
    text = render(source, grades=grades, extra={"x": 1}, loop_title="")
    assert text == "1/2 B: 3.0, 2/2 A: 2.0; 6; x=1; AB 16a+c b1"


def test_what_people_write_is_not_nested_too_deeply() -> None:
    months = "{% set months = {" + ", ".join(f"{n}: 'month {n}'" for n in range(1, 13)) + "} %}"
    total = "{{ " + " + ".join(["n"] * 25) + " }} {{ months[n]" + "|upper|lower" * 10 + " }}"
    assert render(months + "{% if n %}" * 12 + total + "{% endif %}" * 12, n=12) == "300 month 12"


def test_one_template_serves_many_people_without_mixing_them_up() -> None:
    template = Template.compile("Hi {{ name }}", "<p>{{ name }}{% if vip %} VIP{% endif %}</p>", None)
    people = [{"name": f"N{n}", "vip": n % 3 == 0} for n in range(20)]
    for _ in range(2):
        for person in people:
            shown = f"{person['name']}{' VIP' if person['vip'] else ''}"
            assert template.render(person) == (f"Hi {person['name']}", f"<p>{shown}</p>", shown)


def test_a_failure_leaves_the_next_rendering_untouched() -> None:
    template = Template.compile(
        "s", "<p>{% for x in range(n) %}{% for y in range(n) %}{% endfor %}{% endfor %}ok</p>", None
    )
    with pytest.raises(RenderingFailed):
        template.render({"n": 9_999})
    assert template.render({"n": 2}).text == "ok"
