"""The properties that elements have in common, as JSON Schema: lengths in millimetres, font sizes in points."""

from typing import Any, Final

COLOUR: Final = {"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"}
LENGTH: Final = {"type": "number", "minimum": 0, "maximum": 2000}
TEXT: Final = {"type": "string", "maxLength": 4000}
_NAME: Final = {"type": "string", "minLength": 1, "maxLength": 200}
ASSET: Final = {**_NAME, "description": "The name of an uploaded picture"}
SVG: Final = {"type": "string", "maxLength": 500_000, "description": "An SVG picture without scripts or references"}
FONT: Final = {
    "type": "object",
    "properties": {
        "family": {"enum": ["sans", "serif"], "default": "sans"},
        "asset": {**_NAME, "description": "The name of an uploaded font; `family` has what is missing in it"},
        "weight": {"enum": ["regular", "bold"], "default": "regular"},
        "size": {"type": "number", "minimum": 4, "maximum": 200, "default": 12},
        "spacing": {
            "type": "number",
            "minimum": 0,
            "maximum": 20,
            "default": 0,
            "description": "Points between letters",
        },
        "line_height": {"type": "number", "minimum": 0.8, "maximum": 3, "default": 1.35},
    },
    "additionalProperties": False,
}
DATE_FORMAT: Final = {"enum": ["long", "short", "iso"], "default": "long"}

# What most elements need, and what may be said of their box.
PLACE: Final = ("x", "y", "width", "height")
BOX: Final[dict[str, Any]] = {
    "x": LENGTH,
    "y": LENGTH,
    "width": LENGTH,
    "height": LENGTH,
    "rotation": {
        "type": "number",
        "minimum": -360,
        "maximum": 360,
        "description": "Degrees clockwise about the centre",
    },
}
WORDS: Final[dict[str, Any]] = {
    **BOX,
    "text": TEXT,
    "color": COLOUR,
    "font": FONT,
    "align": {"enum": ["start", "left", "center", "right", "end"], "default": "center"},
    "valign": {"enum": ["top", "middle", "bottom"], "default": "middle"},
}
STROKE: Final[dict[str, Any]] = {"color": COLOUR, "thickness": {"type": "number", "minimum": 0, "maximum": 50}}
