"""Certificate codes: what is printed on the paper and typed into the verification page.

The promise: a code cannot be guessed (75 bits of a keyed hash), the same award for the same person always has the same
one, so that a repetition after a crash makes no second certificate; and a mistyped code is told from an unknown one by
its check character.
"""

import hmac
import json
from collections.abc import Mapping
from typing import Any

# Crockford's base 32: no I, L, O, U. What people read for them is understood as 1, 1, 0.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0"})
_SEPARATORS = frozenset(" -_.·\u2010\u2011\u2012\u2013\u2014\u00a0")
LENGTH = 16  # the last is the check character


def make(
    secret: bytes, site_id: str, company: str | None, award: str, ref: str, version: int, changes: Mapping[str, Any]
) -> str:
    """16 characters, without separators. `changes` are those of a reissue: two of them at once are not one."""
    content = json.dumps(["certificate", site_id, company, award, ref, version, changes], sort_keys=True).encode()
    number = int.from_bytes(hmac.digest(secret, content, "sha256")[:10], "big")
    body = "".join(ALPHABET[number >> 5 * place & 31] for place in range(LENGTH - 1))
    return body + _check_character(body)


def normal(text: str) -> str:
    """What somebody typed, in any case and with any separators, as a code is kept; it may still be none."""
    return "".join(character for character in text.upper() if character not in _SEPARATORS).translate(_READ_AS)


def parse(text: str) -> str | None:
    """The code that somebody typed; None where it cannot be one."""
    code = normal(text)
    if len(code) != LENGTH or any(character not in ALPHABET for character in code):
        return None
    return code if _check_character(code[:-1]) == code[-1] else None


def grouped(code: str) -> str:
    """As it is printed: in fours."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def _check_character(body: str) -> str:
    """Luhn's algorithm for 32 characters: catches every single mistake and nearly every exchange of neighbours."""
    total, factor = 0, 2
    for character in reversed(body):
        product = factor * ALPHABET.index(character)
        total += product // 32 + product % 32
        factor = 3 - factor
    return ALPHABET[-total % 32]
