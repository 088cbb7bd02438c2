"""Which names a template needs is known before anyone is mailed."""

from collections.abc import Set as AbstractSet

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import MissingVariable
from mail.template import Template


def needs(source: str) -> set[str]:
    return set(Template.compile("s", "<p>x</p>", f"x{source}").variables)


def test_names_of_all_parts_are_needed() -> None:
    assert Template.compile("{{ a }}", "{{ b }}", "{{ c }}").variables == {"a", "b", "c"}
    assert Template.compile("{{ a }}", "{{ b }}", None).variables == {"a", "b"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ a }}{{ b.c }}{{ d['e'] }}{{ f[g] }}", {"a", "b", "d", "f", "g"}),
        ("{{ a|upper }}{{ 'x'|replace('x', b) }}", {"a", "b"}),
        ("{% if a %}{{ b }}{% elif c %}{% else %}{{ d }}{% endif %}", {"a", "b", "c", "d"}),
        (
            "{% for x in xs if x > limit %}{{ x }}{{ loop.index }}{{ y }}{% else %}{{ z }}{% endfor %}",
            {"xs", "limit", "y", "z"},
        ),
        ("{% for x in xs %}{% endfor %}{{ x }}", {"xs", "x"}),
        ("{% set a = b %}{{ a }}", {"b"}),
        ("{% set a = a %}{{ a }}", {"a"}),
        ("{% set a %}{{ b }}{% endset %}{{ a }}", {"b"}),
        ("{% set a, b = c %}{{ a }}{{ b }}", {"c"}),
        (
            "{% macro m(a, b=c) %}{{ a }}{{ b }}{{ d }}{{ varargs|length }}{{ caller() }}{% endmacro %}{{ m(e) }}",
            {"c", "d", "e"},
        ),
        ("{% macro m() %}{{ caller(1) }}{% endmacro %}{% call(x) m() %}{{ x }}{{ y }}{% endcall %}", {"y"}),
        ("{% with a = b %}{{ a }}{% endwith %}{{ c }}", {"b", "c"}),
        ("{% with a = a %}{{ a }}{% endwith %}", {"a"}),
        ("{% set n = namespace(x=1) %}{% set n.x = y %}{{ n.x }}{{ range(3)|length }}", {"y"}),
        ("{{ lipsum }}{{ cycler }}{{ dict }}", {"lipsum", "cycler", "dict"}),
        ("{% raw %}{{ a }}{% endraw %}{# {{ b }} #}", set()),
        ("{{ имя }}{{ 名前 }}", {"имя", "名前"}),
    ],
)
def test_names_that_come_from_outside_are_needed_and_no_others(source: str, expected: set[str]) -> None:
    assert needs(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "{{ a|default('x') }}",
        "{{ a|d }}",
        "{{ a|default('x', true)|upper }}",
        "{{ a is defined }}",
        "{{ 'x' if a is undefined }}",
        "{% if a is defined %}{{ a }}{{ a|upper }}{% endif %}",
        "{% if a is not defined %}x{% else %}{{ a }}{% endif %}",
        "{% if not a is defined %}x{% else %}{{ a }}{% endif %}",
        "{% if a is undefined %}x{% elif a %}{{ a }}{% else %}{{ a }}{% endif %}",
        "{% if a is defined and a > 1 %}{{ a }}{% endif %}",
        "{% if a is undefined or a > 1 %}x{% else %}{{ a }}{% endif %}",
        "{{ a if a is defined else 'x' }}",
        "{{ 'x' if a is not defined else a }}",
        "{% if a is defined %}{% for x in a %}{{ x }}{{ a|length }}{% endfor %}{% endif %}",
        "{% for x in [1] if a is defined %}{{ a }}{% endfor %}",
        "{% if a is not defined %}{% set a = 'x' %}{% endif %}{{ a }}",
        "{% set a = a|default('x') %}{{ a }}",
        "{% if 1 %}{% set a = 1 %}{% else %}{% set a = 2 %}{% endif %}{{ a }}",
        "{% if 1 %}{% set a = 1 %}{% endif %}{{ a|default(2) }}",
        "{% if a is defined %}{% macro m() %}{{ a }}{% endmacro %}{{ m() }}{% endif %}",
        "{% if a is defined %}{% with b = a %}{{ b }}{% endwith %}{% set c %}{{ a }}{% endset %}{% endif %}",
    ],
)
def test_a_name_that_is_only_used_safely_is_not_needed(source: str) -> None:
    assert needs(source) == set()
    Template.compile("s", "h", f"x{source}").render({})  # and indeed
    Template.compile("s", "h", f"x{source}").render({"a": [2]} if "for x in a" in source else {"a": 2})


