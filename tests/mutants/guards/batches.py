"""Nobody is lost: batches, their leases, their ends, and how jobs come to be and change."""

from tests.mutants.guard import Guard

QUEUES = "tests/faults/test_queues.py"
CRASHES = "tests/faults/test_crashes.py"
OUTSIDE = "tests/faults/test_outside.py"
PEOPLE = "tests/faults/test_people.py"
CONSUMER = "tests/queue_consumer/test_batches.py"
OUTCOMES = "tests/queue_consumer/test_outcomes.py"
REDELIVERY = "tests/queue_consumer/test_redelivery.py"
RECIPIENTS = "src/store/recipients.py"
BATCHES = "src/store/batches.py"
CONSUMING = "src/queue_consumer.py"

GUARDS = (
    Guard(
        "a batch that dies again and again is given up",
        CONSUMING,
        "if self.redeliveries >= MAX_REDELIVERIES:",
        "if self.redeliveries >= 10 * MAX_REDELIVERIES:",
        (REDELIVERY, "-k", "poison"),
    ),
    Guard(
        "a batch that is given up comes again where its dead letter is lost",
        CONSUMING,
        "again = self.services.clock.now() + GIVEN_UP_AGAIN",
        "again = self.services.clock.now() + 10_000 * GIVEN_UP_AGAIN",
        (QUEUES, "-k", "given_up"),
    ),
    Guard(
        "a batch that is given back looks at the pause in its own transaction",
        BATCHES,
        "throttles = throttles + ?5,\n"
        "                due_at = iif((SELECT state FROM jobs WHERE id = ?1) = 'paused', NULL, ?4)",
        "throttles = throttles + ?5,\n                due_at = ?4",
        (CONSUMER, "tests/jobs/test_actions.py", "tests/jobs/test_breakers.py", PEOPLE, "-k", "pause"),
    ),
    Guard(
        "a cancellation leaves who is in flight to the next lease",
        BATCHES,
        "SET state = iif(sending = 0, 'done', state)",
        "SET state = 'done'",
        (PEOPLE, "-k", "row_12"),
    ),
    Guard(
        "a batch has ended only when everybody in it has",
        BATCHES,
        "WHERE {_HELD} AND pending = 0 AND sending = 0",
        "WHERE {_HELD} AND sending = 0",
        (OUTCOMES, OUTSIDE, "-k", "row_7 or temporary"),
    ),
    Guard(
        "a batch that somebody sends is not buried",
        BATCHES,
        "AND ifnull(lease_until, 0) <= ?3 RETURNING number",
        "RETURNING number",
        ("tests/faults/test_guards.py",),
    ),
    Guard(
        "a batch's end is told in its own transaction",
        CONSUMING,
        "                events.batch_finished(self.job, self.number, self.fence, now),\n",
        "",
        (QUEUES, "-k", "row_1"),
    ),
    Guard(
        "a job's end is told in its own transaction",
        CONSUMING,
        "                events.batch_finished(self.job, self.number, self.fence, now),\n"
        "                batches.finish(self.job, self.number, self.fence),\n"
        "                events.completed(self.job, now),\n",
        "                events.batch_finished(self.job, self.number, self.fence, now),\n"
        "                batches.finish(self.job, self.number, self.fence),\n",
        (QUEUES, "-k", "row_1"),
    ),
    Guard(
        "counters are counted in the transaction of the rows",
        BATCHES,
        "SET ({_COUNTERS}) = (SELECT {_COUNTS} FROM recipients WHERE job_id = ?1 AND {RANGE}),\n"
        "                lease_until = iif(",
        "SET lease_until = iif(",
        (REDELIVERY, CRASHES, PEOPLE, "-k", "zombie or row_12"),
    ),
    Guard(
        "the sweeper takes dead leases back",
        "src/sweep.py",
        "[batches.reclaim(now), batches.requeue(now - LOST_AFTER, now)]",
        "[batches.reclaim(0), batches.requeue(now - LOST_AFTER, now)]",
        ("tests/test_sweep.py",),
    ),
    Guard(
        "the sweeper replaces lost messages",
        "src/sweep.py",
        "[batches.reclaim(now), batches.requeue(now - LOST_AFTER, now)]",
        "[batches.reclaim(now), batches.requeue(0, now)]",
        (QUEUES, "-k", "row_10"),
    ),
    Guard(
        "a second message buries no batch that waits",
        CONSUMING,
        'if "reason" not in body and waits_until > now:',
        "if False:",
        (REDELIVERY,),
    ),
    Guard(
        "the same key with another request is refused",
        "src/jobs/actions.py",
        'if earlier["request_hash"] != request.request_hash:',
        'if not earlier["request_hash"]:',
        (PEOPLE, "-k", "row_18"),
    ),
    Guard(
        "two calls at once add no more people than a job may have",
        RECIPIENTS,
        "AND j.total + need.people <= ?6 AND {room}",
        "AND j.total + need.people <= ?6 + 100 AND {room}",
        ("tests/jobs/test_actions.py",),
    ),
    Guard(
        "a change is audited in its own transaction",
        "src/jobs/actions.py",
        "noted = [note(job_id, states)] if note else []",
        "noted = [note(job_id, states)] if note and not states else []",
        (PEOPLE, "-k", "row_12", "tests/api/test_jobs.py"),
    ),
    Guard(
        "a dead letter is redriven once",
        "src/store/dead_letters.py",
        "WHEN d.state <> 'open' THEN 'already_' || d.state\n        WHEN d.queue",
        "WHEN d.queue",
        ("tests/api/test_redrive.py",),
    ),
)
