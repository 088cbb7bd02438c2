"""A job's subject, HTML and text, compiled once and rendered for each person.

The promise: a person gets exactly what the template says about them, or a named error; never a gap where a value was
missing, never markup or a header made of somebody's name, never a Worker that hangs (see `sandbox.py`). HTML is
escaped, subject and text are verbatim, the subject is one line. Where the template has no text, it is derived from
the HTML (see `plain_text.py`).
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import jinja2
from jinja2.exceptions import SecurityError

from core.errors import RecipientFault, RenderingFailed, TemplateRefused
from mail.budget import Run
from mail.plain_text import CLOSE, OPEN, DerivedText, fill
from mail.syntax import compile_part

MAX_SUBJECT = 998  # RFC 5322: characters in a line
MAX_SOURCE = 512_000  # bytes
MAX_OUTPUT = 1_000_000  # characters

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


class Rendered(NamedTuple):
    subject: str
    html: str
    text: str


class Template:
    """`variables` are the names it needs, of any part; names it can do without are not among them."""

    def __init__(self, subject: "_Part", html: "_Part", text: "_Part | None") -> None:
        self._subject, self._html, self._text = subject, html, text
        self._derived = DerivedText()
        self.variables = frozenset().union(*(part.variables for part in (subject, html, text) if part))

    @classmethod
    def compile(cls, subject: str, html: str, text: str | None = None) -> "Template":
        """Raises `TemplateRefused`."""
        own_text = text if text and text.strip() else None
        return cls(
            _Part("subject", subject),
            _Part("html", html, leave_holes=own_text is None),
            _Part("text", own_text) if own_text else None,
        )

    def render(self, variables: Mapping[str, Any]) -> Rendered:
        """Raises `MissingVariable` or `RenderingFailed`."""
        values = dict(variables)
        subject = _one_line(self._subject.render(values))
        if self._text is not None:
            return Rendered(subject, self._html.render(values), self._text.render(values))
        skeleton, holes = self._html.render_skeleton(values)
        html = fill(skeleton, holes)
        _refuse_long("html", html)
        return Rendered(subject, html, self._derived.of(skeleton, holes, html))


class _Part:
    def __init__(self, field: str, source: str, leave_holes: bool = False) -> None:
        self.field = field
        self._template, self.variables = compile_part(field, _checked(field, source), leave_holes)

    def render(self, values: dict[str, Any]) -> str:
        return self.render_skeleton(values)[0]

    def render_skeleton(self, values: dict[str, Any]) -> tuple[str, list[str]]:
        """The output, and the HTML of what was left out of it."""
        run = self._template.new_context(values)
        assert isinstance(run, Run)
        run.holes = {}
        try:
            output = "".join(self._template.root_render_func(run))
        except RecipientFault:
            raise
        except Exception as error:
            raise RenderingFailed(self._explain(error)) from None
        _refuse_long(self.field, output)
        return _valid(output), [_valid(value) for value in run.holes]

    def _explain(self, error: Exception) -> str:
        """Where and what, without the value at fault: it may be a person's."""
        trace, line = error.__traceback__, 0
        while trace:
            if trace.tb_frame.f_code.co_filename == "<template>":
                line = self._template.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        what = str(error) if isinstance(error, SecurityError) else _KNOWN.get(type(error), type(error).__name__)
        return f"{self.field}, line {line}: {what}"


_KNOWN: dict[type[Exception], str] = {
    TypeError: "a value is of the wrong type for what is done with it",
    ValueError: "a value is not what the expression needs",
    ZeroDivisionError: "division by zero",
    RecursionError: "nested too deeply",
    jinja2.TemplateRuntimeError: "this cannot be assigned to or called",
}


def _checked(field: str, source: str) -> str:
    if not source.strip():
        raise TemplateRefused(field, "is empty")
    if field == "subject" and len(source) > MAX_SUBJECT:
        raise TemplateRefused(field, f"has {len(source):,} characters; at most {MAX_SUBJECT} are allowed")
    try:
        size = len(source.encode())
    except UnicodeEncodeError:
        raise TemplateRefused(field, "is not valid Unicode") from None
    if size > MAX_SOURCE:
        raise TemplateRefused(field, f"has {size:,} bytes; at most {MAX_SOURCE:,} are allowed")
    return source.replace(OPEN, "").replace(CLOSE, "")


def _one_line(subject: str) -> str:
    """Whitespace and control characters become single spaces, so no value can end the header."""
    line = " ".join(_CONTROL.sub(" ", subject).split())
    if not line:
        raise RenderingFailed("subject: is empty for this person")
    if len(line) > MAX_SUBJECT:
        raise RenderingFailed(f"subject: is longer than {MAX_SUBJECT} characters for this person")
    return line


def _refuse_long(field: str, output: str) -> None:
    if len(output) > MAX_OUTPUT:
        raise RenderingFailed(f"{field}: is longer than {MAX_OUTPUT:,} characters for this person")


def _valid(text: str) -> str:
    """JSON can carry half a surrogate pair, which no mail can."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return text
