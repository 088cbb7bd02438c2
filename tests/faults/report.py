"""Adds up what the storms of `make faults` did: `python -m tests.faults.report <file>`; `--write` puts it into
docs/reliability.md with the date."""

import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/reliability.md"
BEGIN, END = "<!-- totals -->", "<!-- end of totals -->"
WORDS = {
    "people": "people",
    "sent": "ended as sent",
    "failed": "as failed",
    "uncertain": "as uncertain",
    "suppressed": "as suppressed",
    "cancelled": "as cancelled",
    "mails": "mails that left",
    "replays": "repeats that a provider recognised by their key",
    "resends": "people whom somebody had mailed again in doubt",
    "invocations": "invocations of the consumers",
    "lost": "**lost**",
    "doubled": "**mailed twice**",
}


def totals(lines: list[str]) -> str:
    runs = [json.loads(line) for line in lines]
    struck: Counter[str] = Counter()
    for run in runs:
        struck.update(run["struck"])
    rows = [("storms, each with a seed of its own", len(runs)), ("faults injected", struck.total())]
    rows += [(words, sum(run[name] for run in runs)) for name, words in WORDS.items()]
    text = "| what | number |\n|---|---|\n" + "".join(f"| {what} | {number:,} |\n" for what, number in rows)
    text += "\n| fault | injected |\n|---|---|\n"
    return text + "".join(f"| `{fault}` | {number:,} |\n" for fault, number in sorted(struck.items()))


def main(arguments: list[str]) -> None:
    text = totals(Path(arguments[0]).read_text().splitlines())
    if "--write" in arguments:
        page = PAGE.read_text()
        before, _, rest = page.partition(BEGIN)
        after = rest.partition(END)[2]
        date = datetime.now(UTC).date().isoformat()
        PAGE.write_text(f"{before}{BEGIN}\n\nOn {date}:\n\n{text}\n{END}{after}")
    else:
        print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
