"""What a handler works with: the ports of this deployment, put together once by `entry.py` or by a test."""

from dataclasses import dataclass

from runtime.ports import Bucket, Clock, Crypto, Database, Fetch, Limiter, Queue, Random
from runtime.settings import Settings


@dataclass(frozen=True)
class Services:
    database: Database
    files: Bucket
    batches: Queue
    callbacks: Queue
    dead_letters: Queue
    fetch: Fetch
    clock: Clock
    random: Random
    crypto: Crypto
    page_limit: Limiter  # how often one network may ask for public pages
    sign_in_limit: Limiter  # how often it may try to sign in
    event_limit: Limiter  # how often it may tell what became of mails
    settings: Settings
