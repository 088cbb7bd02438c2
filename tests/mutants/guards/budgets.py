"""What a crash, a wait, an outage and a sweep cost, and what is left as it was."""

from tests.mutants.guard import Guard

BUDGETS = "tests/queue_consumer/test_budgets.py"

GUARDS = (
    Guard(
        "a mail that was accepted gives the budget of crashes back",
        "src/store/batches.py",
        "SET throttles = 0, redeliveries = 0\n            WHERE {_HELD}",
        "SET throttles = 0\n            WHERE {_HELD}",
        (BUDGETS,),
    ),
    Guard(
        "a dead lease that the sweeper takes back costs one",
        "src/store/batches.py",
        "lease_until = NULL, redeliveries = redeliveries + 1",
        "lease_until = NULL",
        (BUDGETS,),
    ),
    Guard(
        "a dead lease that another takes costs one",
        "src/store/batches.py",
        "SET redeliveries = redeliveries + (state = 'processing'), state = 'processing'",
        "SET state = 'processing'",
        ("tests/queue_consumer/test_redelivery.py",),
    ),
    Guard(
        "an interruption is an attempt",
        "src/store/recipients.py",
        "attempts = attempts + 1, updated_at = ?4\n            WHERE job_id = ?1 AND {RANGE} AND state = 'sending'",
        "updated_at = ?4\n            WHERE job_id = ?1 AND {RANGE} AND state = 'sending'",
        (BUDGETS,),
    ),
    Guard(
        "who was erased is not sent to again",
        "src/store/recipients.py",
        "WHERE {_SELECTED} AND email <> ''\n              AND EXISTS",
        "WHERE {_SELECTED}\n              AND EXISTS",
        (BUDGETS,),
    ),
    Guard(
        "whom the provider told of is sent when their batch is buried",
        "src/store/recipients.py",
        "WHEN delivery IS NULL THEN 'uncertain' ELSE 'sent' END",
        "ELSE 'uncertain' END",
        (BUDGETS,),
    ),
    Guard(
        "a progress that was delivered stays so",
        "src/store/events.py",
        "WHERE job_id = ?1 AND type = 'job.progress' AND state = 'pending'",
        "WHERE job_id = ?1 AND type = 'job.progress'",
        (BUDGETS,),
    ),
    Guard(
        "a refusal for good ends a row of outages",
        "src/sending/group.py",
        "        except Rejected as error:\n            self._down_in_a_row = 0\n",
        "        except Rejected as error:\n",
        (BUDGETS,),
    ),
    Guard(
        "a refusal for now ends a row of outages",
        "src/sending/group.py",
        "        if not isinstance(error, ProviderDown | ProviderBroken):\n            self._down_in_a_row = 0\n",
        "        if not isinstance(error, ProviderDown | ProviderBroken):\n",
        (BUDGETS,),
    ),
    Guard(
        "a mail that was sent ends a row of outages",
        "src/sending/group.py",
        "        self._down_in_a_row = 0\n        return Outcome(position, RecipientState.SENT",
        "        return Outcome(position, RecipientState.SENT",
        (BUDGETS,),
    ),
    Guard(
        "no wait is longer than a queue can hold",
        "src/sending/backoff.py",
        "min(86_400, round(retry_after))",
        "round(retry_after)",
        (BUDGETS,),
    ),
    Guard(
        "a wait longer than any quota is none",
        "src/providers/base.py",
        "LONGEST_WAIT = 31 * 86_400",
        "LONGEST_WAIT = 31 * 86_400_000",
        ("tests/providers/test_base.py",),
    ),
    Guard(
        "a certificate that would be over is not issued anew",
        "src/certs.py",
        'return latest["expires_at"] is not None and latest["expires_at"] <= at < (expires_at or at + 1)',
        'return latest["expires_at"] is not None and latest["expires_at"] <= at',
        ("tests/certs/test_expiry.py",),
    ),
    Guard(
        "of two like events the earlier counts",
        "src/delivery_events/outcomes.py",
        "-event.at))",
        "event.at))",
        ("tests/delivery_events/test_outcomes.py",),
    ),
    Guard(
        "who is known to be mailed has no failure beside it",
        "src/store/recipients.py",
        "reason = 'resolved', detail = NULL, updated_at",
        "reason = 'resolved', updated_at",
        (BUDGETS,),
    ),
    Guard(
        "mails of the sandbox count in what a sweep may erase",
        "src/privacy/retention.py",
        "        budget -= len(files)\n",
        "",
        ("tests/privacy/test_retention.py",),
    ),
)
