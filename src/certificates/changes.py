"""What can be done with a certificate that was issued: revoke it, or issue it anew with corrected data.

The promise: each is one transaction with its event and its audit row, and the same call twice is the same as once. What
was ended stays ended: a paper that somebody has in hand is never made valid again.
"""

import json
from collections.abc import Mapping
from typing import Any

from certificates.award import CertificateJob
from certificates.files import discard
from certificates.issuing import Issuing
from core.errors import BucketUnavailable, CertificateEnded, HolderForgotten, UnknownCertificate
from core.scope import Scope
from core.states import CertificateState
from runtime.ports import Row
from runtime.services import Services
from sending import dispatch
from sending.persistence import persist
from store import certificates, events
from store.audit import Entry


async def find(services: Services, scope: Scope | None, code: str) -> Row:
    """Raises `UnknownCertificate`."""
    rows = await services.database.all(certificates.find_in_scope(scope, code))
    if not rows:
        raise UnknownCertificate(code)
    return rows[0]


async def revoke(services: Services, scope: Scope, code: str, reason: str, entry: Entry) -> Row:
    """Raises `UnknownCertificate`, `CertificateEnded` where it was replaced by another."""
    await find(services, scope, code)
    now = services.clock.now()
    *_, [row] = await persist(
        services,
        [
            certificates.note(entry, scope),
            events.certificate_revoked(scope, code, reason, now),
            certificates.revoke(scope, code, reason, now),
            certificates.find_in_scope(scope, code),
        ],
    )
    if row["state"] != CertificateState.REVOKED:
        raise CertificateEnded(row["state"])
    await dispatch.kick_callbacks(services, scope.site_id)
    return row


async def reissue(services: Services, scope: Scope, code: str, changes: Mapping[str, Any], entry: Entry) -> Row:
    """The certificate that replaces this one. It bears the same date: what was achieved then was spelled wrong, or told
    wrong. Raises `UnknownCertificate`, `CertificateEnded`, `HolderForgotten`, a `RecipientFault`."""
    old = await find(services, scope, code)
    if old["state"] != CertificateState.VALID:
        raise CertificateEnded(old["state"])
    found = await services.database.all(certificates.holder(old["job_id"], old["position"]))
    if not found:
        raise HolderForgotten(code)
    [person] = found
    content = json.loads(person["content"])
    job = CertificateJob.load(old["site_id"], old["job_id"], old["company"], content)
    issuing = Issuing(services, job, old["issued_at"])
    issued = await issuing.make(person, old, _merged(json.loads(old["changes"]), changes))
    try:
        await issuing.put(issued)
    except BucketUnavailable:
        await discard(services, [issued.row["file"]])
        raise
    latest = (await issuing.keep([issued], certificates.note(entry, scope))).get(old["ref"])
    if latest is None:  # erased meanwhile
        raise HolderForgotten(code)
    if latest["code"] != issued.row["code"]:  # somebody else was quicker
        raise CertificateEnded(CertificateState.SUPERSEDED)
    await dispatch.kick_callbacks(services, scope.site_id)
    return latest


async def printed(services: Services, certificate: Row) -> tuple[str, dict[str, Any]]:
    """The holder's name and variables as they are printed now: what a person corrects. Raises `HolderForgotten`."""
    found = await services.database.all(certificates.holder(certificate["job_id"], certificate["position"]))
    if not found:
        raise HolderForgotten(certificate["code"])
    [person] = found
    corrected = json.loads(certificate["changes"])
    variables = json.loads(person["variables"]) | corrected.get("variables", {})
    return corrected.get("name", person["name"]), variables


def names(changes: Mapping[str, Any]) -> list[str]:
    """What is corrected, without what it says now, or said before."""
    return [*(["name"] if "name" in changes else []), *(["variables"] if changes.get("variables") else [])]


def _merged(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """With what earlier reissues corrected."""
    variables = before.get("variables", {}) | changes.get("variables", {})
    return {**before, **changes, **({"variables": variables} if variables else {})}
