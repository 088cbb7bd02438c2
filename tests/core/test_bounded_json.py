"""JSON that would end a Worker's isolate is refused before it is read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import bounded_json
from core.bounded_json import MAX_DEPTH, TOO_DEEP, loads, nested_too_deeply

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='[]{}"\\,:a\u00e9\n'),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet='[]{}"\\a'), inner, max_size=4),
    max_leaves=60,
)


@given(VALUES)
def test_what_is_not_deep_is_read_as_the_standard_library_does(value: Any) -> None:
    assert loads(json.dumps(value).encode()) == value
    assert loads(json.dumps(value, ensure_ascii=False).encode()) == value


@given(VALUES, st.lists(st.sampled_from("[{"), min_size=TOO_DEEP, max_size=TOO_DEEP))
def test_what_is_deep_is_found_whatever_stands_around_and_within_it(value: Any, openers: list[str]) -> None:
    nested = value
    for opener in openers:
        nested = [value, nested] if opener == "[" else {'"\\[': value, "}": nested}
    assert nested_too_deeply(json.dumps(nested).encode())


@pytest.mark.parametrize("depth", [1, MAX_DEPTH])
def test_as_deep_as_is_allowed_is_read(depth: int) -> None:
    assert loads(b"[" * depth + b"]" * depth) is not None
    crowd = json.dumps([{"variables": {"a": [1]}}] * 1000)
    assert loads(crowd.encode())


@pytest.mark.parametrize("body", [b"[" * 5000, b'{"a":' * 5000, b"[[]," * 5000, b"[" * 5000 + b"x" + b"]" * 5000])
def test_what_is_never_closed_is_deep_as_well(body: bytes) -> None:
    with pytest.raises(ValueError, match="nested"):
        loads(body)


@pytest.mark.parametrize("body", [b'["' + b"[" * 5000 + b'"]', b'["\\"' + b"[" * 5000 + b'"]', b'["\\\\", "[[[["]'])
def test_brackets_in_a_text_are_no_nesting(body: bytes) -> None:
    assert loads(body) == json.loads(body)


@pytest.mark.parametrize(
    "number",
    ["1e309", "-1E+309", "1e0309", "1" * 400 + ".0", "1" * 250 + "e99", "1" * 199 + "e111", "0." + "1" * 9 + "e400"],
)
def test_no_number_is_infinite_where_the_word_is_refused(number: str) -> None:
    for body in (number, f'{{"e": [1, {number}]}}', f'["1e999", {number}]'):
        assert loads(body.encode()) == json.loads(body)
        with pytest.raises(ValueError, match="out of range"):
            loads(body.encode(), parse_constant=float)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["", "e9", "1e999", "1" * 300]))
def test_every_other_number_is_read_as_it_is(number: float, text: str) -> None:
    assert loads(json.dumps([text, number]).encode(), parse_constant=float) == [text, number]


TEXTS = st.lists(st.sampled_from(["\\\\", '\\"', "\\n", "[", "{}", ",", "x"]), max_size=8).map(
    lambda text: f'"{"".join(text)}"'
)


@given(st.integers(0, 30), st.lists(TEXTS | st.sampled_from("[]{},"), max_size=30))
def test_pieces_of_a_text_are_told_apart_wherever_they_end(before: int, parts: list[str]) -> None:
    """Brackets and commas outside of texts, where a piece ends among them."""
    body = " " * (bounded_json._PIECE - before) + "".join(parts)
    outside = "".join(part for part in parts if part in "[]{},")
    assert b"".join(bounded_json._structure(body.encode())) == outside.encode()
