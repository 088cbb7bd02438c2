"""No expression takes the square of a text's length: not ours, and none of the libraries that read foreign text.

Each is tried on texts made of its own repeated parts, at a length and at four times that: at most six times as long.
"""

import ast
import importlib
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

import pytest

from api.schemas import REQUESTS
from certificates.assets import judged
from certificates.schema import SCHEMA
from core.errors import RecipientFault, RenderingFailed, TemplateRefused
from dev.server import ROOT
from mail import plain_text
from mail.template import Template
from tests.core import attacks

pytestmark = pytest.mark.long

SRC = ROOT / "src"
SIZE = 5_000
MOST_TIMES = 6
READ = 2_500  # by a library
FLOOR = 0.002  # seconds: below it nothing is measured
METHODS = ("search", "match", "fullmatch", "sub", "subn", "findall", "finditer", "split")
# made of what is known only where they are used: their parts are in other modules, as texts or tables
MADE_THERE = {
    "re.fullmatch(pattern, value, re.ASCII)",
    "re.compile(self.path_regex.pattern.removesuffix('$') + '\\\\Z')",
    "re.fullmatch(re.escape(host) + '[\\\\w-]+\\\\.pem', url, re.ASCII)",
    "re.fullmatch(re.escape(host) + '\\\\?[!-~]+', url)",
}


class Use(NamedTuple):
    """An expression and the method by which it is asked."""

    place: str
    pattern: re.Pattern[Any]
    method: str

    def ask(self, text: str) -> None:
        asked: Any = text.encode() if isinstance(self.pattern.pattern, bytes) else text
        if self.method in ("sub", "subn"):
            self.pattern.sub(asked[:0], asked)
        elif self.method == "finditer":
            list(self.pattern.finditer(asked))
        else:
            getattr(self.pattern, self.method)(asked)


@cache
def found() -> tuple[list[Use], set[str]]:
    """All that `src/` says, and what cannot be known from its place."""
    uses: list[Use] = []
    unknown: set[str] = set()
    text = "\n".join(path.read_text() for path in SRC.rglob("*.py"))
    for path in sorted(SRC.rglob("*.py")):
        tree = ast.parse(path.read_text())
        names = {id(node.value): node.targets[0] for node in ast.walk(tree) if isinstance(node, ast.Assign)}
        names |= {id(node.value): node.target for node in ast.walk(tree) if isinstance(node, ast.AnnAssign)}
        for node in ast.walk(tree):
            method = _asked_method(node) if isinstance(node, ast.Call) else None
            if not isinstance(node, ast.Call) or method is None:
                continue
            try:
                pattern = _pattern(path, node)
            except NameError:
                unknown.add(ast.unparse(node))
                continue
            methods = {method}
            if method == "compile":
                name = ast.unparse(names[id(node)]) if id(node) in names else ""
                methods = set(re.findall(rf"\b{name}\.({'|'.join(METHODS)})\(", text)) or {"search"}
            uses.extend(Use(f"{path.name}:{node.lineno}", pattern, one) for one in sorted(methods))
    return uses, unknown


def _asked_method(node: ast.Call) -> str | None:
    """`search` of `re.search(...)`."""
    of_re = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "re"
    return node.func.attr if of_re and isinstance(node.func, ast.Attribute) and node.func.attr != "escape" else None


def _pattern(path: Any, call: ast.Call) -> re.Pattern[Any]:
    known = {"re": re}
    if path.name != "cloudflare.py" or path.parent.name != "runtime":
        known |= vars(importlib.import_module(".".join(path.relative_to(SRC).with_suffix("").parts)))
    source = eval(compile(ast.Expression(call.args[0]), "", "eval"), known)
    flags = [argument for argument in (*call.args[1:], *(k.value for k in call.keywords)) if _is_flag(argument)]
    return re.compile(source, eval(compile(ast.Expression(flags[0]), "", "eval"), known) if flags else 0)


def _is_flag(node: ast.expr) -> bool:
    return ast.unparse(node).startswith("re.")


def schema_patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for part in schema.values():
            yield from schema_patterns(part)
    elif isinstance(schema, (list, tuple)):
        for part in schema:
            yield from schema_patterns(part)


SCHEMAS = sorted({*schema_patterns(REQUESTS), *schema_patterns(SCHEMA)})


