"""The certificate's code."""

from certificates.elements.words import Words


class Code(Words):
    type = "code"
    about = "The certificate's code"
    default_text = "{{ code }}"
