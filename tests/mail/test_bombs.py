"""Whatever a template says, rendering it ends: soon, within bounds, with a named error."""

import contextlib
import resource
import signal
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2.utils import missing

from core.errors import MissingVariable, RenderingFailed, TemplateRefused
from mail.sandbox import sandbox
from mail.template import MAX_OUTPUT, Template
from tests.mail.bombs import BOMBS

_VALUES = {"big": "x" * 50_000, "person": {"name": "Bob"}}


def _peak() -> int:
    """The most memory this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


class _Hangs(BaseException):
    """Not an `Exception`: rendering reports all of those as its own."""


@pytest.fixture
def bounded() -> Iterator[None]:
    """Fails a test that takes more than 3 seconds of the processor, where Python gets a turn, or more than 64 MB."""

    def too_long(*_: object) -> None:
        raise _Hangs

    before = _peak()
    previous = signal.signal(signal.SIGVTALRM, too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, 3)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)
    assert _peak() - before < 64_000_000


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("derived", [True, False])
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_ends_in_an_error(bomb: str, derived: bool) -> None:
    source = BOMBS[bomb]
    with pytest.raises((TemplateRefused, RenderingFailed)) as caught:
        Template.compile("s", source if derived else "h", None if derived else source).render(_VALUES)
    assert len(str(caught.value)) < 300
    assert "recursion" not in str(caught.value)  # which a Worker would not survive


@pytest.mark.usefixtures("bounded")
def test_the_most_that_is_allowed_compiles_soon() -> None:
    most = ("{{ a" + ".e" * 54 + " }}") * 85
    assert Template.compile("s", most, most).variables == {"a"}


def test_what_is_missing_keeps_nothing_alive() -> None:
    assert sandbox().undefined(obj=[1], name="x")._undefined_obj is missing


@pytest.mark.parametrize(
    "source", ["{{ (big ~ big)|length }}", "{{ ([big] + [big])|length }}", "{{ 1 if (big, big) != () }}"]
)
def test_no_value_grows_beyond_its_bound(source: str) -> None:
    template = Template.compile("s", "h", source)
    with pytest.raises(RenderingFailed, match="a value is larger than 1,000,000 characters"):
        template.render({"big": "x" * 600_000})
    assert template.render({"big": "x" * 400_000}).text


@pytest.mark.parametrize(("depth", "fails"), [(10, False), (11, True)])
def test_macros_may_call_each_other_ten_deep(depth: int, fails: bool) -> None:
    source = f"{{% macro m(n) %}}{{{{ m(n + 1) if n < {depth} }}}}{{% endmacro %}}x{{{{ m(1) }}}}"
    with pytest.raises(RenderingFailed, match="more than 10 deep") if fails else contextlib.nullcontext():
        assert Template.compile("s", "h", source).render({}).text == "x"


@pytest.mark.usefixtures("bounded")
def test_output_beyond_its_bound_is_not_sent() -> None:
    for text in (None, "{{ value }}{{ value }}"):
        with pytest.raises(RenderingFailed, match="is longer than 1,000,000 characters"):
            Template.compile("s", "{{ value }}{{ value }}", text).render({"value": "x" * (MAX_OUTPUT // 2 + 1)})


def test_a_digest_of_a_thousand_rows_is_no_bomb() -> None:
    cells = ("loop.index", "g.course|e", "'%.2f'|format(g.grade)", "g.a")
    row = "<tr>" + "".join(f"<td>{{{{ {cell} }}}}</td>" for cell in cells) + "</tr>"
    grades = [{"course": f"Course {n}", "grade": n / 7, "a": None if n % 2 else "x"} for n in range(1_000)]
    template = Template.compile("s", f"<table>{{% for g in grades %}}{row}{{% endfor %}}</table>", None)
    assert template.render({"grades": grades}).text.endswith("1000  Course 999  142.71")


_ATOMS = st.sampled_from(
    [
        "1",
        "'x'",
        "big",
        "person",
        "person.name",
        "gap",
        "[1, 'x']",
        "{'k': 1}",
        "range(9)",
        "none",
        "2.5",
        "-1",
        "10**9",
    ]
)
_FILTERS = st.sampled_from(sorted(name for name in sandbox().filters if name.isidentifier()))
_EXPRESSIONS = st.recursive(
    _ATOMS,
    lambda inner: (
        st.builds("({}|{})".format, inner, _FILTERS)
        | st.builds("({}|{}({}))".format, inner, _FILTERS, inner)
        | st.builds(
            "({} {} {})".format,
            inner,
            st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "~", "==", "<", "in", "and"]),
            inner,
        )
        | st.builds("{}[{}]".format, inner, inner)
        | st.builds("{}[{}:]".format, inner, inner)
        | st.builds("[{}, {}]".format, inner, inner)
    ),
    max_leaves=8,
)
_STATEMENTS = st.builds("{{{{ {} }}}}".format, _EXPRESSIONS) | st.builds(
    "{{% for x in {} %}}{{{{ {} }}}}{{% endfor %}}".format, _EXPRESSIONS, _EXPRESSIONS
)


@pytest.mark.long
@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(st.lists(_STATEMENTS, min_size=1, max_size=4).map("".join), st.booleans())
def test_no_template_raises_anything_but_a_named_error(source: str, derived: bool) -> None:
    try:
        rendered = Template.compile("s", f"<p>{source}</p>", None if derived else f"x{source}").render(_VALUES)
    except (TemplateRefused, RenderingFailed, MissingVariable):
        return
    assert len(rendered.html) <= MAX_OUTPUT
