"""The text part of a mail that has only HTML, derived by markdownify.

The promise: what a reader of the HTML sees, in its order, with every link's address, no markup and no entities; and
values that were put into the HTML stand in the text exactly as they were supplied.

Deriving takes milliseconds, a mail may take half of one. So a mail's HTML is rendered with each inserted value left
out (a numbered mark in its place), and the text of that skeleton is derived once and kept: people differ in values,
hardly in skeletons. This is the same as deriving each mail's text from its finished HTML, since only a value that is
one run of text there is left out; where a mark stands in a place that could hold more than that (loose inside a tag),
the finished HTML is converted instead.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from html import unescape
from itertools import count, islice, takewhile
from typing import TYPE_CHECKING, Any

from core.errors import RenderingFailed

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from markdownify import MarkdownConverter

# Two of Unicode's noncharacters: no text that is meant for others holds them.
OPEN, CLOSE = "\ufdd0", "\ufdd1"

_MARK = re.compile(f"{OPEN}([0-9]+){CLOSE}")
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_BLOCKS = re.compile(r"^(article|blockquote|br|center|div|dl|h[1-6]|hr|ol|p|pre|section|table|ul)\Z")
# What the libraries go over again and again: blanks, and what begins and never ends.
_LONG_BLANK = re.compile(r"(?:[\t \r\n]|&(?:#0*+(?:9|10|13|32);?|#[xX]0*+(?:9|[aA]|[dD]|20);?|Tab;|NewLine;)){100,}+")
_BLANKS = 100  # as many are kept
_UNENDED = ((re.compile("<!--"), "-->"), (re.compile(r"<!\[[a-z]", re.IGNORECASE), "]>"), (re.compile("<"), ">"))
_MOST_UNENDED = 20
_VOID = re.compile(
    r"<(?:area|b(?:r|ase|asefont|gsound)|co(?:l|mmand)|embed|frame|hr|im(?:g|age)|input|isindex|keygen|link|"
    r"me(?:nuitem|ta)|nextid|param|source|spacer|track|wbr)\b",
    re.IGNORECASE,
)
_MAX_CLOSED = 50_000_000  # elements without an end, as often as an end is looked for among them
_MAX_DEPTH = 250  # elements in each other
_MAX_WEIGHT = 20_000_000  # characters of a level, as often as they are gone over
_MAX_KEPT = 1_000_000  # characters of skeletons


class DerivedText:
    """The texts of one template, by skeleton."""

    def __init__(self) -> None:
        self._texts: dict[str, str | RenderingFailed | None] = {}
        self._size = 0

    def of(self, skeleton: str, values: Sequence[str], html: str) -> str:
        """`values` are the HTML left out of `skeleton`, `html` is the skeleton with them in place."""
        if skeleton not in self._texts:
            self._keep(skeleton)
        text = self._texts[skeleton]
        if isinstance(text, RenderingFailed):
            raise RenderingFailed(text.detail)
        return convert(html) if text is None else fill(text, [unescape(value) for value in values])

    def _keep(self, skeleton: str) -> None:
        self._size += len(skeleton)
        if self._size > _MAX_KEPT:
            self._texts.clear()
            self._size = len(skeleton)
        try:
            self._texts[skeleton] = _convert_skeleton(skeleton)
        except RenderingFailed as failure:
            self._texts[skeleton] = failure


def fill(skeleton: str, values: Sequence[str]) -> str:
    return _MARK.sub(lambda mark: values[int(mark[1])], skeleton) if values else skeleton


def convert(html: str) -> str:
    """Raises `RenderingFailed` where elements are nested hundreds deep, or where this is no HTML at all."""
    with _blaming_html():
        return _text(_parse(html))


def _convert_skeleton(skeleton: str) -> str | None:
    """None where the skeleton is not enough to go by."""
    with _blaming_html():
        soup = _parse(skeleton)
        return None if _has_loose_mark(skeleton, soup) else _text(soup)


@contextmanager
def _blaming_html() -> Iterator[None]:
    """Both libraries raise errors of many kinds over odd input, and none may end a batch."""
    try:
        yield
    except Exception:
        problem = "no text part can be derived from it: it is nested too deeply, or is not HTML; supply a text"
        raise RenderingFailed(f"html: {problem}") from None


def _has_loose_mark(skeleton: str, soup: "BeautifulSoup") -> bool:
    """Whether a mark is part of a tag, other than in an attribute's value."""
    names = (name for element in soup.find_all(True) for name in (element.name, *element.attrs))
    return re.search(f"</?{OPEN}", skeleton) is not None or any(OPEN in name for name in names)


