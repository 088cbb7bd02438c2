"""The sandbox: keeps every mail as a file in the bucket, to be looked at, and sends nothing. A site's default.

The promise: the same key is the same file, so a repeat adds nothing. Addresses under `.invalid` (RFC 6761) are refused,
so that failures can be seen.
"""

from core.errors import BucketUnavailable, ProviderDown, Rejected
from mail.message import OutgoingMail
from mail.mime import to_bytes
from providers.base import Provider


def folder(site_id: str) -> str:
    return f"{site_id}/sandbox/"


def job_folder(site_id: str, job_id: str) -> str:
    return f"{folder(site_id)}{job_id}/"


def file_of(site_id: str, job_id: str, key: str) -> str:
    """Where a mail is, by its idempotency key."""
    return f"{job_folder(site_id, job_id)}{key}.eml"


class Sandbox(Provider):
    name = "sandbox"
    key_window = 366 * 24 * 3600  # a file is replaced by itself for as long as it is kept
    default_rate = 1000.0
    attachment_limit = 25_000_000  # as most mail servers have it

    async def deliver(self, mail: OutgoingMail) -> str:
        domain = mail.to.email.rpartition("@")[2].lower()
        if domain == "invalid" or domain.endswith(".invalid"):
            raise Rejected("mailbox_unavailable", f"550 5.1.1 no mailbox at {domain}")
        file = file_of(self.site_id, mail.headers["X-Offload-Job"], mail.key)
        try:
            message = to_bytes(mail, self.services.clock.now())
        except Exception as error:  # of this mail alone, and nothing has left
            raise Rejected("internal_error", type(error).__name__) from error
        try:
            await self.services.files.put(file, message, "message/rfc822")
        except BucketUnavailable as error:
            raise ProviderDown("files_unavailable", str(error)) from error
        return mail.key

    async def check(self) -> None:
        try:
            await self.services.files.keys(folder(self.site_id), 1)
        except BucketUnavailable as error:
            raise ProviderDown("files_unavailable", str(error)) from error
