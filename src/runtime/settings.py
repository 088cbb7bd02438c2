"""The deployment's settings, variables and secrets, read once an invocation.

The promise: a wrong value is told by its name, never replaced in silence. `SETTINGS` is the table that docs/settings.md
and the platform's own configuration are held to.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from core.errors import ConfigurationError


class Setting(NamedTuple):
    """`default` None: without it, what needs it is refused. `secret`: is kept where nobody reads it again."""

    name: str
    default: str | None
    purpose: str
    secret: bool = False


SETTINGS = (
    Setting("OPERATOR_TOKEN", None, "signs the operator in who provisions sites; 24 characters or more", secret=True),
    Setting("PUBLIC_URL", None, "the Worker's own address, as unsubscribe links in mails have it; https"),
    Setting("SIGNING_SECRET", None, "signs the links that go into mails; 32 characters or more", secret=True),
    Setting("SIGNING_SECRET_PREVIOUS", "", "the one before it: links that it signed still work", secret=True),
    Setting("BATCH_SIZE", "200", "people in a batch, 1 to 1,000"),
    Setting("MAX_ATTEMPTS", "8", "attempts a person, before a temporary refusal becomes final"),
    Setting("MAX_PEOPLE", "100000", "people in a job"),
    Setting("LOCAL", "no", "yes in the local runtime: callback URLs may be http and on this machine"),
    Setting("CREDENTIAL_KEY", None, "Ed25519 key that signs Open Badges: 64 hex digits", secret=True),
    Setting("CREDENTIAL_KEYS_PREVIOUS", "", "public keys of those before it, by which older Open Badges still verify"),
    Setting("ACCESS_TEAM_DOMAIN", "", "Cloudflare Access: the team's domain, such as example.cloudflareaccess.com"),
    Setting("ACCESS_AUDIENCE", "", "Cloudflare Access: the application's audience tag"),
    Setting("SES_ACCESS_KEY_ID", None, "Amazon SES: access key", secret=True),
    Setting("SES_SECRET_ACCESS_KEY", None, "Amazon SES: its secret", secret=True),
    Setting("SES_REGION", "eu-central-1", "Amazon SES: region"),
    Setting("SES_ENDPOINT", "", "Amazon SES: another address than the region's own"),
    Setting("SES_CONFIGURATION_SET", "", "Amazon SES: configuration set that publishes delivery events"),
    Setting("SES_TOPIC_ARN", None, "Amazon SES: the SNS topic whose delivery events are taken"),
    Setting("SENDGRID_API_KEY", None, "SendGrid: API key with the mail.send scope", secret=True),
    Setting(
        "SENDGRID_ENDPOINT", "https://api.sendgrid.com", "SendGrid: API address; https://api.eu.sendgrid.com in the EU"
    ),
    Setting("SENDGRID_WEBHOOK_KEY", None, "SendGrid: the public key that its delivery events are verified with"),
    Setting("MAILGUN_API_KEY", None, "Mailgun: sending key", secret=True),
    Setting("MAILGUN_DOMAIN", "", "Mailgun: sending domain"),
    Setting(
        "MAILGUN_ENDPOINT", "https://api.mailgun.net", "Mailgun: API address; https://api.eu.mailgun.net in the EU"
    ),
    Setting("MAILGUN_SIGNING_KEY", None, "Mailgun: the key that its delivery events are signed with", secret=True),
    Setting("RESEND_API_KEY", None, "Resend: API key", secret=True),
    Setting("RESEND_ENDPOINT", "https://api.resend.com", "Resend: API address"),
    Setting("RESEND_WEBHOOK_SECRET", None, "Resend: the secret that its delivery events are signed with", secret=True),
    Setting("CLOUDFLARE_API_TOKEN", None, "Cloudflare Email Service: API token", secret=True),
    Setting("CLOUDFLARE_ACCOUNT_ID", "", "Cloudflare Email Service: account"),
    Setting("CLOUDFLARE_ENDPOINT", "https://api.cloudflare.com/client/v4", "Cloudflare Email Service: API address"),
)

SHORTEST_SIGNING_SECRET = 32

_DEFAULTS = {setting.name: setting.default for setting in SETTINGS}


@dataclass(frozen=True)
class Settings:
    """Typed access to what `SETTINGS` lists; `text` for what a provider needs. `hint`: how an operator sets a secret on
    this platform."""

    values: Mapping[str, str]
    hint: str = "set {name}"

    @classmethod
    def read(cls, lookup: Callable[[str], Any], hint: str) -> "Settings":
        """`lookup` gives a variable's value by name, or None where it is not set."""
        found = {name: lookup(name) for name in _DEFAULTS}
        return cls({name: str(value) for name, value in found.items() if value not in (None, "")}, hint)

    def how_to_set(self, name: str) -> str:
        return self.hint.format(name=name)

    def text(self, name: str) -> str:
        """The value, or the default. Raises `ConfigurationError` where there is neither."""
        value = self.values.get(name) or _DEFAULTS[name]
        if not value:
            raise ConfigurationError(name, "is not set")
        return value

    def optional(self, name: str) -> str:
        """The value, the default, or an empty string."""
        return self.values.get(name) or _DEFAULTS[name] or ""

    def whole(self, name: str, low: int, high: int) -> int:
        value = self.text(name)
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise ConfigurationError(name, f"is '{value}'; a whole number from {low} to {high} is needed")
        return int(value)

    @property
    def batch_size(self) -> int:
        return self.whole("BATCH_SIZE", 1, 1000)

    @property
    def max_attempts(self) -> int:
        return self.whole("MAX_ATTEMPTS", 1, 100)

    @property
    def max_people(self) -> int:
        return self.whole("MAX_PEOPLE", 1, 1_000_000)

    @property
    def public_url(self) -> str:
        """Without a slash at its end."""
        url = self.text("PUBLIC_URL").rstrip("/")
        if not re.fullmatch(r"https?://[\w.-]+(:\d+)?", url, re.ASCII):
            raise ConfigurationError(
                "PUBLIC_URL", "is not an address such as https://cloud-offload.example.workers.dev"
            )
        if not url.startswith("https:") and not self.local:
            raise ConfigurationError("PUBLIC_URL", "must be https")
        return url

    @property
    def signing_secret(self) -> bytes:
        """What new signatures are made with."""
        return self._secret("SIGNING_SECRET")

    @property
    def signing_secrets(self) -> tuple[bytes, ...]:
        """Whose signatures count: its own, and those of the secret before it."""
        previous = "SIGNING_SECRET_PREVIOUS"
        return self.signing_secret, *([self._secret(previous)] if self.optional(previous) else [])

    def _secret(self, name: str) -> bytes:
        secret = self.text(name)
        if len(secret) < SHORTEST_SIGNING_SECRET:
            raise ConfigurationError(name, f"is too short; {SHORTEST_SIGNING_SECRET} characters are needed")
        return secret.encode()

    @property
    def credential_key(self) -> bytes:
        try:
            seed = bytes.fromhex(self.text("CREDENTIAL_KEY"))
        except ValueError:
            seed = b""
        if len(seed) != 32:
            raise ConfigurationError("CREDENTIAL_KEY", "is not 64 hex digits, as `openssl rand -hex 32` makes them")
        return seed

    @property
    def credential_keys_previous(self) -> tuple[bytes, ...]:
        """Public keys, 32 bytes each."""
        texts = self.optional("CREDENTIAL_KEYS_PREVIOUS").split()
        if not all(re.fullmatch(r"[\w-]{43}", text, re.ASCII) for text in texts):
            words = "is not a list of public keys, each as `x` of /.well-known/did.json shows it"
            raise ConfigurationError("CREDENTIAL_KEYS_PREVIOUS", words)
        return tuple(base64.urlsafe_b64decode(text + "=") for text in texts)

    @property
    def access(self) -> tuple[str, str] | None:
        """Cloudflare Access: the team's domain and the application's audience; None where it is not used."""
        domain, audience = self.optional("ACCESS_TEAM_DOMAIN"), self.optional("ACCESS_AUDIENCE")
        if not domain and not audience:
            return None
        if not domain or not audience:
            missing = "ACCESS_AUDIENCE" if domain else "ACCESS_TEAM_DOMAIN"
            raise ConfigurationError(missing, "is not set, and Cloudflare Access needs both of its settings")
        if not re.fullmatch(r"[a-z0-9-]+\.cloudflareaccess\.com", domain):
            raise ConfigurationError("ACCESS_TEAM_DOMAIN", "is not a domain such as example.cloudflareaccess.com")
        return domain, audience

    @property
    def local(self) -> bool:
        return self.text("LOCAL") == "yes"
