"""What the core asks of the outside world, and the platform's answer to it."""
