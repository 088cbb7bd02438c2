"""Every provider, held to what it publishes and to the promises all of them make."""
