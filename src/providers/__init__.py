"""The mail providers, by the name a site chooses."""

from core.errors import ConfigurationError
from providers.base import Provider
from providers.cloudflare import Cloudflare
from providers.mailgun import Mailgun
from providers.resend import Resend
from providers.sandbox import Sandbox
from providers.sendgrid import SendGrid
from providers.ses import Ses
from runtime.services import Services

PROVIDERS: dict[str, type[Provider]] = {
    provider.name: provider for provider in (Sandbox, Cloudflare, Ses, SendGrid, Mailgun, Resend)
}


def provider_for(name: str, services: Services, site_id: str) -> Provider:
    try:
        return PROVIDERS[name](services, site_id)
    except KeyError:
        raise ConfigurationError("provider", f"is '{name}'; one of {', '.join(PROVIDERS)} is needed") from None
