"""Landscape, right to left, in Arabic: bands of eight-pointed stars, Naskh letters."""

from typing import Any

from certificates.designs.ornament import picture, seal, star_band

GREEN, GOLD, SOFT = "#0f4c46", "#b08a3e", "#5c6b68"


def document() -> dict[str, Any]:
    ornament = picture(
        297,
        210,
        f'<path d="M0 0h297v19h-297zM0 191h297v19h-297z" fill="{GREEN}"/>',
        star_band(0, 9.5, 297, 8.5, GOLD),
        star_band(0, 200.5, 297, 8.5, GOLD),
        f'<path d="M0 20.6h297M0 189.4h297" stroke="{GOLD}" stroke-width="0.7" fill="none"/>',
        f'<rect x="14" y="30" width="269" height="150" fill="none" stroke="{GOLD}" stroke-width="0.35"/>',
        f'<g fill="{GOLD}" stroke="{GOLD}" stroke-width="0.3">'
        '<path d="M108.5 70h34m12 0h34M148.5 67.8l2.2 2.2-2.2 2.2-2.2-2.2z"/></g>',
        seal(148.5, 159, 13.5, GOLD, "#fbf8f0"),
    )
    return {
        "version": 1,
        "name": "Right to left",
        "title": "شهادة: {{ title }}",
        "direction": "rtl",
        "page": {"size": "A4", "orientation": "landscape"},
        "pages": [
            {
                "background": {"color": "#fbf8f0", "svg": ornament},
                "elements": [
                    _text("{{ issuer }}", 34, 9, 14, SOFT),
                    _text("شهادة إتمام", 43, 24, 40, GREEN, weight="bold"),
                    _text("تُمنح هذه الشهادة إلى", 73, 10, 15, SOFT),
                    {**_text("{{ name }}", 83, 24, 40, GOLD, weight="bold"), "type": "name"},
                    _text("لإتمامه بنجاح", 107, 10, 15, SOFT),
                    _text("{{ title }}", 117, 18, 24, GREEN, weight="bold"),
                    {**_text("بتقدير {{ grade }}", 133, 9, 14, SOFT), "type": "grade"},
                    {**_at("{{ date }}", 207, 149, 60, 10, 13, GREEN), "type": "date"},
                    {"type": "line", "x": 214, "y": 160, "width": 46, "height": 0, "color": SOFT, "thickness": 0.25},
                    _at("تاريخ الإصدار", 207, 161, 60, 7, 10, SOFT),
                    {**_at("صالحة حتى {{ date }}", 207, 168, 60, 7, 10, SOFT), "type": "expiry"},
                    {"type": "qr", "x": 47, "y": 143, "size": 28, "color": GREEN},
                    {**_at("{{ code }}", 31, 171, 60, 6, 9, SOFT), "type": "code"},
                ],
            }
        ],
    }


def _text(text: str, y: float, height: float, size: float, color: str, **font: Any) -> dict[str, Any]:
    return _at(text, 33.5, y, 230, height, size, color, **font)


def _at(
    text: str, x: float, y: float, width: float, height: float, size: float, color: str, **font: Any
) -> dict[str, Any]:
    place = {"x": x, "y": y, "width": width, "height": height, "color": color}
    return {"type": "text", "text": text, **place, "font": {"family": "serif", "size": size, **font}}
