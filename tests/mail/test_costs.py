"""Whatever a template calls costs what it does: time and memory stay under a fixed ratio to the units it pays.

Every filter, test, method, function and operator that the sandbox lets through is called with values and options of
many kinds. What Jinja2 has and the tables do not is known by name, so that nothing new is offered unseen.
"""

import contextlib
import inspect
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import jinja2
import pytest
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from core.errors import RecipientFault
from mail.budget import UNITS, Run
from mail.offered import FILTERS, GLOBALS, METHODS, TESTS, nothing
from mail.sandbox import EACH, HOLE, SHOWN, SPEND, WEIGHED, sandbox

pytestmark = pytest.mark.long

WITHHELD = {"attr", "pprint", "random", "urlize", "wordwrap", "xmlattr"}
SIZES = (300, 3_000)
MOST_TIMES = 40  # what a loop takes for a unit
SPARE_UNITS = 500  # of any call: what is refused has been looked at
REFUSALS = (
    RecipientFault,
    jinja2.TemplateError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    AssertionError,
)
MOST_MEMORY = 40_000_000  # bytes: forty for each character that a value may have


def values(size: int) -> dict[str, Any]:
    texts = {
        **{"letters": "x", "blanks": " ", "line breaks": "\n", "words": "ab ", "tags": "<b>", "comments": "<!---->"},
        **{
            "entities": "&lt;",
            "rockets": "🚀",
            "per cent": "%%",
            "fields": "%s",
            "named fields": "%(a)s",
            "nines": "9",
        },
    }
    return {name: part * (size // len(part)) for name, part in texts.items()} | {
        "marked": Markup("<b>" * (size // 3)),
        "numbers": list(range(size)),
        "numbers with one hash": [n * (2**61 - 1) for n in range(size // 4)],
        "long numbers": [2**1000 + n for n in range(size // 40)],
        "fractions": [n / 7 for n in range(size)],
        "names": [f"name {n}" for n in range(size)],
        "equal texts": ["x" * 40 + str(n % 3) for n in range(size // 4)],
        "lists": [[n] for n in range(size // 2)],
        "pairs": [("a", n) for n in range(size // 2)],
        "dicts": [{"a": {"b": n}, "0": n} for n in range(size // 4)],
        "a dict": {f"k{n}": n for n in range(size // 2)},
        "a deep list": _deep(size),
        "a number": 7,
        "a large number": 2**1000,
        "a fraction": 1e300,
        "nothing": None,
    }


def _deep(size: int) -> list[Any]:
    deep: list[Any] = [0] * size
    for _ in range(15):
        deep = [deep]
    return deep


def options(size: int) -> list[Any]:
    numbers = [0, -1, 99, 400_000, 10**300]
    texts = ["", "a", "x" * size, "b" * size + "x", ".".join("a" * 19), ".0" * 4_000, "%s", "upper", "in"]
    return [*numbers, *texts, ["x"] * size, {"a": "x" * size}, None, True]


@cache
def seconds_a_unit() -> float:
    """Of this machine: a loop that does nothing."""
    template = sandbox().from_string("{% for a in numbers %}{% endfor %}")
    run = template.new_context({"numbers": list(range(1_000))})
    each, least = sandbox().filters[EACH], float("inf")
    for _ in range(5):
        began = time.process_time()
        list(each(run, range(10_000), 1))
        least = min(least, time.process_time() - began)
        run.units = UNITS  # type: ignore[attr-defined]
    return least / 10_000


def a_run() -> Run:
    run = sandbox().from_string("").new_context({})
    assert isinstance(run, Run)
    run.holes = {}
    return run


def cost(call: Callable[[Run], Any]) -> tuple[int, float]:
    """Units and seconds of a call that may be refused."""
    run = a_run()
    began = time.process_time()
    with contextlib.suppress(*REFUSALS):
        call(run)
    return UNITS - run.units, time.process_time() - began


def dear(call: Callable[[Run], Any]) -> float:
    """How many times the seconds of its units a call takes, where that is too much; asked again while in doubt."""
    times = 0.0
    for _ in range(3):
        units, seconds = cost(call)
        times = seconds / (seconds_a_unit() * (units + SPARE_UNITS))
        if times <= MOST_TIMES:
            return 0
    return round(times, 1)


def peak(call: Callable[[Run], Any]) -> int:
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        cost(call)
        _, most = tracemalloc.get_traced_memory()
        return most - before
    finally:
        tracemalloc.stop()


Call = Callable[[Run], Any]
Calls = Iterator[tuple[str, Call]]


def filtered(metered: Callable[..., Any], value: Any, /, *args: Any, **kwargs: Any) -> Call:
    return lambda run: metered(run, value, *args, **kwargs)


def called(function: Any, *args: Any) -> Call:
    return lambda run: sandbox().call(run, function, *args)


def combined(sign: str, left: Any, right: Any) -> Call:
    return lambda run: sandbox().call_binop(run, sign, left, right)


def asked(name: str, function: Any, known: dict[str, Any], size: int) -> Calls:
    """Calls of a filter or test: without options, with one, with two, and with one by its name."""
    metered: Any = (sandbox().filters if name in FILTERS else sandbox().tests)[name]
    try:
        named = [*list(inspect.signature(function).parameters)[1:], "a"]
    except ValueError:  # written in C
        named = []
    many = options(size)
    choices: list[tuple[tuple[Any, ...], dict[str, Any]]] = [((), {}), *(((one,), {}) for one in many)]
    choices += [((one, other), {}) for one in ("a", 1) for other in (400_000, "x" * size)]
    choices += [((), {name: one}) for name in named for one in (400_000, "x" * size, ".0" * 4_000)]
    for kind, value in known.items():
        for args, kwargs in choices:
            yield kind, filtered(metered, value, *args, **kwargs)


def too_dear(calls: Calls) -> dict[str, float]:
    found: dict[str, float] = {}
    for kind, call in calls:
        if times := dear(call):
            found[kind] = max(times, found.get(kind, 0))
    return found


JINJAS = ImmutableSandboxedEnvironment()
OURS = {EACH, HOLE, SHOWN, SPEND, WEIGHED}


def test_what_jinja_has_is_offered_or_known_to_be_withheld() -> None:
    assert set(FILTERS) | WITHHELD == set(JINJAS.filters)
    assert not WITHHELD & set(FILTERS)
    assert set(JINJAS.tests) == TESTS
    environment = sandbox()
    assert set(environment.filters) == set(FILTERS) | OURS
    assert set(environment.tests) == TESTS
    assert set(environment.globals) == set(GLOBALS)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_takes_what_it_pays_for(name: str, size: int) -> None:
    assert too_dear(asked(name, JINJAS.filters[name], values(size), size)) == {}


@pytest.mark.parametrize("name", sorted(TESTS))
def test_a_test_takes_what_it_pays_for(name: str) -> None:
    assert too_dear(asked(name, JINJAS.tests[name], values(SIZES[1]), SIZES[1])) == {}


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind, names in METHODS.items() for name in names if kind.__module__ == "builtins"],
)
def test_a_method_takes_what_it_pays_for(kind: type, name: str) -> None:
    def calls(size: int) -> Calls:
        for label, value in values(size).items():
            if isinstance(value, kind):
                method = getattr(value, name)
                for option in [(), *((one,) for one in options(size)), ("x" * size, 1), (None, 1)]:
                    yield label, called(method, *option)

    assert {size: too_dear(calls(size)) for size in SIZES} == {size: {} for size in SIZES}


OPERATORS = ("*", "%", "+", "**", "//", "-", "/")


@pytest.mark.parametrize("sign", OPERATORS)
def test_an_operator_takes_what_it_pays_for(sign: str) -> None:
    def calls(size: int) -> Calls:
        for label, value in values(size).items():
            for option in options(size):
                yield label, combined(sign, value, option)
                yield label, combined(sign, option, value)

    assert {size: too_dear(calls(size)) for size in SIZES} == {size: {} for size in SIZES}


def test_the_operators_are_those_that_jinja_hands_over() -> None:
    assert set(sandbox().intercepted_binops) == set(OPERATORS)


@pytest.mark.parametrize("bounds", [(10_000,), (1, 10_000), (10**9,), (0, 10**300), (0, -(10**9), -1)])
def test_a_range_takes_what_it_pays_for(bounds: tuple[int, ...]) -> None:
    assert too_dear(iter([("range", called(GLOBALS["range"], *bounds))])) == {}


def test_values_with_one_hash_are_paid_for_each_with_each() -> None:
    alike = values(4_000)["numbers with one hash"]
    units, _ = cost(filtered(sandbox().filters["unique"], alike))
    assert units >= len(alike) ** 2 // 100


def test_each_number_of_a_range_is_paid_for() -> None:
    units, _ = cost(called(GLOBALS["range"], 10_000))
    assert units >= 10_000


@pytest.mark.parametrize("name", [name for name, pricing in FILTERS.items() if pricing is not nothing])
def test_no_filter_takes_more_memory_than_values_may(name: str) -> None:
    for kind in ("line breaks", "numbers"):
        value = values(20_000)[kind]
        for option in [(), (40,), (400_000,), ("x" * 40,), ("\n", "x" * 40)]:
            assert peak(filtered(sandbox().filters[name], value, *option)) < MOST_MEMORY


WIDE = [
    "%(a)2000000000d",
    "%((a))2000000000d",
    "%(%)2000000000d",
    "% -+#0100d",
    "%.100f",
    "%.*f",
    "%-*d",
    "%(a)*d",
]


@pytest.mark.parametrize("pattern", WIDE)
def test_a_wide_format_is_refused_however_it_is_written(pattern: str) -> None:
    with pytest.raises(SecurityError, match="at most 99 characters wide"):
        sandbox().call_binop(a_run(), "%", pattern, {"a": 1})


@pytest.mark.parametrize(
    ("pattern", "given", "shown"),
    [
        ("%d of 2000", 7, "7 of 2000"),
        ("%.2f %%", 1.5, "1.50 %"),
        ("%(a)-5s|", {"a": "x"}, "x    |"),
        ("%99d", 1, f"{1:99d}"),
    ],
)
def test_an_ordinary_format_is_not(pattern: str, given: Any, shown: str) -> None:
    assert sandbox().call_binop(a_run(), "%", pattern, given) == shown


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ 'a b'|replace(' ', '.')|upper }}", "A.B"),
        ("{{ 'some, words; and. more, of, them, than, an, attribute, may, have, parts'|wordcount }}", "12"),
        (
            "{{ ['a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v']|select('in', [1])|list|length }}",
            "0",
        ),
        ("{{ [{'a': {'b': 2}}, {'a': {'b': 1}}]|sort(attribute='a.b')|map(attribute='a.b')|join(',') }}", "1,2"),
        ("{{ range(3)|sum(start=100) }} {{ 'x'|center(5) }}|", "103   x  |"),
    ],
)
def test_what_people_write_is_not_refused(source: str, shown: str) -> None:
    run = a_run()
    assert sandbox().from_string(source).root_render_func(run)
    assert "".join(sandbox().from_string(source).root_render_func(run)) == shown
