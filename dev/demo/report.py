"""How the demo looks: a line for each step, and what came of it in the end."""

import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from dev.demo.checks import Check, Result
from dev.server import ROOT

console = Console(highlight=False)
WIDEST = 100


def title(name: str, what: str) -> None:
    console.print(Text.assemble("\n", (name, "bold"), (f"  {what}", "dim"), "\n"))


@contextmanager
def step(doing: str, done: str) -> Iterator[None]:
    began = time.monotonic()
    with console.status(doing):
        yield
    console.print(Text.assemble(("✔ ", "green"), done, (f"  {time.monotonic() - began:.1f} s", "dim")))


def gap() -> None:
    console.print()


def command(words: Sequence[str]) -> None:
    console.print(Text.assemble("\n", ("$ ", "bold cyan"), (shlex.join(words), "bold")), soft_wrap=True)
    sys.stdout.flush()  # before the command's own output


def summary(result: Result, judged: Sequence[Check], seconds: float) -> None:
    held = all(check.holds for check in judged)
    line = Rule(style="dim")
    parts = Group(_numbers(result, seconds), line, _checks(judged), line, _reasons(result))
    console.print()
    console.print(
        Panel(
            Padding(parts, (1, 2, 0, 2)),
            title=Text(" Everything held " if held else " Something did not hold ", "bold"),
            border_style="green" if held else "red",
            width=min(console.width, WIDEST),
        )
    )


def _numbers(result: Result, seconds: float) -> Table:
    counts = result.job["counts"]
    numbers = (
        (f"{counts['total']:,}", "learners", "bold"),
        (f"{counts['sent']:,}", "sent", "bold green"),
        (f"{counts['failed']:,}", "failed", "bold yellow"),
        (f"{len(result.pushed.events):,}", "callbacks", "bold"),
        (f"{seconds:.1f}", "seconds", "bold"),
    )
    grid = Table.grid(expand=True)
    for _ in numbers:
        grid.add_column(justify="center", ratio=1)
    grid.add_row(*(Text(number, style) for number, _, style in numbers))
    grid.add_row(*(Text(what, "dim") for _, what, _ in numbers))
    return grid


def _checks(judged: Sequence[Check]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for check in judged:
        mark, style = (Text("✔", "green"), "") if check.holds else (Text("✖", "bold red"), "bold red")
        grid.add_row(mark, Text(check.promise, style), Text(check.detail, "dim"))
    return grid


def _reasons(result: Result) -> Table:
    failed = [person for person in result.people if person["state"] == "failed"]
    groups = Counter((person["reason"], person["detail"]) for person in failed)
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False, show_edge=False)
    table.add_column("failed", justify="right")
    table.add_column("because of", no_wrap=True)
    table.add_column("in words")
    for (reason, detail), number in sorted(groups.items(), key=lambda group: (group[0][0], -group[1])):
        table.add_row(str(number), Text(reason, "yellow"), Text(detail, "dim"))
    return table


def places(named: Mapping[str, str | Path]) -> None:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for what, place in named.items():
        if isinstance(place, Path):
            grid.add_row(what, Text(str(place.relative_to(ROOT)), f"link {place.as_uri()}"))
        else:
            grid.add_row(what, Text(place))
    console.print(Padding(grid, (1, 3)))


def wait(environment: Mapping[str, str]) -> None:
    """Until Ctrl-C."""
    console.print(Text("It stays up until Ctrl-C. To look around in another terminal:\n", "bold"))
    for name, value in environment.items():
        console.print(f"export {name}={shlex.quote(value)}", soft_wrap=True, markup=False)
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(1)
