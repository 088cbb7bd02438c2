"""The console of a service with 50,000 people in a job, and 20,000 of everything else, on the local runtime."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.figures import Figure
from tests.console.addresses import filled, pages
from tests.worlds.crowd import Crowd
from tests.worlds.live import live

TIMES = 7


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, live(Path(folder), {}, cron_seconds=0) as running:
        crowd = Crowd(running, Path(folder))
        asked = [[crowd.ask(filled(path, crowd.known)) for _ in range(TIMES)] for path in pages({})]
    took = [median(milliseconds for _, milliseconds in each) for each in asked]
    yield Figure("console.page_ms", max(took), "ms, the slowest page")
    yield Figure("console.typical_ms", median(took), "ms, the page in the middle")
    yield Figure("console.rows_read", max(rows for each in asked for rows, _ in each), "rows, the most of a page")
