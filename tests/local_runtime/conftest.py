"""Two runtimes: one with src/ as it is, which tests may kill and start again, and one with a probe for a Worker."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dev.server import ROOT, LocalRuntime
from tests.delivery_events.support import SETTINGS
from tests.doubles.ports import refused_port
from tests.doubles.sendgrid import SendGridServer
from tests.worlds.live import PATIENCE, Live, live

PROBE = Path(__file__).parent / "probe/entry.py"


class Probe:
    """`probe("sql", […])` is its answer."""

    def __init__(self, runtime: LocalRuntime, http: httpx.Client) -> None:
        self.runtime = runtime
        self._http = http

    def __call__(self, name: str, question: Any = None) -> Any:
        response = self._http.post(f"/{name}", content=json.dumps(question))
        assert response.is_success, f"{name}: {response.text}\n{self.runtime.tail()}"
        return response.json()


@pytest.fixture(scope="package")
def sendgrid() -> Iterator[SendGridServer]:
    with SendGridServer() as server:
        yield server
        assert server.errors == []


@pytest.fixture(scope="package")
def the_runtime(tmp_path_factory: pytest.TempPathFactory, migrated: Path, sendgrid: SendGridServer) -> Iterator[Live]:
    with refused_port() as port:
        variables = {
            **sendgrid.settings(),
            "RESEND_ENDPOINT": f"http://127.0.0.1:{port}",
            "RESEND_API_KEY": "re_on-this-machine",
            "SENDGRID_WEBHOOK_KEY": SETTINGS["SENDGRID_WEBHOOK_KEY"],
            "BATCH_SIZE": "100",
            "MAX_ATTEMPTS": "1",
        }
        with live(tmp_path_factory.mktemp("runtime"), variables, migrated=migrated, cron_seconds=1) as running:
            yield running


@pytest.fixture
def running(the_runtime: Live) -> Live:
    """The same for all tests; one that was killed and not started again is not the next test's trouble."""
    if not the_runtime.runtime.alive:
        the_runtime.runtime.start()
    return the_runtime


@pytest.fixture(scope="package")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project whose Worker is the probe, and whose queues are impatient."""
    copy = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "migrations", copy / "migrations")
    shutil.copy(PROBE, copy / "src/entry.py")
    settings = (ROOT / "wrangler.toml").read_text()
    before, queue, after = settings.partition('queue = "offload-batches"\nmax_batch_size')
    assert queue
    after = after.replace("max_retries = 10", "max_retries = 2", 1).replace("retry_delay = 30", "retry_delay = 1", 1)
    after = after.replace("max_batch_timeout = 5", "max_batch_timeout = 0")
    (copy / "wrangler.toml").write_text(before + queue + after)
    return copy


@pytest.fixture(scope="package")
def probe(project: Path, migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    state = tmp_path_factory.mktemp("probe")
    shutil.copytree(migrated, state, dirs_exist_ok=True)
    with (
        LocalRuntime(state, project=project, cron_seconds=1, reload=True) as runtime,
        httpx.Client(base_url=runtime.url, timeout=PATIENCE, trust_env=False) as http,
    ):
        yield Probe(runtime, http)
