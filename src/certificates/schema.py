"""The JSON Schema of a certificate's design, version 1, as published at /schemas/certificate-1.json.

Lengths are millimetres from the upper left corner of the page, font sizes are points. Texts may hold `{{ variable }}`.
"""

from typing import Any, Final

_COLOUR: Final = {"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"}
_LENGTH: Final = {"type": "number", "minimum": 0, "maximum": 2000}
_TEXT: Final = {"type": "string", "maxLength": 4000}
_NAME: Final = {"type": "string", "minLength": 1, "maxLength": 200}
_ASSET: Final = {**_NAME, "description": "The name of an uploaded picture"}
_SVG: Final = {"type": "string", "maxLength": 500_000, "description": "An SVG picture without scripts or references"}
_FONT: Final = {
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
_BOX: Final[dict[str, Any]] = {
    "x": _LENGTH,
    "y": _LENGTH,
    "width": _LENGTH,
    "height": _LENGTH,
    "rotation": {
        "type": "number",
        "minimum": -360,
        "maximum": 360,
        "description": "Degrees clockwise about the centre",
    },
}
_WORDS: Final[dict[str, Any]] = {
    **_BOX,
    "text": _TEXT,
    "color": _COLOUR,
    "font": _FONT,
    "align": {"enum": ["start", "left", "center", "right", "end"], "default": "center"},
    "valign": {"enum": ["top", "middle", "bottom"], "default": "middle"},
}
_STROKE: Final[dict[str, Any]] = {"color": _COLOUR, "thickness": {"type": "number", "minimum": 0, "maximum": 50}}


def _element(kind: str, properties: dict[str, Any], *required: str, about: str) -> dict[str, Any]:
    return {
        "type": "object",
        "description": about,
        "properties": {"type": {"const": kind}, **properties},
        "required": ["type", *required],
        "additionalProperties": False,
    }


_PLACE: Final = ("x", "y", "width", "height")
_DATE: Final = {
    "variable": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$"},
    "format": {"enum": ["long", "short", "iso"], "default": "long"},
}

ELEMENTS: Final[dict[str, dict[str, Any]]] = {
    "text": _element(
        "text", _WORDS, *_PLACE, "text", about="Words, wrapped in their box and made smaller if they must be"
    ),
    "name": _element("name", _WORDS, *_PLACE, about="The person's name on one line, shrunk to fit its box"),
    "grade": _element("grade", _WORDS, *_PLACE, about="`{{ grade }}`; left out for people who have none"),
    "date": _element("date", {**_WORDS, **_DATE}, *_PLACE, about="A date in the person's language, as `{{ date }}`"),
    "expiry": _element(
        "expiry", {**_WORDS, "format": _DATE["format"]}, *_PLACE, about="As date, of `expires`, if there is one"
    ),
    "code": _element("code", _WORDS, *_PLACE, about="The certificate's code"),
    "line": _element("line", {**_BOX, **_STROKE}, *_PLACE, about="From the box's upper left to its lower right corner"),
    "rectangle": _element(
        "rectangle",
        {**_BOX, **_STROKE, "fill": _COLOUR, "radius": _LENGTH},
        *_PLACE,
        about="A box, filled, outlined or both",
    ),
    "border": _element(
        "border",
        {**_STROKE, "inset": _LENGTH, "style": {"enum": ["single", "double"], "default": "single"}},
        about="A frame at a distance from the page's edges",
    ),
    "image": _element(
        "image", {**_BOX, "asset": _ASSET, "svg": _SVG}, *_PLACE, about="A picture, its proportions kept"
    ),
    "signature": _element(
        "signature", {**_WORDS, "asset": _ASSET}, *_PLACE, about="A line to sign on, words beneath it"
    ),
    "qr": _element(
        "qr",
        {"x": _LENGTH, "y": _LENGTH, "size": {"type": "number", "minimum": 12, "maximum": 200}, "color": _COLOUR},
        "x",
        "y",
        "size",
        about="The address of the verify page, on white",
    ),
}


def _document(element: dict[str, Any]) -> dict[str, Any]:
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "/schemas/certificate-1.json",
        "title": "Design of a certificate",
        "type": "object",
        "properties": {
            "version": {"const": 1},
            "name": {"type": "string", "maxLength": 100},
            "title": {
                **_TEXT,
                "minLength": 1,
                "maxLength": 300,
                "description": "The document's title, for readers and lists",
            },
            "direction": {"enum": ["ltr", "rtl"], "default": "ltr"},
            "page": {
                "type": "object",
                "properties": {
                    "size": {
                        "anyOf": [
                            {"enum": ["A3", "A4", "A5", "Letter", "Legal"]},
                            {
                                "type": "array",
                                "items": {"type": "number", "minimum": 40, "maximum": 2000},
                                "minItems": 2,
                                "maxItems": 2,
                            },
                        ]
                    },
                    "orientation": {"enum": ["portrait", "landscape"]},
                },
                "required": ["size"],
                "additionalProperties": False,
            },
            "pages": {
                "type": "array",
                "minItems": 1,
                "maxItems": 10,
                "items": {
                    "type": "object",
                    "properties": {
                        "background": {
                            "type": "object",
                            "properties": {"color": _COLOUR, "svg": _SVG, "asset": _ASSET},
                            "additionalProperties": False,
                        },
                        "elements": {
                            "type": "array",
                            "maxItems": 200,
                            "items": element,
                        },
                    },
                    "required": ["elements"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["version", "title", "page", "pages"],
        "additionalProperties": False,
    }


_ANY: Final[dict[str, Any]] = {"type": "object", "properties": {"type": {"enum": list(ELEMENTS)}}, "required": ["type"]}
_KINDS: Final = [
    {"if": {"properties": {"type": {"const": kind}}}, "then": element} for kind, element in ELEMENTS.items()
]

# Checked first; then each element by its own kind's schema, so that a fault is named and not only "none of these".
OUTLINE: Final = _document(_ANY)
SCHEMA: Final = _document({**_ANY, "allOf": _KINDS})
