"""The Worker: its three handlers, and nothing else.

A request goes to the API, a queue's batch to that queue's consumer, the cron to the sweeper; each with the services of
this deployment.
"""

from typing import Any

from workers import WorkerEntrypoint

import bindings
import callback
import queue_consumer
from api.app import app
from delivery_events import cloudflare
from services import Services
from settings import Settings
from sweep import sweep

# by the names in wrangler.toml
CONSUMERS = {
    "offload-batches": queue_consumer.consume,
    "offload-callbacks": callback.deliver,
    "offload-dlq": queue_consumer.dead_letter,
    "offload-delivery-events": cloudflare.consume,
}


class Default(WorkerEntrypoint):
    async def fetch(self, request: Any) -> Any:
        return await bindings.serve(app(services_of(self.env)), request, self.ctx.waitUntil)

    async def queue(self, batch: Any, _env: Any = None, _ctx: Any = None) -> None:
        messages = [bindings.DeliveredMessage(message) for message in batch.messages]
        await CONSUMERS[batch.queue](services_of(self.env), messages)

    async def scheduled(self, _controller: Any, _env: Any = None, _ctx: Any = None) -> None:
        await sweep(services_of(self.env))


def services_of(env: Any) -> Services:
    return Services(
        database=bindings.D1(env.DB),
        files=bindings.R2(env.FILES),
        batches=bindings.WorkersQueue(env.BATCHES),
        callbacks=bindings.WorkersQueue(env.CALLBACKS),
        dead_letters=bindings.WorkersQueue(env.DEAD_LETTERS),
        fetch=bindings.fetch,
        clock=bindings.SystemClock(),
        random=bindings.SystemRandom(),
        crypto=bindings.SubtleCrypto(),
        page_limit=bindings.RateLimit(env.PAGE_LIMIT),
        sign_in_limit=bindings.RateLimit(env.SIGN_IN_LIMIT),
        settings=Settings.read(lambda name: getattr(env, name, None)),
    )
