"""The deployment's settings, variables and secrets, read once an invocation.

The promise: a wrong value is told by its name, never replaced in silence. A provider's own settings stand in its file;
`providers.SETTINGS` is the table of all, which docs/settings.md is held to.
"""

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from core.errors import ConfigurationError
from core.limits import Limits


class Setting(NamedTuple):
    """`default` None: without it, what needs it is refused. `secret`: is kept where nobody reads it again."""

    name: str
    default: str | None
    purpose: str
    secret: bool = False


# each row has a name, and is asked for by it
CORE_SETTINGS = (
    OPERATOR_TOKEN := Setting(
        "OPERATOR_TOKEN", None, "signs the operator in who provisions sites; 24 characters or more", secret=True
    ),
    PUBLIC_URL := Setting("PUBLIC_URL", None, "the Worker's own address, as unsubscribe links in mails have it; https"),
    SIGNING_SECRET := Setting(
        "SIGNING_SECRET", None, "signs the links that go into mails; 32 characters or more", secret=True
    ),
    SIGNING_SECRET_PREVIOUS := Setting(
        "SIGNING_SECRET_PREVIOUS", "", "the one before it: links that it signed still work", secret=True
    ),
    BATCH_SIZE := Setting("BATCH_SIZE", "200", "people in a batch, 1 to 1,000"),
    MAX_ATTEMPTS := Setting("MAX_ATTEMPTS", "8", "attempts a person, before a temporary refusal becomes final"),
    MAX_PEOPLE := Setting("MAX_PEOPLE", "100000", "people in a job"),
    SITE_PEOPLE := Setting("SITE_PEOPLE", "5000000", "people that a site keeps, those of its companies included"),
    SITE_BYTES := Setting(
        "SITE_BYTES", "4000000000", "bytes that it keeps: people, messages, suppressions, pictures and fonts"
    ),
    SITE_DRAFTS := Setting("SITE_DRAFTS", "1000", "drafts that it keeps"),
    SITE_ASSETS := Setting("SITE_ASSETS", "1000", "pictures and fonts that it keeps"),
    COMPANY_SHARE := Setting("COMPANY_SHARE", "50", "percent of these four that one company of it may keep"),
    LOCAL := Setting("LOCAL", "no", "yes in the local runtime: callback URLs may be http and on this machine"),
    CREDENTIAL_KEY := Setting("CREDENTIAL_KEY", None, "Ed25519 key that signs Open Badges: 64 hex digits", secret=True),
    CREDENTIAL_KEYS_PREVIOUS := Setting(
        "CREDENTIAL_KEYS_PREVIOUS", "", "public keys of those before it, by which older Open Badges still verify"
    ),
    ACCESS_TEAM_DOMAIN := Setting(
        "ACCESS_TEAM_DOMAIN", "", "Cloudflare Access: the team's domain, such as example.cloudflareaccess.com"
    ),
    ACCESS_AUDIENCE := Setting("ACCESS_AUDIENCE", "", "Cloudflare Access: the application's audience tag"),
)

SHORTEST_SIGNING_SECRET = 32


