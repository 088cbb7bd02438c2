"""What the API answers when it cannot do what was asked: RFC 9457 problems.

The promise: every error a caller can meet has a type that never changes, a status, and words that say what to do; no
answer holds a stack trace. `PROBLEMS` is the one table from an error's type to a problem's.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from core.errors import (
    AccessRefused,
    AssetInUse,
    BucketUnavailable,
    CertificateEnded,
    ConfigurationError,
    CredentialsRejected,
    DatabaseUncertain,
    DesignRefused,
    EmptyJob,
    EventMalformed,
    EventUnproven,
    HolderForgotten,
    IdempotencyConflict,
    LimitReached,
    MissingForEverybody,
    MissingVariable,
    OffloadError,
    PersonInFlight,
    RateLimited,
    RecipientFault,
    SenderRefused,
    SendFailure,
    TemplateRefused,
    TooManyPeople,
    TransportError,
    Unavailable,
    UnknownAsset,
    UnknownCertificate,
    UnknownCompany,
    UnknownJob,
    WrongState,
)


class ProblemType(NamedTuple):
    status: int
    slug: str
    title: str

    @property
    def uri(self) -> str:
        return f"urn:offload:problem:{self.slug}"


MALFORMED = ProblemType(400, "malformed-body", "The body cannot be read")
UNAUTHENTICATED = ProblemType(401, "unauthenticated", "No valid token was given")
UNPROVEN_EVENT = ProblemType(401, "unproven-event", "The event is not shown to be the provider's")
FORBIDDEN = ProblemType(403, "forbidden", "This token may not do that")
SITE_DISABLED = ProblemType(403, "site-disabled", "The site is disabled")
NO_OPERATOR = ProblemType(403, "no-operator", "This deployment has no operator token")
NO_EVENTS = ProblemType(403, "events-not-configured", "This deployment takes no events of that provider")
SITE_WIDE = ProblemType(403, "suppressed-site-wide", "The address is suppressed for the whole site")
NOT_FOUND = ProblemType(404, "not-found", "There is nothing here")
UNKNOWN_JOB = ProblemType(404, "unknown-job", "There is no such job")
UNKNOWN_CERTIFICATE = ProblemType(404, "unknown-certificate", "There is no such certificate")
UNKNOWN_ASSET = ProblemType(404, "unknown-asset", "There is no such picture or font")
UNKNOWN_COMPANY = ProblemType(404, "unknown-company", "There is no such company")
UNKNOWN_SITE = ProblemType(404, "unknown-site", "There is no such site")
UNKNOWN_TOKEN = ProblemType(404, "unknown-token", "There is no such token")
UNKNOWN_DEAD_LETTER = ProblemType(404, "unknown-dead-letter", "There is no such dead letter")
UNKNOWN_CALLBACK = ProblemType(404, "unknown-callback", "There is no such callback")
UNKNOWN_PROVIDER = ProblemType(404, "unknown-provider", "No such provider sends events here")
UNKNOWN_SUPPRESSION = ProblemType(404, "unknown-suppression", "This address is not suppressed")
METHOD_NOT_ALLOWED = ProblemType(405, "method-not-allowed", "This address does not take that method")
WRONG_STATE = ProblemType(409, "wrong-state", "The job's state does not allow that")
CERTIFICATE_ENDED = ProblemType(409, "certificate-ended", "The certificate has been revoked or replaced")
HOLDER_FORGOTTEN = ProblemType(409, "holder-forgotten", "The data of the certificate is not kept any more")
PERSON_IN_FLIGHT = ProblemType(409, "person-in-flight", "The person is being mailed at this moment")
ASSET_IN_USE = ProblemType(409, "asset-in-use", "The picture or font is needed")
TOKEN_EXPIRING = ProblemType(409, "token-expiring", "The token has been rotated already")
SECRET_ROTATING = ProblemType(409, "secret-rotating", "The callback secret has been rotated already")
IDEMPOTENCY_CONFLICT = ProblemType(409, "idempotency-conflict", "The Idempotency-Key belongs to another request")
CALLBACKS_OFF = ProblemType(409, "callbacks-off", "The site takes no callbacks")
UNWANTED = ProblemType(409, "mail-not-wanted", "The person asked not to be mailed")
LIMIT_REACHED = ProblemType(409, "limit-reached", "The site or the company keeps as much as it may")
EMPTY_JOB = ProblemType(409, "empty-job", "The job has no people")
NOT_CONFIGURED = ProblemType(409, "not-configured", "A setting is missing or wrong")
CREDENTIALS_REJECTED = ProblemType(409, "credentials-rejected", "The provider rejects our credentials")
TOO_LARGE = ProblemType(413, "too-large", "The body is too large")
UNSUPPORTED = ProblemType(415, "unsupported-media-type", "The body's type or encoding is not supported")
INVALID = ProblemType(422, "invalid-request", "The request has a fault")
TOO_MANY_PEOPLE = ProblemType(422, "too-many-people", "The job would have too many people")
TEMPLATE_REFUSED = ProblemType(422, "template-refused", "The template has a fault")
MISSING_VARIABLES = ProblemType(422, "missing-variables", "The template names variables that nobody has")
RECIPIENT_FAULT = ProblemType(422, "recipient-fault", "This person cannot be mailed")
RATE_LIMITED = ProblemType(429, "rate-limited", "This network asks too often")
INTERNAL = ProblemType(500, "internal", "Something unexpected went wrong")
UNCERTAIN = ProblemType(503, "outcome-unknown", "The answer was lost on the way")
UNAVAILABLE = ProblemType(503, "unavailable", "A part of the platform does not answer")


class Fault(NamedTuple):
    """`field` is a JSON pointer into the body, or the name of a query parameter, a header or a setting."""

    field: str
    detail: str


class Problem(OffloadError):
    """An answer to an API caller."""

    def __init__(
        self, type: ProblemType, detail: str, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{type.slug}: {detail}")
        self.type = type
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})

    def saying(self, more: str) -> "Problem":
        """The same, with more words."""
        return Problem(self.type, f"{self.detail} {more}", self.faults, self.headers)


def invalid(field: str, detail: str) -> Problem:
    """One fault in a request that could be read."""
    return Problem(INVALID, f"{field}: {detail}" if field else detail, [Fault(field, detail)])


def internal() -> Problem:
    return Problem(INTERNAL, "It has been logged under the number in `instance`.")


# The first type that matches counts: a narrower error stands before a wider one.
PROBLEMS: tuple[tuple[type[OffloadError], ProblemType], ...] = (
    (UnknownJob, UNKNOWN_JOB),
    (WrongState, WRONG_STATE),
    (UnknownCertificate, UNKNOWN_CERTIFICATE),
    (CertificateEnded, CERTIFICATE_ENDED),
    (HolderForgotten, HOLDER_FORGOTTEN),
    (PersonInFlight, PERSON_IN_FLIGHT),
    (UnknownAsset, UNKNOWN_ASSET),
    (UnknownCompany, UNKNOWN_COMPANY),
    (AssetInUse, ASSET_IN_USE),
    (IdempotencyConflict, IDEMPOTENCY_CONFLICT),
    (TooManyPeople, TOO_MANY_PEOPLE),
    (LimitReached, LIMIT_REACHED),
    (EmptyJob, EMPTY_JOB),
    (EventUnproven, UNPROVEN_EVENT),
    (EventMalformed, MALFORMED),
    (MissingForEverybody, MISSING_VARIABLES),
    (TemplateRefused, TEMPLATE_REFUSED),
    (SenderRefused, INVALID),
    (RecipientFault, RECIPIENT_FAULT),
    (AccessRefused, UNAUTHENTICATED),
    (RateLimited, RATE_LIMITED),
    (ConfigurationError, NOT_CONFIGURED),
    (CredentialsRejected, CREDENTIALS_REJECTED),
    (SendFailure, UNAVAILABLE),
    (TransportError, UNAVAILABLE),
    (DatabaseUncertain, UNCERTAIN),
    (Unavailable, UNAVAILABLE),
)

# What an error's own words do not say, or must not: those of `Unavailable` are the platform's, for the log.
_DETAILS: tuple[tuple[type[OffloadError], str], ...] = (
    (UnknownJob, "There is no job with this id that this token may see."),
    (UnknownCertificate, "There is no certificate with this code that this token may see."),
    (HolderForgotten, "Issue a new one with a new job."),
    (PersonInFlight, "Whatever else was found of them so far is erased. Ask again in a few minutes."),
    (UnknownCompany, "No company of this name has settings of its own that this token may see."),
    (UnknownAsset, "There is no picture and no font of this name that this token may touch."),
    (IdempotencyConflict, "This Idempotency-Key was used with another body. Use a new key for a new job."),
    (RateLimited, "Wait a minute, then try again."),
    (EmptyJob, "Append people before starting the job."),
    (
        DatabaseUncertain,
        "Your request may have been carried out. Look before you repeat it, or use an Idempotency-Key.",
    ),
    (BucketUnavailable, "The file store does not answer. Try again in a few seconds."),
    (Unavailable, "Nothing is lost. Try again in a few seconds."),
    (TransportError, "The provider does not answer. Try again in a few seconds."),
)
_RETRY_AFTER = {429: {"Retry-After": "60"}, 503: {"Retry-After": "5"}}  # seconds


def problem_of(error: OffloadError) -> Problem:
    """The problem that tells the caller of `error`; an error that no caller should meet is `internal`."""
    if isinstance(error, Problem):
        return error
    type_ = next((problem for kind, problem in PROBLEMS if isinstance(error, kind)), INTERNAL)
    if type_ is INTERNAL:
        return internal()
    detail = next((words for kind, words in _DETAILS if isinstance(error, kind)), "") or _sentence(str(error))
    return Problem(type_, detail, _faults(error), _RETRY_AFTER.get(type_.status, {}))


def _faults(error: OffloadError) -> list[Fault]:
    match error:
        case DesignRefused():
            return [Fault("/certificate/design/" + re.sub(r"[.\[\]]+", "/", error.field).strip("/"), error.detail)]
        case TemplateRefused():
            return [Fault("/message/" + error.field.replace(".", "/", 1), error.detail)]
        case SenderRefused():
            return [Fault("/message/from/email", error.detail)]
        case MissingForEverybody():
            return [Fault("/message", f"the variable '{name}' has no value for anybody") for name in error.names]
        case MissingVariable():
            return [Fault(f"/recipient/variables/{error.name}", error.detail)]
        case RecipientFault():
            return [Fault("/recipient", error.detail)]
        case ConfigurationError():
            return [Fault(error.setting, error.detail)]
        case LimitReached():
            return [Fault(error.setting, str(error))]
    return []


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + ("" if words.endswith(".") else ".")
