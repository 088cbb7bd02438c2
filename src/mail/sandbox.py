"""The template language: Jinja2's sandbox, with a meter on it.

The promise: whatever a template says, rendering it ends after a bounded amount of work and memory, and reaches
nothing but the values it was handed. There is no clock to stop it by (time stands still inside a Worker), so work is
counted: `syntax.py` rewrites each template to report its loops, calls and values here, and every filter and test is
wrapped to do the same. No value may grow beyond `MAX_VALUE`; what could grow in one step is refused before it does.
"""

from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, ValuesView
from functools import cache
from typing import Any, NoReturn

from jinja2 import StrictUndefined, Undefined, pass_context
from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from markupsafe import Markup, escape

from core.errors import MissingVariable
from mail.budget import FILTER_UNIT_SIZE, MAX_NUMBER_BITS, UNIT_SIZE, Run, refuse_large, weigh
from mail.offered import (
    FILTERS,
    FREE_TESTS,
    GLOBALS,
    TESTS,
    Price,
    Pricing,
    formatted,
    multiplied,
    nothing,
    pricing_of,
)
from mail.plain_text import CLOSE, OPEN

MAX_CALL_DEPTH = 10  # macros within macros
# The interpreter inside a Worker dies where CPython reports a recursion, so nothing may come near: neither the parser
# and compiler, nor what frees their trees, nor a value.
MAX_NESTING = 20  # of blocks, of brackets, of lists
MAX_TAG_TOKENS = 200
MAX_TOKENS = 10_000

# What a filter or test wants as its first argument, by Jinja2's mark on it.
_LEADS: dict[str, Callable[[Context], tuple[object, ...]]] = {
    "": lambda _: (),
    "context": lambda context: (context,),
    "eval_context": lambda context: (context.eval_ctx,),
    "environment": lambda context: (context.environment,),
}

_JINJAS_OWN = frozenset({"_loop_vars", "_block_vars"})  # what it hands along with every call

# Names `syntax.py` gives to what it inserts; no template can spell them.
EACH, SHOWN, HOLE, WEIGHED, SPEND = "(each)", "(shown)", "(hole)", "(weighed)", "(spend)"