@dataclass(frozen=True)
class Settings:
    """Typed access to the core's settings; `text` and `optional` for any. `hint`: how an operator sets a secret on this
    platform."""

    values: Mapping[str, str]
    hint: str = "set {name}"

    @classmethod
    def read(cls, table: Iterable[Setting], lookup: Callable[[str], Any], hint: str) -> "Settings":
        """`lookup` gives a variable's value by name, or None where it is not set."""
        found = {setting.name: lookup(setting.name) for setting in table}
        return cls({name: str(value) for name, value in found.items() if value not in (None, "")}, hint)

    def how_to_set(self, setting: Setting) -> str:
        return self.hint.format(name=setting.name)

    def text(self, setting: Setting) -> str:
        """The value, or the default. Raises `ConfigurationError` where there is neither."""
        value = self.optional(setting)
        if not value:
            raise ConfigurationError(setting.name, "is not set")
        return value

    def optional(self, setting: Setting) -> str:
        """The value, the default, or an empty string."""
        return self.values.get(setting.name) or setting.default or ""

    def whole(self, setting: Setting, low: int, high: int) -> int:
        value = self.text(setting)
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise ConfigurationError(setting.name, f"is '{value}'; a whole number from {low} to {high} is needed")
        return int(value)

    @property
    def batch_size(self) -> int:
        return self.whole(BATCH_SIZE, 1, 1000)

    @property
    def max_attempts(self) -> int:
        return self.whole(MAX_ATTEMPTS, 1, 100)

    @property
    def max_people(self) -> int:
        return self.whole(MAX_PEOPLE, 1, 1_000_000)

    @property
    def limits(self) -> Limits:
        """What a site and a company of it may keep."""
        table = {"people": SITE_PEOPLE, "bytes": SITE_BYTES, "drafts": SITE_DRAFTS, "assets": SITE_ASSETS}
        site = {kind: self.whole(setting, 1, 1_000_000_000_000) for kind, setting in table.items()}
        share = self.whole(COMPANY_SHARE, 1, 100)
        return Limits(site, {kind: max(1, most * share // 100) for kind, most in site.items()})

    @property
    def public_url(self) -> str:
        """Without a slash at its end."""
        url = self.text(PUBLIC_URL).rstrip("/")
        if not re.fullmatch(r"https?://[\w.-]+(:\d+)?", url, re.ASCII):
            raise ConfigurationError(
                PUBLIC_URL.name, "is not an address such as https://cloud-offload.example.workers.dev"
            )
        if not url.startswith("https:") and not self.local:
            raise ConfigurationError(PUBLIC_URL.name, "must be https")
        return url

    @property
    def signing_secret(self) -> bytes:
        """What new signatures are made with."""
        return self._secret(SIGNING_SECRET)

    @property
    def signing_secrets(self) -> tuple[bytes, ...]:
        """Whose signatures count: its own, and those of the secret before it."""
        previous = SIGNING_SECRET_PREVIOUS
        return self.signing_secret, *([self._secret(previous)] if self.optional(previous) else [])

    def _secret(self, setting: Setting) -> bytes:
        secret = self.text(setting)
        if len(secret) < SHORTEST_SIGNING_SECRET:
            raise ConfigurationError(setting.name, f"is too short; {SHORTEST_SIGNING_SECRET} characters are needed")
        return secret.encode()

    @property
    def credential_key(self) -> bytes:
        try:
            seed = bytes.fromhex(self.text(CREDENTIAL_KEY))
        except ValueError:
            seed = b""
        if len(seed) != 32:
            raise ConfigurationError(CREDENTIAL_KEY.name, "is not 64 hex digits, as `openssl rand -hex 32` makes them")
        return seed

    @property
    def credential_keys_previous(self) -> tuple[bytes, ...]:
        """Public keys, 32 bytes each."""
        texts = self.optional(CREDENTIAL_KEYS_PREVIOUS).split()
        if not all(re.fullmatch(r"[\w-]{43}", text, re.ASCII) for text in texts):
            words = "is not a list of public keys, each as `x` of /.well-known/did.json shows it"
            raise ConfigurationError(CREDENTIAL_KEYS_PREVIOUS.name, words)
        return tuple(base64.urlsafe_b64decode(text + "=") for text in texts)

    @property
    def access(self) -> tuple[str, str] | None:
        """Cloudflare Access: the team's domain and the application's audience; None where it is not used."""
        domain, audience = self.optional(ACCESS_TEAM_DOMAIN), self.optional(ACCESS_AUDIENCE)
        if not domain and not audience:
            return None
        if not domain or not audience:
            missing = ACCESS_AUDIENCE if domain else ACCESS_TEAM_DOMAIN
            raise ConfigurationError(missing.name, "is not set, and Cloudflare Access needs both of its settings")
        if not re.fullmatch(r"[a-z0-9-]+\.cloudflareaccess\.com", domain):
            raise ConfigurationError(ACCESS_TEAM_DOMAIN.name, "is not a domain such as example.cloudflareaccess.com")
        return domain, audience

    @property
    def local(self) -> bool:
        return self.text(LOCAL) == "yes"
