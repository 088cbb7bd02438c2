"""A date: that of issue, or one among the person's variables."""

from typing import ClassVar

from certificates.elements.properties import DATE_FORMAT, WORDS
from certificates.elements.words import Words


class Date(Words):
    type = "date"
    about = "A date in the person's language, as `{{ date }}`"
    properties: ClassVar = {
        **WORDS,
        "variable": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$"},
        "format": DATE_FORMAT,
    }
    default_text = "{{ date }}"

    @property
    def date_variable(self) -> str:
        return str(self.options.get("variable", "issued"))
