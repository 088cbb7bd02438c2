"""A page of the console reads a bounded number of rows, after a year of use and with 50,000 people in a job.

How long each page takes is a figure of `make bench`; here it is what that rests on: how many rows are read.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.addresses import filled, pages
from tests.worlds.crowd import Crowd
from tests.worlds.live import live

MOST_ROWS = 3_000  # 50,000 people, and 20,000 of everything else, are there


@pytest.fixture(scope="module")
def crowd(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    # its clock never strikes: whatever is read is read for the page
    with live(tmp_path_factory.mktemp("crowd"), {}, migrated=migrated, cron_seconds=0) as running:
        yield Crowd(running, tmp_path_factory.mktemp("sql"))


@pytest.mark.parametrize("path", list(pages({})))
def test_a_page_reads_a_bounded_number_of_rows(crowd: Crowd, path: str) -> None:
    rows, took = crowd.ask(filled(path, crowd.known))
    print(f"{path}: {rows} rows, {took:.0f} ms")
    assert rows <= MOST_ROWS
