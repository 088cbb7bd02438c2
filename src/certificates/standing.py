"""How a certificate stands: a state of its own, but for what time and erasure make of it."""

from enum import StrEnum

from core.states import CertificateState
from runtime.ports import Row


class Standing(StrEnum):
    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    ERASED = "erased"


def standing_of(certificate: Row, now: int) -> Standing:
    if certificate["erased_at"] is not None:
        return Standing.ERASED
    expires_at = certificate["expires_at"]
    if certificate["state"] == CertificateState.VALID and expires_at is not None and expires_at <= now:
        return Standing.EXPIRED
    return Standing(certificate["state"])
