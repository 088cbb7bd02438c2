"""Text for a cell that no spreadsheet takes for a formula.

The promise: whatever character a spreadsheet parts lines at (comma, semicolon, tab, bar, colon, blank), no part begins
with a sign that makes it a formula, also behind blanks, quotes and what cannot be seen; and `restored` gives the text
back as it was. An apostrophe in front keeps a part text. Quoting the cell would not: quotes count only where a part
begins with one.
"""

import re

# OWASP's signs, full-width and small ones that spreadsheets read alike, and the minus of typography
SIGNS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212")
_SEPARATOR = re.compile(r"[,;|:\t\r\n ]")
# what may stand between a separator and the sign: controls, blanks, quotes, marks without width
_RUN = re.compile(
    r"[,;|:\"'\s\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]+"
)
_MARKED = re.compile(rf"({_SEPARATOR.pattern})'")
_LEADING = ("\t", "\r", "\n")  # of a cell, whatever follows (OWASP)


def guarded(text: str) -> str:
    """`text`, with an apostrophe wherever a part may begin as a formula."""
    marked = _RUN.sub(lambda run: _SEPARATOR.sub(r"\g<0>'", run[0]) if _is_risky(run) else run[0], text)
    return f"'{marked}" if _begins_risky(text) else marked


def restored(text: str) -> str:
    """What `guarded` was given."""
    bare = text[1:] if text.startswith("'") and _begins_risky(text[1:]) else text
    return _RUN.sub(lambda run: _MARKED.sub(r"\1", run[0]) if _sign_after(run) else run[0], bare)


def _begins_risky(text: str) -> bool:
    run = _RUN.match(text)
    end = run.end() if run else 0
    return text.lstrip("'").startswith(_LEADING) or text[end : end + 1] in SIGNS


def _is_risky(run: re.Match[str]) -> bool:
    """Whether a sign follows; a lone one between blanks is a dash, which computes nothing. At the end, the next cell
    may follow."""
    after = run.string[run.end() + 1 : run.end() + 2]
    return _sign_after(run) and not (run[0] == " " and after == " ")


def _sign_after(run: re.Match[str]) -> bool:
    return run.string[run.end() : run.end() + 1] in SIGNS