def _pay(context: Run, price: Price) -> None:
    """Before what was priced is done."""
    context.spend(price.units)
    context.spend(refuse_large(price.size) // UNIT_SIZE)


def _metered(function: Any, pricing: Pricing) -> Callable[..., Any]:
    """A filter or test that pays for what it handles. Like all functions here it takes the context, which also keeps
    Jinja2 from trying it out at compile time."""
    lead = _LEADS[getattr(getattr(function, "jinja_pass_arg", None), "name", "")]

    @pass_context
    def run(context: Run, value: Any, *args: Any, **kwargs: Any) -> Any:
        context.spend(1 + sum(map(weigh, (value, *args, *kwargs.values()))) // FILTER_UNIT_SIZE)
        _pay(context, pricing(value, *args, **kwargs))
        result = function(*lead(context), value, *args, **kwargs)
        return list(result) if isinstance(result, Iterator) else result

    return run


@pass_context
def _each(context: Run, values: Iterable[Any], units: int) -> Iterator[Any]:
    """What a loop runs over, a pass paid for at a time."""
    for value in values:
        context.spend(units)
        yield value


@pass_context
def _weighed(context: Run, value: Any) -> Any:
    """An operand, paid for."""
    context.spend(weigh(value) // UNIT_SIZE)
    return value


@pass_context
def _spend(context: Run, units: int) -> None:
    context.spend(units)


@pass_context
def _shown(context: Run, value: Any) -> Any:
    """A value on its way into the mail: text or a number; nothing where it is null."""
    if isinstance(value, str):
        context.spend(1 + weigh(value) // UNIT_SIZE)
        return value.replace(OPEN, "") if OPEN in value else value
    if value is None:
        return ""
    if isinstance(value, Undefined):
        return str(value)  # raises
    if not isinstance(value, (int, float)):
        raise SecurityError("only text and numbers can be shown; use a loop, or the filter 'join'")
    context.spend(weigh(value))
    return value


@pass_context
def _hole(context: Run, value: Any) -> Markup:
    """A value on its way into HTML that text will be derived from: a numbered mark in its place.

    Only what is one run of text in HTML can be left out; markup and blanks decide how the text around them looks.
    """
    html = escape(_shown(context, value))
    if "<" in html or not html.strip():
        return html
    return Markup(f"{OPEN}{context.holes.setdefault(str(html), len(context.holes))}{CLOSE}")


class _Missing(StrictUndefined):
    """Raises the product's own error, with the name."""

    __slots__ = ()

    def __init__(  # without keeping `obj`: values could chain through it
        self,
        hint: str | None = None,
        obj: Any = missing,  # noqa: ARG002
        name: str | None = None,
        exc: Any = UndefinedError,
    ) -> None:
        if exc is UndefinedError:
            exc = SecurityError if name is None else MissingVariable
        super().__init__(hint, missing, name, exc)

    @property
    def _undefined_message(self) -> str:
        named = self._undefined_exception is MissingVariable  # type: ignore[comparison-overlap]
        return str(self._undefined_name) if named else self._undefined_hint or "a value is missing"


class _Bounds(Extension):
    """Stops the parser before a source made of too many, or too deeply nested, pieces."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        tag: list[Token] = []
        brackets = blocks = 0
        for number, token in enumerate(stream):
            tag.append(token)
            brackets += token.type in ("lparen", "lbracket", "lbrace")
            brackets -= token.type in ("rparen", "rbracket", "rbrace")
            if token.type in ("data", "block_end", "variable_end"):
                blocks += _opened_blocks(tag)
                tag = []
            if len(tag) > MAX_TAG_TOKENS:
                raise TemplateSyntaxError("an expression is too long", token.lineno)
            if brackets > MAX_NESTING or blocks > MAX_NESTING:
                raise TemplateSyntaxError("expressions or blocks are nested too deeply", token.lineno)
            if number > MAX_TOKENS:
                raise TemplateSyntaxError("too many expressions", token.lineno)
            yield token


def _opened_blocks(tag: list[Token]) -> int:
    """How many blocks a tag opens: 1, 0, or -1 where it ends one."""
    if tag[0].type != "block_begin" or len(tag) < 3:
        return 0
    name = tag[1].value
    if name == "set":
        return int(all(token.type != "assign" for token in tag))
    return -1 if name.startswith("end") else int(name in ("for", "if", "macro", "call", "filter", "with"))


class Sandbox(ImmutableSandboxedEnvironment):
    context_class = Run
    intercepted_binops = frozenset(ImmutableSandboxedEnvironment.default_binop_table)

    def __init__(self) -> None:
        super().__init__(
            autoescape=lambda part: part == "html",
            undefined=_Missing,
            extensions=[_Bounds],
            optimized=False,  # folding constants takes the cube of an expression's depth
        )
        self.globals = dict(GLOBALS)
        tests = {name: self.tests[name] for name in TESTS}
        self.tests = {n: test if n in FREE_TESTS else _metered(test, nothing) for n, test in tests.items()}
        self.filters = {name: _metered(self.filters[name], pricing) for name, pricing in FILTERS.items()}
        self.filters.update({EACH: _each, SHOWN: _shown, HOLE: _hole, WEIGHED: _weighed, SPEND: _spend})

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        return self.undefined(f"the attribute '{attribute}' is private", name=attribute, obj=obj, exc=SecurityError)

    def getitem(self, obj: Any, argument: Any) -> Any:
        # hashing a nested tuple costs what it holds, and nothing here could pay for it
        if isinstance(argument, (tuple, list, dict)):
            raise SecurityError("only text and numbers can be a key")
        return super().getitem(obj, argument)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        assert isinstance(context, Run)
        context.spend(1 + (weigh(left) + weigh(right)) // UNIT_SIZE)
        whole = isinstance(left, int) and isinstance(right, int)
        if operator == "*":
            _pay(context, multiplied(left, right))
        if operator == "**" and whole and left.bit_length() * right > MAX_NUMBER_BITS:
            raise SecurityError("a number would become too large")
        if operator == "%":
            _pay(context, formatted(left, right))
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        assert isinstance(context, Run)
        if isinstance(obj, Macro):
            return self._call_macro(context, obj, *args, **kwargs)
        if isinstance(obj, Undefined):
            obj()  # raises
        pricing = pricing_of(obj)
        if pricing is None:
            _refuse_call(obj)
        named = {name: value for name, value in kwargs.items() if name not in _JINJAS_OWN}
        operands = [*args, *named.values()]
        receiver = getattr(obj, "__self__", None)
        if isinstance(receiver, (str, dict, list, tuple)):
            operands.append(receiver)
        context.spend(1 + sum(map(weigh, operands)) // UNIT_SIZE)
        _pay(context, pricing(*args, **named))
        result = context.call(obj, *args, **kwargs)
        return list(result) if isinstance(result, (KeysView, ItemsView, ValuesView)) else result

    def _call_macro(self, context: Run, macro: Macro, /, *args: Any, **kwargs: Any) -> Any:
        if context.depth >= MAX_CALL_DEPTH:
            raise SecurityError(f"macros call each other more than {MAX_CALL_DEPTH} deep")
        context.depth += 1
        try:
            return context.call(macro, *args, **kwargs)
        finally:
            context.depth -= 1


def _refuse_call(obj: object) -> NoReturn:
    name = getattr(obj, "__name__", None)
    raise SecurityError(f"'{name}' cannot be called in a template" if name else "a value cannot be called")


@cache
def sandbox() -> Sandbox:
    """The one environment; it keeps nothing of a rendering."""
    return Sandbox()
