"""The first page: what is running now, and whether anything needs a person."""

from starlette.responses import Response

from console.frame import page
from console.routing import Page
from console.visit import Visit

_TEMPLATE = """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
{{ parts.head("Overview") }}
{% endblock %}"""


async def show(visit: Visit) -> Response:
    return page(visit, _TEMPLATE, "Overview")


PAGES = (Page("GET", "/console", "any", show, "Overview"),)
