"""The date until which the certificate is valid, of those that end."""

from typing import ClassVar

from certificates.elements.properties import DATE_FORMAT, WORDS
from certificates.elements.words import Words


class Expiry(Words):
    type = "expiry"
    about = "As date, of `expires`, if there is one"
    properties: ClassVar = {**WORDS, "format": DATE_FORMAT}
    default_text = "{{ date }}"
    optional = "expires"

    @property
    def date_variable(self) -> str:
        return "expires"
