"""What a deployment that issues certificates is told: a design, a certificate, the mail it goes with, settings."""

from typing import Any

from tests.worlds.world import MESSAGE

DESIGN: dict[str, Any] = {
    "version": 1,
    "title": "{{ title }}",
    "page": {"size": "A5", "orientation": "landscape"},
    "pages": [
        {
            "elements": [
                {"type": "name", "x": 20, "y": 40, "width": 170, "height": 20},
                {"type": "text", "x": 20, "y": 60, "width": 170, "height": 10, "text": "{{ course }}, {{ issuer }}"},
                {"type": "date", "x": 20, "y": 80, "width": 80, "height": 10},
                {"type": "code", "x": 20, "y": 100, "width": 80, "height": 10},
                {"type": "qr", "x": 150, "y": 90, "size": 30},
            ]
        }
    ],
}
CERTIFICATE: dict[str, Any] = {
    "design": DESIGN,
    "award": "course-7",
    "title": "Biology",
    "issuer": "School",
    "expires_at": None,
    "locale": "en",
    "link_days": 90,
    "holder": "full",
}
LINKED = MESSAGE | {"html": "<a href='{{ certificate_url }}'>{{ certificate_code }}</a> {{ verify_url }}"}
SETTINGS = {"PUBLIC_URL": "https://offload.example", "SIGNING_SECRET": "s" * 32}