def _parse(html: str) -> "BeautifulSoup":
    if sum(1 for _ in _VOID.finditer(html)) * html.count("</") > _MAX_CLOSED:
        raise ValueError
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # bs4 wonders whether short text is a file name
        return _shallow()(_bounded(html), "html.parser")


def _bounded(html: str) -> str:
    """The same to a reader, without what would take the libraries the square of its length."""
    html = _LONG_BLANK.sub(lambda blank: " " * _BLANKS + "\n" * ("\n" in unescape(blank[0])), html)
    for begins, ends in _UNENDED:
        rest = html.rfind(ends) + 1
        begun = list(islice(begins.finditer(html, rest), _MOST_UNENDED + 1))
        if len(begun) > _MOST_UNENDED:
            html = html[: begun[0].start()]
    return html


def _text(soup: "BeautifulSoup") -> str:
    _refuse_heavy(soup)
    for parent in [soup, *soup.find_all(True)]:
        for place in reversed(range(len(parent.contents))):
            if _is_unseen(parent.contents[place]):
                parent.contents[place].extract(place)  # from its end on: nothing is looked for
    above: set[int] = set()
    for block in soup.find_all(_BLOCKS):
        parents = takewhile(lambda parent: id(parent) not in above, block.parents)
        above.update(id(parent) for parent in parents)
    for cell in soup.find_all(["td", "th"]):
        if id(cell) in above:
            cell.name = "div"  # the table lays out a page; markdownify would put the cell on one line
    text = _converter().convert_soup(soup)
    text = "\n".join(line.rstrip() for line in text.replace("\xa0", " ").split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


@cache
def _shallow() -> "type[BeautifulSoup]":
    from bs4 import BeautifulSoup

    class Shallow(BeautifulSoup):
        """For each part it goes up through all elements that the part is in."""

        def pushTag(self, tag: Any) -> None:
            super().pushTag(tag)
            if len(self.tagStack) > _MAX_DEPTH:
                raise ValueError

    return Shallow


def _is_unseen(part: Any) -> bool:
    """Comments, what Outlook reads as conditions, and what is hidden."""
    from bs4.element import PreformattedString, Tag

    if isinstance(part, Tag):
        return _HIDDEN.search(str(part.get("style") or "")) is not None
    return isinstance(part, PreformattedString)


def _refuse_heavy(soup: "BeautifulSoup") -> None:
    """Each level of elements goes over the texts of all below it."""
    from bs4.element import Tag

    level: list[Any] = [soup]
    weight = 0
    for depth in count(1):
        children = [child for element in level for child in element.contents]
        level = [child for child in children if isinstance(child, Tag)]
        weight += depth * sum(len(child) for child in children if not isinstance(child, Tag))
        if weight > _MAX_WEIGHT:
            raise ValueError
        if not level:
            return


@cache
def _converter() -> "MarkdownConverter":
    from markdownify import MarkdownConverter

    class PlainText(MarkdownConverter):
        """Without the signs of Markdown that only a renderer reads."""

        def inline(self, _element: Any, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
            return text

        convert_b = convert_strong = convert_em = convert_i = convert_del = convert_s = inline
        convert_code = convert_kbd = convert_samp = convert_sub = convert_sup = convert_video = inline

        def nothing(self, _element: Any, _text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
            return ""

        convert_script = convert_style = convert_title = convert_template = nothing

        def convert_a(self, element: Any, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
            address = str(element.get("href") or "").strip()
            label = text.strip()
            if not address or address.startswith("#") or label in (address, address.partition(":")[2]):
                return text
            return text.replace(label, f"{label} ({address})", 1) if label else address

        def convert_img(self, element: Any, _text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
            return str(element.get("alt") or "")

        def convert_br(self, _element: Any, _text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
            return "\n"

        def block(self, _element: Any, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
            text = text.strip("\n")
            return f"\n\n{text}\n\n" if text.strip() else ""

        convert_h1 = convert_h2 = convert_h3 = convert_h4 = convert_h5 = convert_h6 = block
        convert_pre = convert_table = convert_center = block

        def convert_td(self, _element: Any, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
            return " ".join(text.split()) + "  "

        convert_th = convert_td

        def convert_tr(self, _element: Any, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
            row = text.strip()
            return f"\n\n{row}\n\n" if "\n" in row else f"{row}\n" if row else ""

    return PlainText(bullets="-", escape_asterisks=False, escape_underscores=False)
