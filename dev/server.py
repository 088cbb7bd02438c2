"""Starts and ends one local runtime (dev/runtime.mjs) from Python: for tests, the demo, benchmarks and `make dev`."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import sqlite3
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

ROOT = Path(__file__).resolve().parent.parent
# asked for by path, so that it works without an activated environment
NODE = ROOT / ".venv/bin/node"
WRANGLER = ROOT / "node_modules/wrangler/bin/wrangler.js"

READY = "Ready on "
PATIENCE = 300  # seconds; nothing takes thirty, but on a machine that is busy otherwise
TRIES = 5  # of a command of wrangler


class LocalRuntime:
    """The Worker of `project` with its state in `state`; a second one on the same state finds everything again."""

    def __init__(
        self,
        state: Path,
        variables: Mapping[str, str] | None = None,
        *,
        project: Path = ROOT,
        port: int = 0,
        cron_seconds: float = 60,
        reload: bool = False,
        start_timeout: float = PATIENCE,
    ) -> None:
        self.state = state
        self.project = project
        self.log = state / "runtime.log"
        self.url = ""
        self._start_timeout = start_timeout
        self._arguments = [
            "--attached",
            *("--project", str(project), "--state", str(state), "--port", str(port)),
            *("--cron-seconds", str(cron_seconds)),
            *(["--reload"] if reload else []),
            *(f"--var={name}={value}" for name, value in (variables or {}).items()),
        ]
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.migrate()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wrangler(self, *arguments: str) -> str:
        """Runs wrangler on this runtime's own database and files, also while it runs; returns what it printed."""
        command = [str(NODE), str(WRANGLER), *arguments, "--local", "--persist-to", str(self.state)]
        environment = {**os.environ, "CI": "true", "NO_COLOR": "1", "WRANGLER_SEND_METRICS": "false"}
        for _ in range(TRIES):
            done = subprocess.run(
                command,
                cwd=self.project,
                env=environment,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            said = done.stdout + done.stderr
            if "SQLITE_BUSY" not in said:  # the runtime wrote at that moment, and nothing of this was done
                break
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)} failed:\n{said}")
        return done.stdout

    def migrate(self) -> None:
        """By wrangler; it is not started where every migration is in the database: it takes as long as the runtime."""
        self.state.mkdir(parents=True, exist_ok=True)
        if {file.name for file in (self.project / "migrations").glob("*.sql")} - self._applied():
            self.wrangler("d1", "migrations", "apply", "DB")

    def database(self) -> sqlite3.Connection:
        """The file of D1, also while the runtime is down; what wrangler would show, without the seconds it takes."""
        [file] = self.state.glob("v3/d1/*/[!m]*.sqlite")  # beside Miniflare's own metadata.sqlite
        return sqlite3.connect(file, timeout=PATIENCE)

    def _applied(self) -> set[str]:
        with contextlib.suppress(ValueError, sqlite3.OperationalError), contextlib.closing(self.database()) as database:
            return {name for (name,) in database.execute("SELECT name FROM d1_migrations")}
        return set()

    def start(self) -> None:
        """Starts the process and returns once it can serve; it keeps its port over kill() and start()."""
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [str(NODE), str(ROOT / "dev/runtime.mjs"), *self._arguments],
                stdin=subprocess.PIPE,  # closes when this process is gone, however it ended
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # a process group of its own: node and its workerd end together
            )
        assert self._process.stdout is not None
        line = _first_line(self._process.stdout, self._start_timeout)
        if not line.startswith(READY):
            self.kill()
            raise RuntimeError(f"the local runtime did not start; the end of {self.log}:\n{self.tail()}")
        self.url = line.removeprefix(READY).strip()
        self._arguments[self._arguments.index("--port") + 1] = self.url.rpartition(":")[2]

    def stop(self, patience: float = 60) -> None:
        """Ends it cleanly: requests and queue messages in flight are finished first."""
        if self._process is None:
            return
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self.kill()

    def kill(self) -> None:
        """Ends it at once, as a machine that loses power."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with self._process:  # reaps it, closes its pipes
            self._process = None

    def d1_usage(self) -> dict[str, int]:
        """What D1 would have billed since this process began: `queries`, `rows_read`, `rows_written`."""
        assert self._process is not None, "not started"
        with self.log.open(errors="replace") as log:
            log.seek(0, os.SEEK_END)
            self._process.send_signal(signal.SIGUSR2)
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                line = log.readline()
                if '"D1 usage"' in line:
                    usage: dict[str, int] = json.loads(line)["DB"]
                    return usage
                time.sleep(0 if line else 0.01)
        raise RuntimeError("the local runtime does not tell what it has used")

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def _first_line(stream: IO[str], timeout: float) -> str:
    """The first line of output, or nothing when it does not come in time or the process ended."""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            if selector.select(left):
                return stream.readline()
    return ""
