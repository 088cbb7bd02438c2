"""Whatever a template says, rendering it ends: soon, within bounds, with a named error."""

import signal
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errors import MissingVariable, RenderingFailed, TemplateRefused
from mail.sandbox import sandbox
from mail.template import MAX_OUTPUT, Template
from tests.mail.bombs import BOMBS

_VALUES = {"big": "x" * 50_000, "person": {"name": "Bob"}}


@pytest.fixture
def bounded() -> Iterator[None]:
    """Fails a test that hangs, where Python still gets a turn, or that takes more than 64 MB."""

    def too_long(*_: object) -> None:
        raise AssertionError("still running after 20 seconds")

    previous = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(20)
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 64_000_000
    finally:
        tracemalloc.stop()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("field", ["subject", "html", "derived", "text"])
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_ends_in_an_error(bomb: str, field: str) -> None:
    parts = {"subject": "s", "html": "h", "text": None if field == "derived" else "t"}
    parts["html" if field == "derived" else field] = BOMBS[bomb]
    with pytest.raises((TemplateRefused, RenderingFailed)) as caught:
        Template.compile(**parts).render(_VALUES)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 300


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


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_STATEMENTS, min_size=1, max_size=4).map("".join), st.booleans())
def test_no_template_raises_anything_but_a_named_error(source: str, derived: bool) -> None:
    try:
        rendered = Template.compile("s", f"<p>{source}</p>", None if derived else f"x{source}").render(_VALUES)
    except (TemplateRefused, RenderingFailed, MissingVariable):
        return
    assert len(rendered.html) <= MAX_OUTPUT
