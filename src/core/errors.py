"""Every error of the product, its meaning carried by its type; nobody matches on strings.

OffloadError
├── Unavailable                 a part of the platform did not do its work; try again
│   ├── DatabaseBusy            it refused: certainly not executed
│   ├── DatabaseUncertain       its answer was lost: may have been executed; repeat only what is idempotent
│   ├── QueueUnavailable
│   ├── BucketUnavailable
│   ├── LimiterUnavailable
│   └── KeysUnavailable
├── TransportError              an outgoing request that brought no answer
│   ├── ConnectionFailed        certainly nothing arrived (DNS, refused, TLS)
│   └── ResponseLost            it may have arrived (timeout or reset after the request left)
├── SendFailure                 one attempt to send one mail that was not accepted
│   ├── NotAccepted             certainly no mail left
│   │   ├── Rejected            this mail will never be accepted: the recipient fails
│   │   ├── TemporarilyRefused  worth another attempt; burns one
│   │   │   └── ProviderDown    it says so, or no connection comes about
│   │   ├── Throttled           told to wait; burns no attempt
│   │   │   └── QuotaExhausted  the provider's daily or monthly quota is used up: the job pauses
│   │   └── CredentialsRejected our key, domain or account is refused: the job pauses
│   └── OutcomeUnknown          nobody knows whether a mail left: the recipient is uncertain
│       └── ProviderBroken      it answered with a fault of its own, or not at all
├── RecipientFault              this person cannot be mailed, for a reason in their own data
│   ├── InvalidAddress
│   ├── MissingVariable
│   ├── MissingGlyph
│   ├── CertificateRevoked      what this person was awarded was taken back
│   ├── CertificateErased       what this person was awarded was erased, with what was kept of them
│   └── RenderingFailed
├── DeliveryEventRefused        what came to the address for providers' events
│   ├── EventUnproven           not shown to be the provider's: unsigned, stale, of another topic
│   └── EventMalformed          signed, and still not what this provider sends
├── TemplateRefused             the template itself is wrong, for everybody
│   └── DesignRefused           the design of a certificate
├── ConfigurationError          a setting or secret is missing or wrong
├── JobRefused                  a request that a job, as it stands, cannot follow
│   ├── UnknownJob              not there, or not in the caller's scope
│   ├── WrongState              not in a state that allows it
│   ├── IdempotencyConflict     the key was used with another request
│   ├── TooManyPeople           more than a job may have
│   ├── EmptyJob                nobody to mail
│   └── MissingForEverybody     the template names variables that nobody was given
├── LimitReached                a site or a company would keep more than it may
├── UnknownCertificate          not there, or not in the caller's scope
├── CertificateEnded            it was revoked or replaced, and cannot be changed any more
├── HolderForgotten             the data that a certificate was made of is not kept any more
├── PersonInFlight              they are being mailed at this moment, so they cannot be erased yet
├── UnknownCompany              it has no settings of its own, or is not in the caller's scope
├── UnknownAsset                not uploaded, or not in the caller's scope
├── AssetInUse                  a job that is not over, or a company, needs it
├── AccessRefused               who came does not come through the sign-on in front of us
│   ├── AccessAbsent            without its token
│   ├── AccessUnproven          with one that is not shown to be its, for us and for now
│   └── AccessExpired
├── RateLimited                 one network asked too often
└── Problem                     an answer to an API caller (RFC 9457); see `problems.py`
"""

from typing import Any


class OffloadError(Exception):
    """Root of the tree."""


class Unavailable(OffloadError):
    pass


class DatabaseBusy(Unavailable):
    pass


class DatabaseUncertain(Unavailable):
    pass


class QueueUnavailable(Unavailable):
    pass


class BucketUnavailable(Unavailable):
    pass


class LimiterUnavailable(Unavailable):
    pass


class KeysUnavailable(Unavailable):
    pass


class TransportError(OffloadError):
    pass


class ConnectionFailed(TransportError):
    pass


class ResponseLost(TransportError):
    pass


