"""Portrait and plain: black on white, cheap to print, easy to read and to start one's own design from."""

from typing import Any

INK, SOFT, RULE = "#1a1a1a", "#555555", "#c8c8c8"
LEFT, WIDTH = 25, 160


def document() -> dict[str, Any]:
    return {
        "version": 1,
        "name": "Course completion",
        "title": "Course completion: {{ title }}",
        "page": {"size": "A4", "orientation": "portrait"},
        "pages": [
            {
                "background": {"color": "#ffffff"},
                "elements": [
                    {"type": "border", "inset": 12, "color": RULE, "thickness": 0.4},
                    {"type": "rectangle", "x": 12, "y": 12, "width": 186, "height": 3, "fill": INK},
                    _text("{{ issuer }}", 34, 10, 14, SOFT),
                    _text("Certificate of Completion", 50, 16, 30, INK, weight="bold"),
                    {"type": "line", "x": LEFT, "y": 76, "width": WIDTH, "height": 0, "color": RULE, "thickness": 0.4},
                    {**_text("{{ name }}", 88, 20, 32, INK, weight="bold"), "type": "name"},
                    _text("has completed the course", 110, 9, 13, SOFT),
                    {**_text("{{ title }}", 121, 24, 22, INK, weight="bold", line_height=1.25), "valign": "top"},
                    {**_text("Grade: {{ grade }}", 149, 9, 13, INK), "type": "grade"},
                    {"type": "line", "x": LEFT, "y": 222, "width": WIDTH, "height": 0, "color": RULE, "thickness": 0.4},
                    {**_text("Issued on {{ date }}", 230, 8, 11, INK), "type": "date"},
                    {**_text("Valid until {{ date }}", 238, 8, 11, INK), "type": "expiry"},
                    {**_text("Code {{ code }}", 246, 8, 11, SOFT), "type": "code"},
                    {"type": "qr", "x": 153, "y": 228, "size": 34, "color": INK},
                ],
            }
        ],
    }


def _text(text: str, y: float, height: float, size: float, color: str, **font: Any) -> dict[str, Any]:
    place = {"x": LEFT, "y": y, "width": WIDTH, "height": height, "color": color, "align": "left"}
    return {"type": "text", "text": text, **place, "font": {"size": size, **font}}
