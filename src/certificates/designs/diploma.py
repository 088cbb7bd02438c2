"""Portrait, in the style of an academic diploma: engraved rosette, double rule, place for two signatures."""

from typing import Any

from certificates.designs.ornament import picture, rosette, seal

INK, WINE, SOFT = "#2a2320", "#7a1f2b", "#6b625c"
LEFT, WIDTH = 30, 150


def document() -> dict[str, Any]:
    ornament = picture(
        210,
        297,
        rosette(105, 148, 66, 36, "#efe7d6", 0.25),
        f'<rect x="12" y="12" width="186" height="273" fill="none" stroke="{WINE}" stroke-width="1.4"/>',
        f'<rect x="14.4" y="14.4" width="181.2" height="268.2" fill="none" stroke="{INK}" stroke-width="0.3"/>',
        *(rosette(x, y, 5, 10, WINE, 0.2) for x in (22.5, 187.5) for y in (22.5, 274.5)),
        seal(105, 43, 13, WINE, "#fdfaf2"),
        f'<path d="M60 92.5h38m14 0h38M105 90.5l2 2-2 2-2-2z" fill="{WINE}" stroke="{WINE}" stroke-width="0.3"/>',
    )
    return {
        "version": 1,
        "name": "Diploma",
        "title": "Diploma: {{ title }}",
        "page": {"size": "A4", "orientation": "portrait"},
        "pages": [
            {
                "background": {"color": "#fdfaf2", "svg": ornament},
                "elements": [
                    _text("{{ issuer }}", 61, 14, 22, INK, weight="bold", line_height=1.15),
                    _text("by authority of its board of studies hereby confers upon", 77, 10, 12, SOFT),
                    {**_text("{{ name }}", 98, 26, 38, INK, weight="bold"), "type": "name"},
                    _text("who has fulfilled all requirements, the", 127, 9, 12, SOFT),
                    _text("Diploma", 137, 20, 40, WINE, spacing=2),
                    _text("in", 158, 8, 12, SOFT),
                    _text("{{ title }}", 167, 24, 24, INK, weight="bold", line_height=1.2),
                    {**_text("passed with {{ grade }}", 192, 9, 13, SOFT), "type": "grade"},
                    {**_text("Given on {{ date }}", 203, 8, 12, INK), "type": "date"},
                    {**_text("Valid until {{ date }}", 210, 7, 10, SOFT), "type": "expiry"},
                    {**_signature(30), "text": "Head of the institution"},
                    {**_signature(128), "text": "Registrar"},
                    {"type": "qr", "x": 93, "y": 228, "size": 24, "color": INK},
                    {**_text("{{ code }}", 257, 6, 8.5, SOFT), "type": "code"},
                ],
            }
        ],
    }


def _text(text: str, y: float, height: float, size: float, color: str, **font: Any) -> dict[str, Any]:
    place = {"x": LEFT, "y": y, "width": WIDTH, "height": height, "color": color}
    return {"type": "text", "text": text, **place, "font": {"family": "serif", "size": size, **font}}


def _signature(x: float) -> dict[str, Any]:
    place = {"x": x, "y": 228, "width": 52, "height": 26, "color": SOFT}
    return {"type": "signature", **place, "font": {"family": "serif", "size": 10}}
