"""One local runtime for the whole checklist, with the providers' stand-ins it sends through."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.doubles.sendgrid import SendGridServer
from tests.worlds.live import Live, live

if TYPE_CHECKING:
    from tests.doubles.aws import SesServer


@pytest.fixture(scope="package")
def ses() -> Iterator["SesServer"]:
    from tests.doubles.aws import ses_server  # moto takes seconds to import

    with ses_server("school.example") as server:
        yield server


@pytest.fixture(scope="package")
def sendgrid() -> Iterator[SendGridServer]:
    with SendGridServer() as server:
        yield server
        assert server.errors == []


@pytest.fixture(scope="package")
def running(
    tmp_path_factory: pytest.TempPathFactory, migrated: Path, ses: "SesServer", sendgrid: SendGridServer
) -> Iterator[Live]:
    variables = {**ses.settings(), **sendgrid.settings()}
    with live(tmp_path_factory.mktemp("acceptance"), variables, migrated=migrated) as running:
        yield running
