"""The person's grade, of those who have one."""

from certificates.elements.words import Words


class Grade(Words):
    type = "grade"
    about = "`{{ grade }}`; left out for people who have none"
    default_text = "{{ grade }}"
    optional = "grade"
