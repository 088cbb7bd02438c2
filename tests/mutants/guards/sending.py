"""Nobody is mailed twice, and nobody is said to be mailed or not who may be the other."""

from tests.mutants.guard import Guard

QUEUES = "tests/faults/test_queues.py"
CRASHES = "tests/faults/test_crashes.py"
OUTSIDE = "tests/faults/test_outside.py"
PEOPLE = "tests/faults/test_people.py"
DOUBT = "tests/faults/test_doubt.py"
REDELIVERY = "tests/queue_consumer/test_redelivery.py"
RECIPIENTS = "src/store/recipients.py"
BATCHES = "src/store/batches.py"
CONSUMING = "src/queue_consumer.py"

GUARDS = (
    Guard(
        "a lease is taken only when nobody holds it",
        BATCHES,
        "OR (state = 'processing' AND lease_until <= ?4))",
        "OR state = 'processing')",
        (QUEUES, "-k", "comes_again"),
    ),
    Guard(
        "a claim takes only who is pending",
        RECIPIENTS,
        "AND state = 'pending' ORDER BY position LIMIT ?5)",
        "AND state IN ('pending', 'sent') ORDER BY position LIMIT ?5)",
        (CRASHES, OUTSIDE, PEOPLE, "-k", "row_3 or row_7 or row_12"),
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
        (PEOPLE, "-k", "row_12"),
    ),
    Guard(
        "suppressions are looked up at the claim",
        RECIPIENTS,
        "WHERE s.site_id = j.site_id AND s.email IN (lower(recipients.email), recipients.address_hash)",
        "WHERE false AND s.site_id = j.site_id AND s.email IN (lower(recipients.email), recipients.address_hash)",
        (PEOPLE, "-k", "row_13"),
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
        (CRASHES, "-k", "row_3"),
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
        (CRASHES, "-k", "zombie"),
    ),
    Guard(
        "an answer that was lost is no refusal",
        "src/providers/base.py",
        'raise ProviderBroken("response_lost", self.clean(str(error))) from error',
        'raise ProviderDown("response_lost", self.clean(str(error))) from error',
        (OUTSIDE, "-k", "row_4"),
    ),
    Guard(
        "a server error is no refusal",
        "src/providers/base.py",
        'return self.failure(ProviderBroken, "server_error", response)',
        'return self.failure(ProviderDown, "server_error", response)',
        (OUTSIDE, "-k", "row_4"),
    ),
    Guard(
        "only the documented success is a mail that was sent",
        "src/providers/base.py",
        "message_id = self.message_id(response) if response.status == self.accepted_status else None",
        "message_id = self.message_id(response) or ''",
        ("tests/providers/test_word.py", "-k", "2xx or almost"),
    ),
    Guard(
        "a check is passed by the documented answer alone",
        "src/providers/ses.py",
        "return enabled is True",
        "return True",
        ("tests/providers/test_word.py", "-k", "check"),
    ),
    Guard(
        "a broken Retry-After is no reason to doubt",
        "src/core/times.py",
        "except (ValueError, OverflowError, TypeError, IndexError):",
        "except ValueError:",
        ("tests/providers/test_word.py", "-k", "retry_after"),
    ),
    Guard(
        "an account that is wrong is everybody's, not a person's",
        "src/providers/cloudflare.py",
        "if isinstance(code, int) and code in BY_CODE:",
        "if code == 6003:",
        ("tests/providers/test_word.py", "-k", "wrong_token_or_account"),
    ),
    Guard(
        "what only sounds like a refused connection proves nothing",
        "src/runtime/words.py",
        "    if code in _NODE_NEVER_LEFT:\n",
        "    code = code or next((known for known in _NODE_NEVER_LEFT if known in message), '')\n"
        "    if code in _NODE_NEVER_LEFT:\n",
        ("tests/runtime/test_words.py",),
    ),
    Guard(
        "a connection that is lost on workerd may have carried the mail",
        "src/runtime/words.py",
        'return ResponseLost(f"{meaning} ({message})")',
        'return ConnectionFailed(f"{meaning} ({message})")',
        ("tests/runtime/test_words.py",),
    ),
    Guard(
        "an answer in a server's place is Cloudflare's own",
        "src/runtime/words.py",
        'if status in _NOT_REACHED and headers.get("server") == "cloudflare":',
        "if status in _NOT_REACHED:",
        ("tests/runtime/test_words.py", "-k", "place"),
    ),
    Guard(
        "whatever D1 says that is no error of ours may have been executed",
        "src/runtime/words.py",
        "    return DatabaseUncertain(message)\n",
        '    return DatabaseUncertain(message) if "reset" in message else None\n',
        ("tests/runtime/test_words.py", "-k", "d1"),
    ),
    Guard(
        "a throttle burns no attempt",
        "src/sending/group.py",
        "self._halt = self._halt or error\n            return Outcome(position, RecipientState.PENDING)",
        "self._halt = self._halt or error\n            return Outcome(position, RecipientState.PENDING, 1)",
        (OUTSIDE, "-k", "row_6"),
    ),
    Guard(
        "a claim whose answer was lost is looked at, not repeated",
        CONSUMING,
        "people, _, standing = await self._persist([claim, *renewal], DatabaseBusy)",
        "people, _, standing = await self._persist([claim, *renewal])",
        (REDELIVERY, CRASHES, "-k", "row_5 or claim"),
    ),
    Guard(
        "signed events of providers are refused when they are old",
        "src/delivery_events/base.py",
        "if not -_TOLERANCE * 1000 <= age <= self.window * 1000:",
        "if not -_TOLERANCE * 1000 <= age:",
        ("tests/delivery_events",),
    ),
    Guard(
        "an accepted mail counts once in the day's quota",
        "src/store/usage.py",
        "AND r.fence = ?2 AND r.state IN ('sending', 'uncertain') AND r.delivery IS NULL)",
        "AND r.fence = ?2)",
        ("tests/faults/test_guards.py",),
    ),
    Guard(
        "an outage burns no attempt",
        CONSUMING,
        "result = result.spared(keyed=self.key_window > 0)",
        "pass",
        (OUTSIDE, "-k", "row_7"),
    ),
    Guard(
        "after an outage one mail is tried first",
        CONSUMING,
        'most = 1 if self.standing["outages"] else GROUP',
        "most = GROUP",
        (OUTSIDE, "-k", "row_7"),
    ),
    Guard(
        "an outage that may be one mail's own fault ends",
        CONSUMING,
        'if outage and self.standing["outages"] < breakers.FREE_OUTAGES:',
        "if outage:",
        (OUTSIDE, "-k", "row_7"),
    ),
)
