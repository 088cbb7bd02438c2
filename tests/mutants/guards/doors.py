"""What comes in and goes out by a door of its own: secrets, signatures, addresses, headers, tables."""

from tests.mutants.guard import Guard

GUARDS = (
    Guard(
        "no kept expression takes a line break at its end for none",
        "src/core/outbound.py",
        '_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")',
        '_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")',
        ("tests/api/test_ends.py", "-k", "compiled"),
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
        "a callback secret is not rotated while the one before it signs",
        "src/store/sites.py",
        "AND ifnull(previous_secret_until, 0) <= ?4",
        "AND ?4 > 0",
        ("tests/api/test_sites.py", "-k", "second_rotation"),
    ),
)
