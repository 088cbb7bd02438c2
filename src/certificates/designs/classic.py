"""Landscape, ivory and gold: a braided frame with rosettes, a seal, serif letters."""

from typing import Any

from certificates.designs.ornament import frame, picture, seal

GOLD, INK, SOFT = "#a98336", "#22304a", "#5d6473"


def document() -> dict[str, Any]:
    ornament = picture(
        297,
        210,
        f'<rect x="17.5" y="17.5" width="262" height="175" fill="#fffdf7" stroke="{GOLD}" stroke-width="0.35"/>',
        f'<rect x="18.8" y="18.8" width="259.4" height="172.4" fill="none" stroke="{INK}" stroke-width="0.8"/>',
        frame(297, 210, 11.5, 3.1, GOLD, 0.22, 9.3),
        f'<path d="M118.5 52.6h24m12 0h24" stroke="{GOLD}" stroke-width="0.4" fill="none"/>',
        f'<path d="M148.5 50.4l2.2 2.2-2.2 2.2-2.2-2.2z" fill="{GOLD}"/>',
        seal(148.5, 163, 15, GOLD, "#fffdf7"),
    )
    serif = {"family": "serif"}
    return {
        "version": 1,
        "name": "Classic",
        "title": "Certificate: {{ title }}",
        "page": {"size": "A4", "orientation": "landscape"},
        "pages": [
            {
                "background": {"color": "#faf5e6", "svg": ornament},
                "elements": [
                    _text("{{ issuer }}", 26.5, 9, 13, SOFT, serif | {"spacing": 1}),
                    _text("Certificate of Achievement", 34, 17, 34, INK, serif | {"weight": "bold", "spacing": 0.6}),
                    _text("This is to certify that", 59, 9, 14, SOFT, serif),
                    {
                        **_text("", 70, 24, 42, GOLD, serif | {"weight": "bold"}),
                        "type": "name",
                        "text": "{{ name }}",
                    },
                    {"type": "line", "x": 78.5, "y": 95.5, "width": 140, "height": 0, "color": GOLD, "thickness": 0.3},
                    _text("has successfully completed", 99, 9, 14, SOFT, serif),
                    _text("{{ title }}", 109, 21, 24, INK, serif | {"weight": "bold", "line_height": 1.2}),
                    {**_text("with the grade {{ grade }}", 130, 9, 13, SOFT, serif), "type": "grade"},
                    {**_at(30, 150, 70, 9, 13, INK, serif), "type": "date", "text": "{{ date }}"},
                    {"type": "line", "x": 40, "y": 160, "width": 50, "height": 0, "color": SOFT, "thickness": 0.25},
                    {**_at(30, 161, 70, 6, 9, SOFT, serif), "type": "text", "text": "Date of issue"},
                    {**_at(30, 168, 70, 6, 9, SOFT, serif), "type": "expiry", "text": "Valid until {{ date }}"},
                    {"type": "qr", "x": 208.5, "y": 146, "size": 28, "color": INK},
                    {**_at(187.5, 174.5, 70, 6, 9, SOFT, serif), "type": "code", "text": "{{ code }}"},
                ],
            }
        ],
    }


def _text(text: str, y: float, height: float, size: float, color: str, font: dict[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": text, **_at(33.5, y, 230, height, size, color, font)}


def _at(
    x: float, y: float, width: float, height: float, size: float, color: str, font: dict[str, Any]
) -> dict[str, Any]:
    return {"x": x, "y": y, "width": width, "height": height, "color": color, "font": font | {"size": size}}
