"""Words that the design says."""

from certificates.elements.properties import PLACE
from certificates.elements.words import Words


class Text(Words):
    type = "text"
    about = "Words, wrapped in their box and made smaller if they must be"
    required = (*PLACE, "text")