def seconds(ask: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    ask(text)
    return time.process_time() - began


def dear(ask: Callable[[str], object], short: str, long: str) -> bool:
    """Whether four times the length takes more than six times as long; asked again while in doubt."""
    return all(seconds(ask, long) > MOST_TIMES * max(FLOOR, seconds(ask, short)) for _ in range(3))


def too_dear(use: Use) -> set[str]:
    """The beginning of a text that costs too much."""
    pairs = zip(attacks.texts(use.pattern, SIZE), attacks.texts(use.pattern, 4 * SIZE), strict=True)
    return set(islice((repr(short[:20]) for short, long in pairs if dear(use.ask, short, long)), 1))


def test_no_expression_of_ours_takes_the_square_of_a_text() -> None:
    uses, unknown = found()
    assert len(uses) > 80
    assert {f"{use.place} {use.method}": texts for use in uses if (texts := too_dear(use))} == {}
    assert unknown == MADE_THERE


@pytest.mark.parametrize("pattern", SCHEMAS)
def test_no_pattern_of_a_schema_does(pattern: str) -> None:
    assert too_dear(Use("schema", re.compile(pattern), "search")) == set()


def test_a_square_is_noticed() -> None:
    for source in (r"\s+$", r"url\(\s*['\"]?\s*x", r"[\w-]+\s*:", r"<\?[^>]*>"):
        assert too_dear(Use("", re.compile(source), "search")), source
    assert not too_dear(Use("", re.compile(r"\s++x|a{1,9}b"), "match"))


# what libraries read

LIBRARIES = ("html.parser", "_markupbase", "bs4", "markdownify", "jinja2", "markupsafe", "fpdf", "defusedxml")


def html(text: str) -> None:
    plain_text.convert(text)


def svg(text: str) -> None:
    judged(text.encode("utf-8", "replace"))


def template(text: str) -> None:
    Template.compile("s", text)


SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{}</svg>'
PROPERTIES = ("fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "clip-path", "transform", "class", "id")
# where a text stands, as @
READERS: dict[str, tuple[Callable[[str], None], list[str]]] = {
    "html": (
        html,
        [
            *(
                "@",
                "<p>@</p>x",
                "<@",
                "</@",
                "<!@",
                "<!--@",
                "<?@",
                "<![@",
                "&@",
                "<p @",
                '<p a="@">',
                "x@x",
                "@>",
                "@-->",
            ),
            *('<a href="@">x</a>', "<a href=x>@</a>", "<pre>@</pre>", "<td>@</td>", "<script>@", '<p style="@">'),
        ],
    ),
    "svg": (
        svg,
        [
            *(SVG.format(f'<path d="M0 0h1v1z" {name}="@"/>') for name in PROPERTIES),
            *(SVG.format(f'<path d="M0 0h1v1z" style="{name}:@"/>') for name in PROPERTIES[:4]),
            *(SVG.format('<path d="@"/>'), SVG.format('<polygon points="@"/>'), SVG.format('<path style="@"/>')),
            *(SVG.format(f"<style>{style}</style>") for style in ("@", ".a{@}", ".a{b:c}@", "{@}", "/*@*/", "a{b{@}")),
            *(SVG.format("<desc>@</desc>"), SVG.format('<use href="@"/>'), SVG.format('<rect width="@"/>')),
            SVG.replace("0 0 9 9", "@").format("<g/>"),
        ],
    ),
    "template": (
        template,
        ["@", "{{ @ }}", "{% @ %}", "{# @", "{{ '@", "{{ x @", "{% if @", "{%- @ -%}", "{% raw %}@"],
    ),
}


@cache
def foreign_texts() -> list[tuple[str, str]]:
    """Short and long, made of the parts of all that these libraries' expressions repeat."""
    for read, given in ((html, "<p>x</p>"), (svg, SVG.format("<g/>")), (template, "{{ x }}")):
        read(given)
    pairs: dict[str, str] = {}
    for pattern in sorted(_patterns(), key=lambda one: str(one.pattern)):
        short, long = (attacks.texts(pattern, size, [""], 3) for size in (READ, 4 * READ))
        pairs |= zip(short, long, strict=True)
    return list(pairs.items())


def _patterns() -> set[re.Pattern[Any]]:
    kept: set[re.Pattern[Any]] = set()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in LIBRARIES or name in LIBRARIES:
            holders = [module, *(value for value in vars(module).values() if isinstance(value, type))]
            for holder in holders:
                kept |= {value for value in vars(holder).values() if isinstance(value, re.Pattern)}
    return kept


PARTS = (
    "<td>",
    "<td>\0",
    "<td><div>a",
    "a<!---->",
    "a<i style='display:none'></i>",
    "<b>",
    "<ul><li>",
    "</p>",
    "<pre>a",
    "&#32;",
    " &#x20;\n",
    "<br></a>",
)


@pytest.mark.parametrize("part", PARTS)
def test_no_part_of_html_that_comes_again_and_again_takes_the_square_of_its_length(part: str) -> None:
    def ask(text: str) -> None:
        with suppress(RecipientFault):
            html(text)

    short = part * (20_000 // len(part))
    assert not dear(ask, short, 4 * short)


def test_elements_in_each_other_are_gone_over_a_bounded_number_of_times() -> None:
    deep = "<div>" * 200 + "{}" + "</div>" * 200
    assert plain_text.convert(deep.format("word " * 1_000)).startswith("word word")
    for refused in (deep.format("word " * 40_000), "<b>" * 251 + "x"):
        with pytest.raises(RenderingFailed, match="nested too deeply"):
            plain_text.convert(refused)


@pytest.mark.parametrize("name", READERS)
def test_no_text_for_a_library_takes_the_square_of_its_length(name: str) -> None:
    read, contexts = READERS[name]

    def ask(text: str) -> None:
        try:
            read(text)
        except (TemplateRefused, RecipientFault):
            return

    dear_ones = (
        (context, short[:20])
        for context in contexts
        for short, long in foreign_texts()
        if dear(ask, context.replace("@", short), context.replace("@", long))
    )
    assert next(dear_ones, None) is None