@pytest.mark.parametrize(
    "source",
    [
        "{{ a|default('x') }}{{ a }}",
        "{{ a|upper|default('x') }}",
        "{{ a.b|default('x') }}",
        "{{ a.b is defined }}",
        "{% if a is defined %}{% endif %}{{ a }}",
        "{% if a is defined %}x{% else %}{{ a }}{% endif %}",
        "{% if a is not defined %}{{ a }}{% endif %}",
        "{% if b is defined or a is defined %}{{ a }}{% endif %}",
        "{% if a is defined or a %}{% endif %}",
        "{% if a is undefined and a %}{% endif %}",
        "{{ b is defined and a }}",
        "{{ b is defined or a }}",
        "{{ a if b is defined else 'x' }}",
        "{{ 'x' if a is defined else a }}",
        "{% if a is none %}{% endif %}",
        "{% if a is defined == false %}{% endif %}{{ a }}",
        "{% if not (a is defined and b is defined) %}x{{ a }}{% endif %}",
        "{% for x in [1] %}{% set a = 1 %}{% endfor %}{{ a }}",
        "{% for x in [1] if a is defined %}{% else %}{{ a }}{% endfor %}",
        "{% macro m() %}{% set a = 1 %}{% endmacro %}{{ a }}",
        "{% if b is defined %}{% set a = 1 %}{% endif %}{{ a }}",
        "{% if a is not defined %}{% if b is defined %}{% set a = 1 %}{% endif %}{% endif %}{{ a }}",
    ],
)
def test_a_name_with_one_use_that_could_fail_is_needed(source: str) -> None:
    assert "a" in needs(source)


def test_what_is_missing_in_a_literal_is_missing_for_the_person_not_for_the_template() -> None:
    template = Template.compile("s", "h", "{{ {}.gap ~ '' }}{{ [1][5] ~ '' }}")
    with pytest.raises(MissingVariable, match="'gap'"):
        template.render({})


_NAMES = st.sampled_from("abc")
_TESTS = st.recursive(
    st.builds("{} is {}".format, _NAMES, st.sampled_from(["defined", "undefined", "not defined"])) | _NAMES,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner)
        | st.builds("(not {})".format, inner)
    ),
    max_leaves=4,
)
_USES = st.builds(
    "{{{{ {} }}}}".format, _NAMES | st.builds("({} if {} else {})".format, _NAMES, _TESTS, _NAMES)
) | st.builds("{{{{ {}|default({}) }}}}".format, _NAMES, st.just("1") | _NAMES)
_SETS = st.builds("{{% set {} = {} %}}".format, _NAMES, st.just("1") | _NAMES | st.builds("{}|d(1)".format, _NAMES))
_BODIES = st.recursive(
    _USES | _SETS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, _TESTS, inner, inner)
        | st.builds("{{% if {} %}}{}{{% elif {} %}}{}{{% endif %}}".format, _TESTS, inner, _TESTS, inner)
        | st.builds("{{% for {} in [1] if {} %}}{}{{% endfor %}}".format, _NAMES, _TESTS, inner)
        | st.builds("{{% with {} = {} %}}{}{{% endwith %}}".format, _NAMES, _NAMES, inner)
    ),
    max_leaves=8,
)


def lacks(template: Template, names: AbstractSet[str]) -> str | None:
    try:
        template.render(dict.fromkeys(names, 1))
    except MissingVariable as error:
        return error.name
    return None


@given(_BODIES, st.sets(_NAMES))
def test_whoever_has_all_needed_names_lacks_none(source: str, extra: set[str]) -> None:
    template = Template.compile("s", "h", f"x{source}")
    lacking = lacks(template, template.variables | extra)
    # nobody has what a loop's condition uses before the template sets it: Jinja2 does not look outside for it
    assert lacking is None or lacking == lacks(template, {"a", "b", "c"})


@pytest.mark.parametrize("names", [set(), {"a"}])
def test_what_a_template_sets_too_late_nobody_has(names: set[str]) -> None:
    late = Template.compile("s", "h", "x{% for b in [1] if a %}{{ a }}{% endfor %}{% set a = 1 %}")
    assert not late.variables
    assert lacks(late, names) == "a"
