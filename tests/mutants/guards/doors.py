"""What comes in and goes out by a door of its own: secrets, signatures, addresses, headers, tables."""

from tests.mutants.guard import Guard

REPLAYS = "tests/delivery_events/test_replays.py"
OUTBOUND = "tests/core/test_outbound.py"

GUARDS = (
    Guard(
        "no kept expression takes a line break at its end for none",
        "src/core/outbound.py",
        '_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")',
        '_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")',
        ("tests/api/test_ends.py", "-k", "compiled"),
    ),
    Guard(
        "no address of a special purpose is asked",
        "src/core/outbound.py",
        '            "192.88.99.0/24",  # 6to4 relays, RFC 7526\n',
        "",
        (OUTBOUND,),
    ),
    Guard(
        "no IPv6 address with another in it is asked",
        "src/core/outbound.py",
        "(int(address) >> 32) & 0xFFFFFFFF in _ISATAP",
        "False",
        (OUTBOUND,),
    ),
    Guard(
        "no inner service is asked",
        "src/core/outbound.py",
        " and port not in INNER_PORTS)",
        ")",
        (OUTBOUND,),
    ),
    Guard(
        "no host is asked that only a network has",
        "src/core/outbound.py",
        "labels[-1] in INNER_SUFFIXES or",
        "",
        (OUTBOUND,),
    ),
    Guard(
        "a host is read as every parser reads it",
        "src/core/outbound.py",
        "_NETLOC.fullmatch(netloc)",
        "_NETLOC.search(netloc)",
        (OUTBOUND,),
    ),
    Guard(
        "a formula behind another separator is kept text",
        "src/core/spreadsheet.py",
        '_SEPARATOR = re.compile(r"[,;|:',
        '_SEPARATOR = re.compile(r"[,',
        ("tests/core/test_spreadsheet.py", "-k", "no_part"),
    ),
    Guard(
        "a full-width sign makes a formula",
        "src/core/spreadsheet.py",
        '"=+-@\\uff1d\\uff0b\\uff0d\\uff20\\ufe66\\ufe62\\ufe63\\ufe6b\\u2212"',
        '"=+-@"',
        ("tests/core/test_spreadsheet.py", "-k", "no_part"),
    ),
    Guard(
        "a signature of Mailgun's is spent by any event",
        "src/delivery_events/outcomes.py",
        "if notice.token and not await",
        "if notice.token and notice.events and not await",
        (REPLAYS,),
    ),
    Guard(
        "a signature of Mailgun's is good for its own event alone",
        "src/delivery_events/outcomes.py",
        'return bool(bound["content"] == digest)',
        "return True",
        (REPLAYS,),
    ),
    Guard(
        "what was cut off is done when it comes again",
        "src/delivery_events/outcomes.py",
        'return bool(bound["content"] == digest)',
        "return False",
        (REPLAYS,),
    ),
    Guard(
        "an event that cannot be read spends its signature",
        "src/api/delivery_events.py",
        "if isinstance(refusal, EventMalformed) and refusal.token:",
        "if False:",
        ("tests/api/test_delivery_events.py",),
    ),
    Guard(
        "an unsubscription counts once",
        "src/store/deliveries.py",
        "AND at = (e.value ->> 'at') AND token = {_MARK})",
        "AND at = 0)",
        (REPLAYS,),
    ),
    Guard(
        "no header steers a provider",
        "src/mail/headers.py",
        'own = lower.startswith("x-") and',
        'own = lower.startswith("x-") or',
        ("tests/mail/test_headers.py",),
    ),
    Guard(
        "a header is taken by a list of what is allowed",
        "src/mail/headers.py",
        "        if not is_allowed(name):",
        '        if lower.startswith("x-") and not is_allowed(name):',
        ("tests/mail/test_headers.py",),
    ),
    Guard(
        "the sample in PHP believes no secret that was never entered",
        "docs/callbacks.md",
        "$key === false || strlen($key) < 24 ||",
        "$key === false ||",
        ("tests/docs/test_samples.py",),
    ),
    Guard(
        "what is reachable in a special range is told from the rest",
        "src/core/outbound.py",
        "and not any(address in each for each in REACHABLE_IPV6)",
        "",
        (OUTBOUND,),
    ),
    Guard(
        "nobody gets a certificate that is over",
        "src/certificates/issuing.py",
        "self.job.expires_at is None and expires_at <= self.at",
        "self.job.expires_at is None and expires_at < 0",
        ("tests/certs/test_expiry.py",),
    ),
    Guard(
        "a callback secret is not rotated while the one before it signs",
        "src/store/sites.py",
        "AND ifnull(previous_secret_until, 0) <= ?4",
        "AND ?4 > 0",
        ("tests/api/test_sites.py", "-k", "second_rotation"),
    ),
)
