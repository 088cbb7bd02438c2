"""The person's name."""

from certificates.elements.words import Words


class Name(Words):
    type = "name"
    about = "The person's name on one line, shrunk to fit its box"
    default_text = "{{ name }}"
    one_line = True
