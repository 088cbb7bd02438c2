"""Which tests go to one process where several run side by side (`make test`), and which come first.

The promise: what takes long to start, a service or an interpreter, is started once for all tests that share it, and
before all others. A mark of pytest-xdist would say the same; `tests/test_side_by_side.py` holds what this module says.
"""

import os

from xdist.scheduler import LoadScopeScheduling

# Folders, or files of them, whose tests share what takes long to start; the longest first.
SHARED = ("tests/local_runtime/", "tests/browser/test_size.py", "tests/browser/", "tests/runtime/", "tests/acceptance/")


def unit(node_id: str) -> str:
    """What goes to one process as a whole: what is shared, or else a file."""
    return next((start for start in SHARED if node_id.startswith(start)), node_id.partition("::")[0])


def turn(node_id: str) -> int:
    shared = unit(node_id)
    return SHARED.index(shared) if shared in SHARED else len(SHARED)


def workers() -> int:
    """One more than there are cores: a process whose tests look at a service mostly waits."""
    return (os.cpu_count() or 1) + 1


class Scheduler(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)
