"""No request makes the API break, and every answer is what /openapi.json says of it: with schemathesis.

It makes requests that fit the document and requests that just do not, with every kind of token, for what is there and
for what is not. The same ones each time; with FUZZ_EXAMPLES=300 more of them.
"""

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from starlette.types import ASGIApp, Receive, Scope, Send

from api.unsubscribe import FORM
from tests.worlds.api import DOCUMENT
from tests.worlds.furnished import furnished

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "30"))  # an operation
UNDEFINED = [positive_data_acceptance]  # what is there decides: a job may be in another state
UNREFUSED = [negative_data_rejection]


class Stage:
    """An app that the deployment of one test after the other takes its place in."""

    served: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.served(scope, receive, send)


STAGE = Stage()
schema = schemathesis.openapi.from_dict(DOCUMENT)
schema.app = STAGE
schema.config.generation.update(with_security_parameters=False)


@pytest.fixture(autouse=True)
def deployment() -> None:
    STAGE.served = furnished().serve()


@schema.given(role=st.sampled_from(["nobody", "operator", "site", "company", "read_only"]), which=st.integers(-3, 5))
@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_whatever_is_asked_the_answer_is_as_documented(case: Any, role: str, which: int) -> None:
    for name in case.path_parameters or {}:
        known = furnished().known[name]
        if which >= 0:
            case.path_parameters[name] = known[which % len(known)]
    token = furnished().tokens[role]
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    case.call_and_validate(headers=headers, excluded_checks=UNDEFINED + UNREFUSED * _is_lenient(case))


def _is_lenient(case: Any) -> bool:
    """Whether what does not fit the document may be taken: an empty parameter is none, a table's text may say anything,
    and the form of the page for people takes whatever mail programs add."""
    return "" in (case.query or {}).values() or str(case.media_type).startswith(("text/", "multipart/", FORM))
