"""The Worker: its three handlers, and nothing else.

A request goes to the API, a queue's batch to that queue's consumer, the cron to the sweeper; each with the services of
this deployment.
"""

from typing import Any

from workers import WorkerEntrypoint

import callback
import queue_consumer
from app import app
from delivery_events import cloudflare as cloudflare_events
from providers import SETTINGS
from runtime import cloudflare
from runtime.services import Services
from runtime.settings import Settings
from sweep import sweep

# by the names in wrangler.toml
CONSUMERS = {
    "offload-batches": queue_consumer.consume,
    "offload-callbacks": callback.deliver,
    "offload-dlq": queue_consumer.dead_letter,
    "offload-delivery-events": cloudflare_events.consume,
}


class Default(WorkerEntrypoint):
    async def fetch(self, request: Any) -> Any:
        return await cloudflare.serve(app(services_of(self.env)), request, self.ctx.waitUntil)

    async def queue(self, batch: Any, _env: Any = None, _ctx: Any = None) -> None:
        messages = [cloudflare.DeliveredMessage(message) for message in batch.messages]
        await CONSUMERS[batch.queue](services_of(self.env), messages)

    async def scheduled(self, _controller: Any, _env: Any = None, _ctx: Any = None) -> None:
        await sweep(services_of(self.env))


def services_of(env: Any) -> Services:
    return Services(
        database=cloudflare.D1(env.DB),
        files=cloudflare.R2(env.FILES),
        batches=cloudflare.WorkersQueue(env.BATCHES),
        callbacks=cloudflare.WorkersQueue(env.CALLBACKS),
        dead_letters=cloudflare.WorkersQueue(env.DEAD_LETTERS),
        fetch=cloudflare.fetch,
        clock=cloudflare.SystemClock(),
        random=cloudflare.SystemRandom(),
        crypto=cloudflare.SubtleCrypto(),
        page_limit=cloudflare.RateLimit(env.PAGE_LIMIT),
        sign_in_limit=cloudflare.RateLimit(env.SIGN_IN_LIMIT),
        event_limit=cloudflare.RateLimit(env.EVENT_LIMIT),
        settings=Settings.read(SETTINGS, lambda name: getattr(env, name, None), cloudflare.HOW_TO_SET),
    )
