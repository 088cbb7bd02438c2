"""Whoever was erased is gone, is not mailed, and nobody is kept longer than their site wants."""

from tests.mutants.guard import Guard

ERASURE = "tests/privacy/test_erasure.py"
PRIVACY = "src/store/privacy.py"
RECIPIENTS = "src/store/recipients.py"

GUARDS = (
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
        ("tests/faults/test_erasure.py", "tests/privacy/test_while_sending.py"),
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
        "src/privacy/actions.py",
        '            await self._delete_files([*(row["file"] for row in certificates), '
        "*self._unrecorded(going, certificates)])\n",
        "",
        (ERASURE,),
    ),
    Guard(
        "events tell nothing of whoever was erased",
        "src/privacy/actions.py",
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
        "a sweep erases so much and no more",
        "src/privacy/retention.py",
        "budget -= end - first",
        "budget -= 0",
        ("tests/privacy/test_retention.py",),
    ),
    Guard(
        "an address that is erased leaves its hash among the suppressions",
        PRIVACY,
        "value ->> 'hash', 'erased', ?4 FROM json_each(?3)\n                WHERE true",
        "value ->> 'hash', 'erased', ?4 FROM json_each(?3)\n                WHERE false",
        (ERASURE,),
    ),
)
