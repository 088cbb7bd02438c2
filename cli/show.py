"""What a person sees: tables and bars on a terminal, plain lines where the output goes somewhere else.

The promises: colour never tells anything alone, and nothing that comes from a person's data reaches the terminal as a
control sequence or as markup.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from cli.api import Json

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


class State(NamedTuple):
    name: str
    glyph: str
    style: str


# in the order in which they stand in the bar
PEOPLE = (
    State("sent", "█", "green"),
    State("suppressed", "▚", "cyan"),
    State("failed", "▓", "red"),
    State("uncertain", "▒", "yellow"),
    State("cancelled", "▁", "bright_black"),
    State("sending", "▌", "bright_green"),
    State("pending", "·", "bright_black"),
)
_JOB_STYLES = {
    "running": "bold green",
    "queued": "green",
    "scheduled": "cyan",
    "paused": "bold yellow",
    "completed": "bold",
    "cancelled": "red",
}


def clean(value: object) -> str:
    """One line without control characters, whoever wrote it."""
    return "" if value is None else _CONTROL.sub(" ", str(value))


def line(*values: object) -> None:
    """A plain line for scripts, its fields separated by tabs."""
    print("\t".join("-" if value in (None, "") else clean(value) for value in values), flush=True)


def as_json(answer: Any) -> str:
    return json.dumps(answer, ensure_ascii=False, indent=2)


def pretty(answer: Any) -> None:
    """JSON for scripts."""
    print(as_json(answer), flush=True)


def note(message: str, style: str = "") -> None:
    """A word to the person at the terminal; never part of the output."""
    err.print(Text(message, style), soft_wrap=not err.is_terminal)


def fault(message: str, lines: Sequence[str] = (), hint: str = "", *, warning: bool = False) -> None:
    mark, style = ("!", "yellow") if warning else ("✖", "bold red")
    wrap = not err.is_terminal
    err.print(Text.assemble((f"{mark} ", style), (clean(message), "bold")), soft_wrap=wrap)
    for each in lines:
        err.print(Text(f"  {clean(each)}"), soft_wrap=wrap)
    if hint:
        err.print(Text(f"  {hint}", "dim"), soft_wrap=wrap)


def table(*columns: str, numbers: Iterable[str] = ()) -> Table:
    result = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, collapse_padding=True)
    right = set(numbers)
    for column in columns:
        result.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return result


def facts(pairs: Iterable[tuple[str, object]]) -> Table:
    """Names and values, those without a value left out."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        if value not in (None, ""):
            grid.add_row(name, value if isinstance(value, Text) else clean(value))
    return grid


def job_state(job: Json) -> Text:
    text = Text(job["state"], _JOB_STYLES.get(job["state"], "dim"))
    if job["reason"]:
        text.append(f": {clean(job['reason'])}", "none")
    return text


def bar(counts: Mapping[str, int], width: int) -> Text:
    """Everybody in `width` cells by state; a state that anybody is in has a cell at least."""
    text = Text(no_wrap=True)
    for state, cells in zip(PEOPLE, cells_of([counts[state.name] for state in PEOPLE], width), strict=True):
        text.append(state.glyph * cells, state.style)
    return text


def cells_of(values: Sequence[int], width: int) -> list[int]:
    """`width` cells shared out in proportion, none for 0 and one at least for any other value."""
    total = sum(values)
    if not total:
        return [0] * len(values)
    cells = [max(1, value * width // total) if value else 0 for value in values]
    largest = max(range(len(values)), key=lambda place: values[place])
    cells[largest] += width - sum(cells)
    return cells


def legend(counts: Mapping[str, int]) -> Text:
    """The states that anybody is in, and always those a sender looks for."""
    text = Text()
    for state in PEOPLE:
        if counts[state.name] or state.name in ("sent", "failed"):
            text.append("" if not text else "   ")
            text.append(f"{state.glyph}\u00a0", state.style)  # a sign stays with its word
            text.append(f"{state.name}\u00a0{counts[state.name]:,}")
    return text


def progress(job: Json, width: int) -> Group:
    """A job as a bar by state, its numbers, its speed and the time left."""
    return Group(bar(job["counts"], width), legend(job["counts"]), Text(speed(job), "dim"))


def share_done(job: Json) -> int:
    counts = job["counts"]
    total = counts["total"]
    return 100 * (total - counts["pending"] - counts["sending"]) // total if total else 0


def speed(job: Json) -> str:
    words = [f"{share_done(job)} % of {job['counts']['total']:,}"]
    if job["measured_rate"] is not None:
        words.append(f"{job['measured_rate']:,.4g}/s")
    if job["started_at"] and job["ended_at"]:
        took = datetime.fromisoformat(job["ended_at"]) - datetime.fromisoformat(job["started_at"])
        words.append(f"took {duration(took.total_seconds())}")
    else:
        words.append(f"limit {job['rate']:,.4g}/s")
    if job["eta_seconds"]:
        words.append(f"about {duration(job['eta_seconds'])} left")
    return " · ".join(words)


def duration(seconds: float) -> str:
    """In the two largest units: `2 h 5 min`."""
    left = max(0, round(seconds))
    words: list[str] = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if left >= size or (unit == "s" and not words):
            words.append(f"{left // size} {unit}")
            left %= size
    return " ".join(words[:2])


def moment(value: str | None) -> str:
    """A time of the API, on this machine's clock."""
    return datetime.fromisoformat(value).astimezone().strftime("%Y-%m-%d %H:%M") if value else ""


def brief(value: str) -> str:
    """The same in 12 characters at most, as `ls` does it."""
    here = datetime.fromisoformat(value).astimezone()
    return here.strftime("%b %d %H:%M" if here.year == datetime.now().year else "%Y-%m-%d")


def count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def people(number: int) -> str:
    return count(number, "person", "people")
