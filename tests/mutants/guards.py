"""The guards, each with the break that takes it away and the tests that must turn red then."""

from typing import NamedTuple

MATRIX, DOUBT, CONSUMER = "tests/faults/test_matrix.py", "tests/faults/test_doubt.py", "tests/test_queue_consumer.py"
ERASURE, PRIVACY = "tests/privacy/test_erasure.py", "src/store/privacy.py"
NEW_LINK = "tests/api/test_new_link.py"
ACCESS, ACCESS_TESTS = "src/access.py", "tests/test_access.py"
RECIPIENTS, BATCHES, CONSUMING = "src/store/recipients.py", "src/store/batches.py", "src/queue_consumer.py"


class Guard(NamedTuple):
    """`old` stands once in `file`; with `new` in its place, `tests` (what pytest is given) must fail."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


GUARDS = (
    Guard(
        "a lease is taken only when nobody holds it",
        BATCHES,
        "OR (state = 'processing' AND lease_until <= ?4))",
        "OR state = 'processing')",
        (MATRIX, "-k", "row_2 or row_3"),
    ),
    Guard(
        "a claim takes only who is pending",
        RECIPIENTS,
        "AND state = 'pending' ORDER BY position LIMIT ?5)",
        "AND state IN ('pending', 'sent') ORDER BY position LIMIT ?5)",
        (MATRIX, "-k", "row_3 or row_7 or row_12"),
    ),
    Guard(
        "a claim is fenced",
        RECIPIENTS,
        "WHERE b.job_id = ?1 AND b.number = ?2 AND b.fence = ?3 AND b.state = 'processing'\n"
        "                            AND j.state = 'running')",
        "WHERE b.job_id = ?1 AND b.number = ?2 AND b.state = 'processing'\n"
        "                            AND j.state = 'running')",
        ("tests/faults/test_guards.py",),
    ),
    Guard(
        "nobody is claimed of a job that is paused or cancelled",
        RECIPIENTS,
        "AND b.state = 'processing'\n                            AND j.state = 'running')",
        "AND b.state = 'processing')",
        (MATRIX, "-k", "row_12"),
    ),
    Guard(
        "suppressions are looked up at the claim",
        RECIPIENTS,
        "WHERE s.site_id = j.site_id AND s.email IN (lower(recipients.email), recipients.address_hash)",
        "WHERE false AND s.site_id = j.site_id AND s.email IN (lower(recipients.email), recipients.address_hash)",
        (MATRIX, "-k", "row_13"),
    ),
    Guard(
        "suppressions are a site's own",
        RECIPIENTS,
        "WHERE s.site_id = j.site_id AND s.email IN (lower(recipients.email), recipients.address_hash)",
        "WHERE s.email IN (lower(recipients.email), recipients.address_hash)",
        ("tests/faults/test_isolation.py",),
    ),
    Guard(
        "a record is fenced",
        RECIPIENTS,
        "AND position = (o.value ->> 'position') AND fence = ?2",
        "AND position = (o.value ->> 'position') AND (fence = ?2 OR true)",
        ("tests/faults/test_guards.py",),
    ),
    Guard(
        "who was in flight when a consumer died is in doubt",
        RECIPIENTS,
        "OR {UNISSUED} THEN 'pending' ELSE 'uncertain' END,\n"
        "                reason = iif({told}, reason, 'interrupted'), "
        "unsure_since = iif({told} OR {UNISSUED}, NULL, {since}),",
        "OR {UNISSUED} THEN 'pending' ELSE 'pending' END,\n"
        "                reason = iif({told}, reason, 'interrupted'), unsure_since = NULL,",
        (MATRIX, "-k", "row_3"),
    ),
    Guard(
        "a key is trusted only within its window, when a repeat has waited",
        RECIPIENTS,
        "(unsure_since IS NULL OR unsure_since > ?6 - ?7",
        "(unsure_since IS NULL OR ?6 <> ?7",
        (DOUBT,),
    ),
    Guard(
        "a key's window counts from the first attempt",
        RECIPIENTS,
        'since = "ifnull(unsure_since, updated_at)"',
        'since = "updated_at"',
        (DOUBT,),
    ),
    Guard(
        "who may have been mailed is not handed back",
        RECIPIENTS,
        """UNLESS_UNSURE = "iif(unsure_since IS NULL, '{state}', 'uncertain')\"""",
        """UNLESS_UNSURE = "iif(true, '{state}', 'uncertain')\"""",
        (DOUBT,),
    ),
    Guard(
        "who may have been mailed has not failed",
        RECIPIENTS,
        "WHEN o.value ->> 'state' = 'failed' AND unsure_since IS NOT NULL THEN 'uncertain'",
        "WHEN false THEN 'uncertain'",
        (DOUBT,),
    ),
    Guard(
        "a late word is told",
        CONSUMING,
        "            events.settled(self.job, self.fence, outcomes, now),\n",
        "",
        (MATRIX, "-k", "zombie"),
    ),
    Guard(
        "an answer that was lost is no refusal",
        "src/providers/base.py",
        'raise OutcomeUnknown("response_lost", self.clean(str(error))) from error',
        'raise TemporarilyRefused("response_lost", self.clean(str(error))) from error',
        (MATRIX, "-k", "row_4"),
    ),
    Guard(
        "a server error is no refusal",
        "src/providers/base.py",
        'return self.failure(OutcomeUnknown, "server_error", response)',
        'return self.failure(TemporarilyRefused, "server_error", response)',
        (MATRIX, "-k", "row_4"),
    ),
    Guard(
        "a throttle burns no attempt",
        "src/sending.py",
        "self._halt = self._halt or error\n            return Outcome(position, RecipientState.PENDING)",
        "self._halt = self._halt or error\n            return Outcome(position, RecipientState.PENDING, 1)",
        (MATRIX, "-k", "row_6"),
    ),
    Guard(
        "a claim whose answer was lost is looked at, not repeated",
        CONSUMING,
        "people, _, standing = await persist(self.services, [claim, *renewal], DatabaseBusy)",
        "people, _, standing = await persist(self.services, [claim, *renewal])",
        (MATRIX, CONSUMER, "-k", "row_5 or claim"),
    ),
    Guard(
        "a batch that dies again and again is given up",
        CONSUMING,
        "if self.redeliveries >= MAX_REDELIVERIES:",
        "if self.redeliveries >= 10 * MAX_REDELIVERIES:",
        (CONSUMER, "-k", "poison"),
    ),
    Guard(
        "a batch that is given up comes again where its dead letter is lost",
        CONSUMING,
        "again = self.services.clock.now() + GIVEN_UP_AGAIN",
        "again = self.services.clock.now() + 10_000 * GIVEN_UP_AGAIN",
        (MATRIX, "-k", "given_up"),
    ),
    Guard(
        "a batch that is given back looks at the pause in its own transaction",
        BATCHES,
        "due_at = iif((SELECT state FROM jobs WHERE id = ?1) = 'paused', NULL, ?4)",
        "due_at = ?4",
        (CONSUMER, "tests/test_jobs.py", "tests/test_breakers.py", MATRIX, "-k", "pause"),
    ),
    Guard(
        "a cancellation leaves who is in flight to the next lease",
        BATCHES,
        "SET state = iif(sending = 0, 'done', state)",
        "SET state = 'done'",
        (MATRIX, "-k", "row_12"),
    ),
    Guard(
        "a batch has ended only when everybody in it has",
        BATCHES,
        "WHERE {_HELD} AND pending = 0 AND sending = 0",
        "WHERE {_HELD} AND sending = 0",
        (MATRIX, CONSUMER, "-k", "row_7 or temporary"),
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
        (MATRIX, "-k", "row_1"),
    ),
    Guard(
        "a job's end is told in its own transaction",
        CONSUMING,
        "                events.batch_finished(self.job, self.number, self.fence, now),\n"
        "                batches.finish(self.job, self.number, self.fence),\n"
        "                events.completed(self.job, now),\n",
        "                events.batch_finished(self.job, self.number, self.fence, now),\n"
        "                batches.finish(self.job, self.number, self.fence),\n",
        (MATRIX, "-k", "row_1"),
    ),
    Guard(
        "counters are counted in the transaction of the rows",
        BATCHES,
        "SET ({_COUNTERS}) = (SELECT {_COUNTS} FROM recipients WHERE job_id = ?1 AND {RANGE}),\n"
        "                lease_until = iif(",
        "SET lease_until = iif(",
        (MATRIX, CONSUMER, "-k", "zombie or row_12"),
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
        (MATRIX, "-k", "row_10"),
    ),
    Guard(
        "the sweeper finds forgotten callbacks",
        "src/sweep.py",
        "callbacks.sites_due(now - CALLBACK_GRACE)",
        "callbacks.sites_due(0)",
        ("tests/test_sweep.py",),
    ),
    Guard(
        "a callback is posted under a lease",
        "src/store/callbacks.py",
        "AND due_at <= ?2 AND ifnull(lease_until, 0) <= ?2 AND {_OPEN}",
        "AND due_at <= ?2 AND {_OPEN}",
        ("tests/test_callback.py", "tests/test_callback_faults.py"),
    ),
    Guard(
        "what became of a callback is recorded under its lease",
        "src/store/callbacks.py",
        """_CLAIMED = "id = ?1 AND state = 'pending' AND lease_until = ?2\"""",
        """_CLAIMED = "id = ?1 AND ?2 = ?2\"""",
        ("tests/test_callback.py", "tests/test_callback_faults.py"),
    ),
    Guard(
        "an event that was superseded is not posted",
        "src/store/callbacks.py",
        "WHERE site_id = ?1 AND state = 'pending' AND due_at <= ?2 AND ifnull(lease_until, 0)",
        "WHERE site_id = ?1 AND state IN ('pending', 'superseded') AND due_at <= ?2 AND ifnull(lease_until, 0)",
        ("tests/test_callback.py", "tests/test_callback_faults.py"),
    ),
    Guard(
        "a callback counts only when the receiver echoes its id",
        "src/callback.py",
        'return isinstance(answer, dict) and answer.get("accepted") == event_id',
        'return isinstance(answer, dict) and "accepted" in answer',
        ("tests/test_callback_receiver.py", "tests/test_callback.py"),
    ),
    Guard(
        "signed events of providers are refused when they are old",
        "src/delivery_events/base.py",
        "if not -_TOLERANCE * 1000 <= age <= self.window * 1000:",
        "if not -_TOLERANCE * 1000 <= age:",
        ("tests/delivery_events",),
    ),
    Guard(
        "the same key with another request is refused",
        "src/jobs.py",
        'if earlier["request_hash"] != request.request_hash:',
        'if not earlier["request_hash"]:',
        (MATRIX, "-k", "row_18"),
    ),
    Guard(
        "a job is found only within its site",
        "src/store/jobs.py",
        'f"SELECT * FROM jobs WHERE id = ?1 AND {_IN_SCOPE}"',
        '"SELECT * FROM jobs WHERE id = ?1 AND ?2 = ?2 AND (?3 IS NULL OR company = ?3)"',
        ("tests/faults/test_isolation.py",),
    ),
    Guard(
        "a job is found only within its company",
        "src/store/jobs.py",
        'f"SELECT * FROM jobs WHERE id = ?1 AND {_IN_SCOPE}"',
        """"SELECT * FROM jobs WHERE id = ?1 AND site_id = ?2 AND ifnull(?3, '') = ifnull(?3, '')\"""",
        ("tests/faults/test_isolation.py",),
    ),
    Guard(
        "a change is audited in its own transaction",
        "src/jobs.py",
        "noted = [note(job_id, states)] if note else []",
        "noted = [note(job_id, states)] if note and not states else []",
        (MATRIX, "-k", "row_12", "tests/api/test_jobs.py"),
    ),
    Guard(
        "an outage burns no attempt",
        CONSUMING,
        "result = result.spared(keyed=self.key_window > 0)",
        "pass",
        (MATRIX, "-k", "row_7"),
    ),
    Guard(
        "after an outage one mail is tried first",
        CONSUMING,
        'most = 1 if self.standing["outages"] else GROUP',
        "most = GROUP",
        (MATRIX, "-k", "row_7"),
    ),
    Guard(
        "an outage that may be one mail's own fault ends",
        CONSUMING,
        'if outage and self.standing["outages"] < breakers.FREE_OUTAGES:',
        "if outage:",
        (MATRIX, "-k", "row_7"),
    ),
    Guard(
        "a second message buries no batch that waits",
        CONSUMING,
        'if "reason" not in body and waits_until > now:',
        "if False:",
        (CONSUMER,),
    ),
    Guard(
        "two calls at once add no more people than a job may have",
        RECIPIENTS,
        "WHERE r.job_id = ?1 AND r.ref = value ->> 'ref')) <= ?6)",
        "WHERE r.job_id = ?1 AND r.ref = value ->> 'ref')) <= ?6 + 100)",
        ("tests/test_jobs.py",),
    ),
    Guard(
        "an accepted mail counts once in the day's quota",
        "src/store/usage.py",
        "AND r.fence = ?2 AND r.state IN ('sending', 'uncertain') AND r.delivery IS NULL)",
        "AND r.fence = ?2)",
        ("tests/faults/test_guards.py",),
    ),
    Guard(
        "a dead letter is redriven once",
        "src/store/dead_letters.py",
        "WHEN d.state <> 'open' THEN 'already_' || d.state\n        WHEN d.queue",
        "WHEN d.queue",
        ("tests/api/test_dead_letters.py",),
    ),
    Guard(
        "an erased address is suppressed by its hash",
        RECIPIENTS,
        "AND s.email IN (lower(recipients.email), recipients.address_hash)",
        "AND s.email IN (lower(recipients.email))",
        (ERASURE,),
    ),
    Guard(
        "nobody is erased while they are mailed",
        PRIVACY,
        "AND email <> '' AND state <> 'sending'\"\"\"",
        'AND email <> \'\'"""',
        ("tests/privacy/test_while_sending.py",),
    ),
    Guard(
        "whoever waits is cancelled when they are erased",
        PRIVACY,
        "state = iif(state = 'pending', {UNLESS_UNSURE.format(state=\"cancelled\")}, state),",
        "state = state,",
        (ERASURE,),
    ),
    Guard(
        "the file of a certificate goes before its row",
        "src/privacy.py",
        '            await self._delete_files([*(row["file"] for row in certificates), '
        "*self._unrecorded(going, certificates)])\n",
        "",
        (ERASURE,),
    ),
    Guard(
        "events tell nothing of whoever was erased",
        "src/privacy.py",
        "                privacy.erase_from_events(people),\n                privacy.erase_certificates("
        "self._of_certificates",
        "                privacy.erase_certificates(self._of_certificates",
        (ERASURE,),
    ),
    Guard(
        "a person is shown what events say of them alone",
        PRIVACY,
        "WHERE e.value ->> 'ref' = ?2) AS about",
        "WHERE e.value ->> 'ref' <> '') AS about",
        ("tests/privacy/test_export.py",),
    ),
    Guard(
        "a person is looked for within the scope",
        PRIVACY,
        "WHERE {within(scope)} AND (created_at, id) >= (?3, ?4)",
        "WHERE ?1 = ?1 AND ?2 IS ?2 AND (created_at, id) >= (?3, ?4)",
        ("tests/api/test_privacy.py",),
    ),
    Guard(
        "what comes later tells nothing of whoever was erased",
        "src/store/deliveries.py",
        "message_id = iif(r.email = '', NULL, ifnull(r.message_id, e.value ->> 'message_id')),",
        "message_id = ifnull(r.message_id, e.value ->> 'message_id'),",
        (ERASURE,),
    ),
    Guard(
        "a correction under way brings no erased holder back",
        "src/store/certificates.py",
        "WHERE state = 'valid' AND erased_at IS NULL\n",
        "WHERE state = 'valid'\n",
        (ERASURE,),
    ),
    Guard(
        "a holder is mailed a new link once an hour",
        "src/store/links.py",
        "AND (link_mailed_at IS NULL OR link_mailed_at <= ?2 - ?3)",
        "AND (link_mailed_at IS NULL OR link_mailed_at <= ?2)",
        (NEW_LINK,),
    ),
    Guard(
        "no new link goes to a suppressed address",
        "src/store/links.py",
        "AND p.company IN ('', ifnull(j.company, '')) AND p.category IN ('', j.category)))",
        "AND p.company IN ('', ifnull(j.company, '')) AND p.category = ' '))",
        (NEW_LINK,),
    ),
    Guard(
        "a picture that a job needs is not deleted",
        "src/store/assets.py",
        "AND j.state NOT IN ('completed', 'cancelled') AND instr(k.content, ?3)",
        "AND j.state IN ('completed', 'cancelled') AND instr(k.content, ?3)",
        ("tests/api/test_assets.py",),
    ),
    Guard(
        "nothing outside is left in a picture",
        "src/certificates/svg.py",
        "removed += _strip(root)",
        "removed += []",
        ("tests/certificates/test_svg.py",),
    ),
    Guard(
        "only what has ended is past its time",
        "src/store/retention.py",
        "AND j.erased_to = ?2 AND {_ENDED} RETURNING id",
        "AND j.erased_to = ?2 RETURNING id",
        ("tests/privacy/test_retention.py",),
    ),
    Guard(
        "people are kept for their time",
        "src/store/retention.py",
        '_JOB_DUE = f"{_ENDED} AND {_SINCE} <= ?{{now}} - sites.keep_people_days * {DAY}"',
        '_JOB_DUE = f"{_ENDED} AND {_SINCE} <= ?{{now}} - sites.keep_people_days"',
        ("tests/privacy/test_retention.py",),
    ),
    Guard(
        "a token of Access is signed by the team",
        ACCESS,
        "if not genuine:",
        "if False:",
        (ACCESS_TESTS,),
    ),
    Guard(
        "a token of Access chooses no algorithm",
        ACCESS,
        'if header.get("alg") != "RS256" or "crit" in header:',
        "if False:",
        (ACCESS_TESTS,),
    ),
    Guard(
        "a token of Access is for this application",
        ACCESS,
        "if audience not in (meant_for if isinstance(meant_for, list) else [meant_for]):",
        "if False:",
        (ACCESS_TESTS,),
    ),
    Guard(
        "a token of Access ends",
        ACCESS,
        "if ends <= now - LEEWAY:",
        "if False:",
        (ACCESS_TESTS,),
    ),
    Guard(
        "made-up tokens do not flood the keys' address",
        ACCESS,
        " and now - keys.asked_at >= KEYS_AGAIN",
        "",
        (ACCESS_TESTS,),
    ),
    Guard(
        "guesses of tokens are counted",
        "src/api/auth.py",
        "if problem.type is UNAUTHENTICATED:",
        "if False:",
        ("tests/api/test_auth.py",),
    ),
    Guard(
        "guesses of the console's secret are counted",
        "src/console/sign_in.py",
        'await rate_limit.check(visit.services.sign_in_limit, "console", address)',
        "_ = address",
        ("tests/console/test_sign_in.py",),
    ),
    Guard(
        "a household is one network",
        "src/rate_limit.py",
        "str(ip_network((found, 64), strict=False))",
        "str(found)",
        ("tests/test_rate_limit.py",),
    ),
    Guard(
        "the secret before still counts, and no other",
        "src/signing.py",
        "for secret in secrets)",
        "for secret in list(secrets)[:1])",
        ("tests/test_rotation.py",),
    ),
    Guard(
        "a body is read up to its limit",
        "src/api/bodies.py",
        "if size > limit:",
        "if False:",
        ("tests/test_docs_security.py", "-k", "bomb"),
    ),
)
