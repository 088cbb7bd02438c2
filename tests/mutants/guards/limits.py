"""A tenant keeps no more than it may, and the audit trail nothing of a person."""

from tests.mutants.guard import Guard

THIS = "migrations/0019_kept_and_audit.sql"
LIMITS = "tests/api/test_limits.py"
COUNTED = "tests/store/test_kept_and_audit.py"
KEPT = "src/store/kept.py"
DETAILS = "src/store/audit_details.py"
LISTED = "tests/store/test_audit_details.py"
ERASED = "tests/tenancy/test_no_person_is_left.py"

GUARDS = (
    Guard(
        "people are added only where there is room",
        "src/store/recipients.py",
        "AND j.total + need.people <= ?6 AND {room}",
        "AND j.total + need.people <= ?6 AND (?7 = ?7 OR {room})",
        (LIMITS,),
    ),
    Guard(
        "a draft is made only where there is room",
        "src/store/jobs.py",
        "?12, ?13 WHERE {room}",
        "?12, ?13 WHERE (true OR {room})",
        (LIMITS,),
    ),
    Guard(
        "a file is kept only where there is room",
        "src/store/assets.py",
        "?5, ?6 WHERE {room} ON CONFLICT",
        "?5, ?6 WHERE (true OR {room}) ON CONFLICT",
        (LIMITS,),
    ),
    Guard(
        "an address is listed only where there is room",
        "src/store/suppressions.py",
        'WHERE {kept.room("?4", "?1", "?5", {"bytes": _NEEDED})}',
        'WHERE (true OR {kept.room("?4", "?1", "?5", {"bytes": _NEEDED})})',
        (LIMITS,),
    ),
    Guard(
        "a company is held to its share",
        KEPT,
        "iif(l.key = 'site', '', {company})",
        "iif(l.key = 'site', '', {company} || '?')",
        (LIMITS,),
    ),
    Guard("the last place may be taken", KEPT, "> (l.value ->>", ">= (l.value ->>", (LIMITS,)),
    Guard(
        "a company is not told what others keep",
        "src/core/limits.py",
        'None if whose == "site" and asker.company else before',
        "before",
        (LIMITS,),
    ),
    Guard(
        "who is erased makes room",
        "src/privacy/actions.py",
        "batches.recount_kept(changed),",
        "",
        ("tests/privacy/test_erasure.py",),
    ),
    Guard(
        "whose time is over makes room",
        "src/privacy/retention.py",
        "batches.recount_kept(json.dumps(touched)),",
        "batches.recount_kept('[]'),",
        ("tests/privacy/test_retention.py",),
    ),
    Guard(
        "a deleted file makes room",
        THIS,
        "UPDATE kept SET assets = assets - 1, bytes = bytes - 200 - old.bytes",
        "UPDATE kept SET assets = assets - 1",
        (LIMITS, COUNTED),
    ),
    Guard(
        "a draft that starts is none any more",
        THIS,
        "UPDATE kept SET drafts = drafts - 1",
        "UPDATE kept SET drafts = drafts - 0",
        (LIMITS,),
    ),
    Guard(
        "people who come in later are counted",
        "src/store/batches.py",
        "kept_people = excluded.kept_people, kept_bytes = excluded.kept_bytes",
        "kept_people = batches.kept_people, kept_bytes = batches.kept_bytes",
        ("tests/jobs/test_actions.py",),
    ),
    Guard(
        "an address of blanks is not that of somebody erased",
        "src/jobs/actions.py",
        "return email.strip() or email",
        "return email.strip()",
        (LIMITS,),
    ),
    Guard(
        "of a list the trail has the number",
        DETAILS,
        "COUNT = Kind(lambda values: values if",
        "COUNT = Kind(lambda values: values if True or",
        (LISTED,),
    ),
    Guard(
        "of an address the trail has the domain",
        DETAILS,
        'return address and "@" + address.rpartition("@")[2]',
        "return address",
        (LISTED,),
    ),
    Guard(
        "of an address before a change the trail has the domain",
        DETAILS,
        "DOMAIN = Kind(_domain, _DOMAIN)",
        "DOMAIN = Kind(_domain)",
        (LISTED,),
    ),
    Guard(
        "of a sender's name the trail has whether there is one",
        DETAILS,
        """"iif(ifnull({0}, '') = '', '', 'set')")""",
        '"{0}")',
        (LISTED,),
    ),
    Guard(
        "a reason that a caller made up is not written",
        "src/store/audit.py",
        "THEN ?9 ->> '$.reason' ELSE 'unknown' END",
        "THEN ?9 ->> '$.reason' ELSE ?9 ->> '$.reason' END",
        (LISTED, ERASED),
    ),
    Guard(
        "why somebody was released goes with them",
        "src/store/privacy.py",
        "WHERE {within(scope)} AND target IN (SELECT value ->> 'target' FROM json_each(?3))",
        "WHERE {within(scope)} AND ?3 IS NULL",
        (ERASED,),
    ),
    Guard(
        "an upgrade takes references out of the trail",
        THIS,
        "json_set(detail, '$.refs', json_array_length(detail, '$.refs'))",
        "detail",
        (COUNTED,),
    ),
    Guard(
        "an upgrade takes notes out of the trail",
        THIS,
        "json_remove(detail, '$.note')",
        "detail",
        (COUNTED,),
    ),
)
