"""One claimed group sent; its pace, its waits, its queues."""
