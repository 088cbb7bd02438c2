"""What the core asks of the outside world, and Cloudflare's answer to it."""
