"""Side by side, a service is started once: its tests go to one process, and before all others."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.side_by_side import SHARED, turn, unit

TESTS = Path(__file__).parent
# says in which process it runs
NOTES = """
import os
import pytest

@pytest.mark.parametrize("number", range(4))
def test_it(number):
    with open("processes", "a") as file:
        print(os.getpid(), file=file)
"""


@pytest.mark.parametrize(
    ("node_id", "expected"),
    [
        ("tests/local_runtime/test_worker.py::test_it[a::b]", "tests/local_runtime/"),
        ("tests/browser/test_size.py::test_a_page[/console/jobs]", "tests/browser/test_size.py"),
        ("tests/browser/test_journeys.py::test_it", "tests/browser/"),
        ("tests/api/test_jobs.py::test_it[tests/browser/]", "tests/api/test_jobs.py"),
    ],
)
def test_a_unit_is_what_is_shared_or_else_a_file(node_id: str, expected: str) -> None:
    assert unit(node_id) == expected


def test_what_is_shared_comes_first_in_its_order() -> None:
    files = [f"{start}x.py" if start.endswith("/") else start for start in SHARED]
    assert sorted(["tests/api/test_jobs.py", *reversed(files)], key=turn) == [*files, "tests/api/test_jobs.py"]


def test_what_is_shared_is_there() -> None:
    assert all((TESTS.parent / start).exists() for start in SHARED)


def test_the_tests_of_a_unit_run_in_one_process(tmp_path: Path) -> None:
    """Really, with the scheduler of `make test`: pytest-xdist passes over its own marks without a word."""
    folder = tmp_path / "tests" / "browser"
    folder.mkdir(parents=True)
    for name in "ab":
        (folder / f"test_{name}.py").write_text(NOTES)
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_xdist_make_scheduler\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadscope", "-p", "no:cacheprovider"]
    paths = os.pathsep.join([str(TESTS.parent), str(TESTS.parent / "src")])
    subprocess.run(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": paths}, check=True, timeout=120)
    noted = (tmp_path / "processes").read_text().split()
    assert len(noted) == 8
    assert len(set(noted)) == 1