class SendFailure(OffloadError):
    """`code` is stable and lower_snake_case, for grouping; `detail` is the provider's own words, for people."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class NotAccepted(SendFailure):
    pass


class Rejected(NotAccepted):
    pass


class TemporarilyRefused(NotAccepted):
    pass


class ProviderDown(TemporarilyRefused):
    pass


class Throttled(NotAccepted):
    """`retry_after`: seconds the provider asked for, or None where it did not say."""

    def __init__(self, code: str, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after


class QuotaExhausted(Throttled):
    pass


class CredentialsRejected(NotAccepted):
    pass


class OutcomeUnknown(SendFailure):
    pass


class ProviderBroken(OutcomeUnknown):
    pass


class RecipientFault(OffloadError):
    """`code` is the reason kept with the recipient; `detail` names the field, never the person."""

    code = "recipient_fault"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidAddress(RecipientFault):
    code = "invalid_address"


class MissingVariable(RecipientFault):
    code = "missing_variable"

    def __init__(self, name: str) -> None:
        super().__init__(f"variable '{name}' was not supplied for this person")
        self.name = name


class MissingGlyph(RecipientFault):
    """No font has this character, so their name cannot be spelled. It is named: alone, it says nothing of a person."""

    code = "missing_glyph"

    def __init__(self, character: str) -> None:
        super().__init__(f"no font has the character U+{ord(character):04X} '{character}'")
        self.character = character


class CertificateRevoked(RecipientFault):
    code = "certificate_revoked"


class CertificateErased(RecipientFault):
    code = "certificate_erased"


class RenderingFailed(RecipientFault):
    code = "rendering_failed"


class DeliveryEventRefused(OffloadError):
    pass


class EventUnproven(DeliveryEventRefused):
    """`code` says in the log what was missing."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class EventMalformed(DeliveryEventRefused):
    """`token` is what its signature spends nevertheless, where it leaves the content open."""

    token: Any = None


class TemplateRefused(OffloadError):
    """`field` is the part at fault (`subject`, `html`, `text`); `detail` says what and, where known, on which line."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail


class DesignRefused(TemplateRefused):
    """`field` is the path in the design, such as `pages[0].elements[3].font.size`."""


class SenderRefused(OffloadError):
    """Whoever asks may not send as that; `detail` says what would help, and never repeats the address."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the sender {detail}")
        self.detail = detail


class ConfigurationError(OffloadError):
    """`setting` is the name of the variable, secret or site setting at fault."""

    def __init__(self, setting: str, detail: str) -> None:
        super().__init__(f"{setting}: {detail}")
        self.setting = setting
        self.detail = detail


class JobRefused(OffloadError):
    pass


class UnknownJob(JobRefused):
    pass


class WrongState(JobRefused):
    """`state` is the job's, `action` what was asked of it."""

    def __init__(self, action: str, state: str) -> None:
        super().__init__(f"cannot {action} a job that is {state}")
        self.action = action
        self.state = state


class IdempotencyConflict(JobRefused):
    pass


class TooManyPeople(JobRefused):
    def __init__(self, limit: int) -> None:
        super().__init__(f"a job may have {limit} people at most")
        self.limit = limit


class EmptyJob(JobRefused):
    pass


class MissingForEverybody(JobRefused):
    """`names`: the variables that the template needs and nobody has."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(f"nobody was given a value for {', '.join(names)}")
        self.names = names


class LimitReached(OffloadError):
    """`whose`: `site` or `company`; `kind` of what is kept; `used` None: not for whoever asks to know."""

    def __init__(self, whose: str, kind: str, used: int | None, allowed: int, more: int) -> None:
        things = "pictures and fonts" if kind == "assets" else kind
        if used is None:
            words = f"The company's site has no room for {more:,} more {things}: it may keep {allowed:,}"
        else:
            words = f"The {whose} keeps {used:,} {things} of {allowed:,} that it may keep, and this is {more:,} more"
        self.setting = f"SITE_{kind.upper()}" if whose == "site" else "COMPANY_SHARE"
        super().__init__(
            f"{words}. Erase or delete what is not needed any more, or ask the operator to raise {self.setting}."
        )


class UnknownCertificate(OffloadError):
    pass


class CertificateEnded(OffloadError):
    """`state` is the certificate's."""

    def __init__(self, state: str) -> None:
        super().__init__(f"the certificate is {state}")
        self.state = state


class HolderForgotten(OffloadError):
    pass


class PersonInFlight(OffloadError):
    """`job_id`: one of the jobs that are mailing them."""

    def __init__(self, job_id: str) -> None:
        super().__init__("the person is being mailed at this moment")
        self.job_id = job_id


class UnknownCompany(OffloadError):
    pass


class UnknownAsset(OffloadError):
    pass


class AssetInUse(OffloadError):
    """`user`: what needs it, in words."""

    def __init__(self, user: str) -> None:
        super().__init__(f"{user} needs it")
        self.user = user


class AccessRefused(OffloadError):
    pass


class AccessAbsent(AccessRefused):
    pass


class AccessUnproven(AccessRefused):
    """`code` says in the log what was wrong."""

    def __init__(self, words: str, code: str) -> None:
        super().__init__(words)
        self.code = code


class AccessExpired(AccessRefused):
    pass


class RateLimited(OffloadError):
    pass
