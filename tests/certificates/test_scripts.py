"""Scripts: which face a character is set in follows from Unicode's own data."""

import pytest

from certificates.scripts import COMMON, OTHER, script_of, scripts_in


def test_the_scripts_of_a_text_are_told_without_what_they_share() -> None:
    assert scripts_in("has completed 12 (محمد) 王!") == {"latin", "arabic", "han"}
    assert scripts_in("12. – ½") == frozenset()


@pytest.mark.parametrize(
    ("characters", "script"),
    [
        ("0 .,-½²\u0301\u200d\u02bc\u0964", COMMON),  # digits, signs, an accent, a joiner, an apostrophe, a danda
        ("aßĐữªﬁⅣ", "latin"),
        ("Αάἀ\u2126", "greek"),
        ("Жўҳꙁ", "cyrillic"),
        ("בּײַ", "hebrew"),
        ("مﷺ٣\u064b", "arabic"),
        ("क९\u1cd1", "devanagari"),
        ("あヴｱー\u3099", "kana"),
        ("王々〇、。！Ａ１㈠\u3000", "han"),
        ("김ㄱﾡ", "hangul"),
        ("աსየម", OTHER),
    ],
)
def test_a_character_is_of_its_script(characters: str, script: str) -> None:
    assert {character: script_of(character) for character in characters} == dict.fromkeys(characters, script)
