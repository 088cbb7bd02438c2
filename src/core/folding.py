"""How addresses are compared: capitals do not matter.

The promise: A to Z alone are taken for a to z, as the database's own lower() has it. What Unicode calls another form of
a letter (the Kelvin sign U+212A becomes k) is another address, and with it another person.
"""

from string import ascii_lowercase, ascii_uppercase

_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)


def folded(address: str) -> str:
    return address.translate(_SMALL)
