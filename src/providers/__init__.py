"""The mail providers, by the name a site chooses, and with their settings the table of all settings there are."""

from core.errors import ConfigurationError
from providers.base import Provider
from providers.cloudflare import Cloudflare
from providers.mailgun import Mailgun
from providers.resend import Resend
from providers.sandbox import Sandbox
from providers.sendgrid import SendGrid
from providers.ses import Ses
from runtime.ports import Row
from runtime.services import Services
from runtime.settings import CORE_SETTINGS

PROVIDERS: dict[str, type[Provider]] = {
    provider.name: provider for provider in (Sandbox, Cloudflare, Ses, SendGrid, Mailgun, Resend)
}
SETTINGS = (*CORE_SETTINGS, *(setting for provider in PROVIDERS.values() for setting in provider.settings))


def rate_of(site: Row) -> float:
    """Mails a second: the site's own limit, or what its provider takes."""
    rate: float = site["send_rate"] or PROVIDERS[site["provider"]].default_rate
    return rate


def provider_for(name: str, services: Services, site_id: str) -> Provider:
    try:
        return PROVIDERS[name](services, site_id)
    except KeyError:
        raise ConfigurationError("provider", f"is '{name}'; one of {', '.join(PROVIDERS)} is needed") from None
