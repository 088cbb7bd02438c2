"""One local runtime for the whole checklist, with the providers' stand-ins it sends through."""

from collections.abc import Iterator

import pytest

from tests.doubles.aws import SesServer, ses_server
from tests.doubles.sendgrid import SendGridServer
from tests.worlds.live import Live, live


@pytest.fixture(scope="package")
def ses() -> Iterator[SesServer]:
    with ses_server("school.example") as server:
        yield server


@pytest.fixture(scope="package")
def sendgrid() -> Iterator[SendGridServer]:
    with SendGridServer() as server:
        yield server
        assert server.errors == []


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory, ses: SesServer, sendgrid: SendGridServer) -> Iterator[Live]:
    variables = {**ses.settings(), **sendgrid.settings()}
    with live(tmp_path_factory.mktemp("acceptance"), variables) as running:
        yield running
