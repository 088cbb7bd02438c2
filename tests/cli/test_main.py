"""The command stands alone from the Worker's code, tells its exit codes, and shows no traceback."""

import ast
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from cli.errors import EXIT_CODES
from tests.cli.conftest import Run
from tests.doubles.fake_service import TOKEN, FakeService

ROOT = Path(__file__).parents[2]


def offload(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """As the installed command runs it."""
    return subprocess.run(
        [sys.executable, "-c", "from cli.main import app; app()", *arguments],
        cwd=ROOT,
        env={"HOME": os.devnull, "NO_PROXY": "127.0.0.1", **environment},
        capture_output=True,
        timeout=300,
        check=False,
    )


def test_the_help_tells_every_exit_code(run: Run) -> None:
    shown = " ".join(run("--help").stdout.split())
    for code, meaning in EXIT_CODES:
        assert f"{code} {meaning}" in shown


def test_the_version_is_that_of_the_project(run: Run) -> None:
    assert run("--version").stdout == version("cloud-offload") + "\n"


def test_an_unknown_command_is_bad_input(run: Run) -> None:
    result = run("sendd")
    assert result.exit_code == 2
    assert "Did you mean 'send'?" in result.stderr


def test_the_command_stands_alone_from_the_workers_code() -> None:
    allowed = {*sys.stdlib_module_names, "cli", "httpx", "rich", "typer"}
    for path in (ROOT / "cli").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names.append(str(node.module))
            assert {name.partition(".")[0] for name in names} <= allowed, path


def test_a_terminal_that_cannot_show_a_name_shows_its_escapes(service: FakeService) -> None:
    service.job(name="王小明")
    done = offload("status", OFFLOAD_URL=service.url, OFFLOAD_TOKEN=TOKEN, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert b"\\u738b\\u5c0f\\u660e" in done.stdout


def test_an_error_is_told_on_the_standard_error_without_a_traceback() -> None:
    done = offload("me", "--url", "https://x.example")
    assert done.returncode == 2
    assert not done.stdout
    assert b"no token is set" in done.stderr
    assert b"Traceback" not in done.stderr
