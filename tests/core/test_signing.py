"""A signature holds for its own content, purpose and secret, and for nothing else."""

from core.signing import SIZE, is_genuine, signature

SECRET, CONTENT = b"s" * 32, b"\x00content\xff"


def test_a_signature_is_genuine_for_its_own_content_purpose_and_secret_only() -> None:
    made = signature(SECRET, "unsubscribe", CONTENT)
    assert len(made) == SIZE
    assert is_genuine([SECRET], "unsubscribe", CONTENT, made)
    assert not is_genuine([b"x" * 32], "unsubscribe", CONTENT, made)
    assert not is_genuine([SECRET], "certificate", CONTENT, made)
    assert not is_genuine([SECRET], "unsubscribe", CONTENT + b"\x00", made)
    assert not is_genuine([SECRET], "unsubscribe", CONTENT, made[:-1])
    assert not is_genuine([SECRET], "unsubscribe", CONTENT, b"")


def test_what_the_secret_before_signed_is_genuine_still() -> None:
    previous = b"p" * 32
    made = signature(previous, "unsubscribe", CONTENT)
    assert is_genuine([SECRET, previous], "unsubscribe", CONTENT, made)
    assert is_genuine([SECRET, previous], "unsubscribe", CONTENT, signature(SECRET, "unsubscribe", CONTENT))
    assert not is_genuine([SECRET], "unsubscribe", CONTENT, made)
    assert not is_genuine([], "unsubscribe", CONTENT, made)


def test_purpose_and_content_do_not_run_into_each_other() -> None:
    assert signature(SECRET, "a", b"bc") != signature(SECRET, "ab", b"c")
