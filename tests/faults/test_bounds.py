"""Row 22: what a person costs does not grow with their number."""

import pytest

from tests.faults.deployment import Deployment, simulate


@pytest.mark.parametrize("people", [500, 5000])
def test_row_22_statements_and_requests_a_person_are_bounded(people: int) -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.north
        database = deployment.database.sqlite
        deployment.internet.mail_seconds = 0.05
        start, statements, transactions = deployment.loop.time(), database.statements, database.transactions
        await site.job(people)
        await deployment.settle()
        assert set(site.mails.attempts.values()) == {1}
        assert len(site.mails.attempts) == people
        assert (database.statements - statements) / people < 0.75 + 100 / people
        assert (database.transactions - transactions) / people < 0.3 + 50 / people
        assert site.moodle.deliveries / people < 0.02 + 10 / people
        # 50,000 in less than half an hour, at this provider's speed
        seconds = max(max(moments) for moments in site.mails.left.values()) - start
        assert people / seconds > 50_000 / 1800 or people < 5000

    simulate(scenario, settings={"BATCH_SIZE": "200"})
