"""One of many: what one of them raises is that one's.

The promise: in a loop over people, events, messages, jobs or files, an exception of one is logged by type and place,
and the others go on. What ends the invocation itself is no `Exception`, and is not held up.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import Unavailable
from core.log import log, place_of


@contextmanager
def alone(
    *, site: str | None = None, job: str | None = None, batch: int | None = None, callback: str | None = None
) -> Iterator[None]:
    """Around the work on one; the names are those of a line of the log."""
    try:
        yield
    except Unavailable as error:
        name = type(error).__name__
        log("warning", "one of many put off", site=site, job=job, batch=batch, callback=callback, reason=name)
    except Exception as error:
        place = place_of(error)
        log("error", "one of many failed", site=site, job=job, batch=batch, callback=callback, reason=place)
