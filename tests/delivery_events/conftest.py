"""No test sees a certificate that another one fetched."""

from collections.abc import Iterator

import pytest

from delivery_events import ses


@pytest.fixture(autouse=True)
def no_certificate_is_kept() -> Iterator[None]:
    ses._keys.clear()
    yield
    ses._keys.clear()
