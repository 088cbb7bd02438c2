"""The JSON Schema of a certificate's design, version 1, as published at /schemas/certificate-1.json.

Lengths are millimetres from the upper left corner of the page, font sizes are points. Texts may hold `{{ variable }}`.
"""

from typing import Any, Final

from certificates.elements import ELEMENTS
from certificates.elements.properties import ASSET, COLOUR, SVG, TEXT


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
                **TEXT,
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
                            "properties": {"color": COLOUR, "svg": SVG, "asset": ASSET},
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
_TYPES: Final = [
    {"if": {"properties": {"type": {"const": type_}}}, "then": element.schema()} for type_, element in ELEMENTS.items()
]

# Checked first; then each element by its own type's schema, so that a fault is named and not only "none of these".
OUTLINE: Final = _document(_ANY)
SCHEMA: Final = _document({**_ANY, "allOf": _TYPES})
