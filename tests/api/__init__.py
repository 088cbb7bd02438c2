"""The HTTP API, in process: every answer is held to the OpenAPI document."""
