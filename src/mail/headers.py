"""Extra headers a job may set.

The promise: what is taken here can be handed to any provider as it is. It ends no header and starts no other, and it
replaces nothing that the product or the provider sets.
"""

import re
from collections.abc import Mapping

from core.errors import TemplateRefused

REFERENCE = "X-Entity-Ref-ID"
JOB = "X-Offload-Job"
UNSUBSCRIBE, UNSUBSCRIBE_POST = "List-Unsubscribe", "List-Unsubscribe-Post"  # RFC 8058

# Amazon SES takes the least: 15 headers, of which two are ours, names of 126 and values of 870 characters.
_MAX_HEADERS, _MAX_NAME, _MAX_VALUE = 13, 126, 870

_NAME = re.compile("[A-Za-z0-9][A-Za-z0-9-]*")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_TAKEN = frozenset(
    {
        *("from", "to", "cc", "bcc", "subject", "reply-to", "sender", "date", "message-id", "return-path"),
        *("mime-version", "received", "dkim-signature", "arc-seal", "arc-message-signature", "authentication-results"),
        *("arc-authentication-results", "received-spf", "delivered-to", "errors-to", "bounces-to"),
        REFERENCE.lower(),
    }
)
_UNSUBSCRIBING = frozenset({UNSUBSCRIBE.lower(), UNSUBSCRIBE_POST.lower()})
# The content is ours; the rest is how Mailgun, SendGrid, SES and others are told what to do with a mail.
_TAKEN_PREFIXES = ("content-", "resent-", "x-offload-", "x-mailgun-", "x-smtpapi", "x-ses-", "x-sg-", "cf-", "resend-")


def check(headers: Mapping[str, str], unsubscribe: bool = False) -> None:
    """`unsubscribe`: the mails get an unsubscribe link of ours. Raises `TemplateRefused`."""
    most = _MAX_HEADERS - len(_UNSUBSCRIBING) if unsubscribe else _MAX_HEADERS
    if len(headers) > most:
        raise TemplateRefused("headers", f"{len(headers)} are given; at most {most} are allowed")
    seen = set()
    for name, value in headers.items():
        field, lower = f"headers.{name[:_MAX_NAME]}", name.lower()
        if not _NAME.fullmatch(name) or len(name) > _MAX_NAME:
            raise TemplateRefused(field, "a header's name is made of letters, digits and hyphens")
        if lower in _TAKEN or lower.startswith(_TAKEN_PREFIXES):
            raise TemplateRefused(field, "this header cannot be set by a job")
        if unsubscribe and lower in _UNSUBSCRIBING:
            raise TemplateRefused(field, "this header is set by the option 'unsubscribe'")
        if lower in seen:
            raise TemplateRefused(field, "is given twice")
        seen.add(lower)
        if not value.strip() or _CONTROL.search(value):
            raise TemplateRefused(field, "a header's value is one line of text, and not empty")
        # as encoded words, other scripts take up to twice their bytes
        if len(value) > _MAX_VALUE or (not value.isascii() and 2 * len(value.encode()) > _MAX_VALUE):
            raise TemplateRefused(field, f"is longer than {_MAX_VALUE} characters")
