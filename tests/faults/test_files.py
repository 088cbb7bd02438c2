"""A store of files that fails costs nobody their certificate or their mail.

Rows of docs/reliability.md; `simulate` also holds each history to the invariants.
"""

import pytest

from tests.faults.deployment import Deployment, simulate
from tests.faults.injection import KINDS, Scripted, Strike


@pytest.mark.parametrize("fault", KINDS["r2"])
def test_row_21_a_bucket_that_fails_leaves_one_file_for_everybody(fault: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        site = await deployment.add_site("box", "sandbox", deployment.internet.sendgrid)
        deployment.storm()
        job = await site.job(100)
        site.jobs.clear()  # its mails are files
        await deployment.settle()
        assert site.states(job) == {"sent": 100}
        files = deployment.bucket.memory.objects
        assert len(files) == 100
        assert all(name.startswith(f"{site.id}/sandbox/{job}/") for name in files)

    simulate(scenario, faults=Scripted(Strike("r2", "", fault, nth=10, times=1 if "crash" in fault else 8)))
