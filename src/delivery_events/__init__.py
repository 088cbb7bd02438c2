"""What the providers tell of mails after they took them, by the name in `POST /v1/events/{provider}`."""

from delivery_events.base import EventSource
from delivery_events.mailgun import MailgunEvents
from delivery_events.resend import ResendEvents
from delivery_events.sendgrid import SendGridEvents
from delivery_events.ses import SesEvents

# Cloudflare's come by a queue: delivery_events/cloudflare.py
SOURCES: dict[str, type[EventSource]] = {
    source.name: source for source in (SesEvents, SendGridEvents, MailgunEvents, ResendEvents)
}
