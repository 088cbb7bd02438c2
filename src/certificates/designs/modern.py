"""Landscape, a band of overlapping colour on the left, sans letters set flush left."""

from typing import Any

from certificates.designs.ornament import picture, polygon

NAVY, TEAL, CORAL, SOFT = "#14213d", "#1b998b", "#f46036", "#5b6475"
LEFT, WIDTH = 92, 185


def document() -> dict[str, Any]:
    band = picture(
        297,
        210,
        polygon([(0, 0), (70, 0), (44, 210), (0, 210)], NAVY),
        polygon([(0, 122), (54.9, 122), (44, 210), (0, 210)], "#1d3461"),
        polygon([(0, 210), (0, 150), (51.5, 150), (22, 210)], TEAL),
        polygon([(70, 0), (76, 0), (50, 210), (44, 210)], CORAL),
        '<g fill="none" stroke="#ffffff" stroke-width="1.1">'
        '<circle cx="30" cy="38" r="14"/><path d="M22.5 38.5l5.2 5.4 10.4-11.6" stroke-width="2.4"/></g>',
    )
    return {
        "version": 1,
        "name": "Modern",
        "title": "Certificate: {{ title }}",
        "page": {"size": "A4", "orientation": "landscape"},
        "pages": [
            {
                "background": {"color": "#ffffff", "svg": band},
                "elements": [
                    _text("{{ issuer }}", 24, 9, 13, SOFT, spacing=0.5),
                    _text("Certificate", 34, 20, 44, NAVY, weight="bold"),
                    _text("awarded to", 64, 8, 13, SOFT),
                    {**_text("{{ name }}", 73, 24, 38, TEAL, weight="bold"), "type": "name"},
                    {"type": "rectangle", "x": LEFT, "y": 100, "width": 24, "height": 1.6, "fill": CORAL},
                    _text("for completing", 107, 8, 13, SOFT),
                    {**_text("{{ title }}", 116, 24, 24, NAVY, weight="bold", line_height=1.2), "valign": "top"},
                    {**_text("Result: {{ grade }}", 143, 9, 14, NAVY), "type": "grade"},
                    {**_text("Issued on {{ date }}", 164, 7, 11, SOFT), "type": "date"},
                    {**_text("Valid until {{ date }}", 171, 7, 11, SOFT), "type": "expiry"},
                    {**_text("{{ code }}", 178, 7, 11, SOFT), "type": "code"},
                    {"type": "qr", "x": 243, "y": 157, "size": 32, "color": NAVY},
                ],
            }
        ],
    }


def _text(text: str, y: float, height: float, size: float, color: str, **font: Any) -> dict[str, Any]:
    place = {"x": LEFT, "y": y, "width": WIDTH, "height": height, "color": color, "align": "left"}
    return {"type": "text", "text": text, **place, "font": {"size": size, **font}}
