"""What a newer description of the API breaks for whoever was written against an older one (docs/compatibility.md).

The promise: a change is told unless it is known to break nobody, so a keyword that this does not know may not change.
What a request holds may be widened only; what an answer holds may be added to only. The registries had no well-kept
library for it that runs as it is.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf
from typing import Any

Json = Mapping[str, Any]

_OF_VALUES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
_EVERY_TYPE = {*_OF_VALUES.values(), "array", "object"}
# bounds of what may be sent, with what holds where they are not said
_LEAST = {"minLength": 0, "minItems": 0, "minProperties": 0, "minimum": -inf, "exclusiveMinimum": -inf}
_MOST = dict.fromkeys(("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum"), inf)
_WORDS = {"title", "description", "examples", "deprecated"}
_LOOKED_AT = {"$ref", "anyOf", "type", "enum", "properties", "required", "additionalProperties", "items", *_WORDS}
_UNSAID = {*_LEAST, *_MOST, "pattern", "default"}  # what an answer may do with these is nobody's to rely on


def breaks(old: Json, new: Json) -> list[str]:
    """Every change between two OpenAPI documents that is not compatible, with its place."""
    return list(_Comparison(old, new).document())


class _Comparison:
    def __init__(self, old: Json, new: Json) -> None:
        self.old, self.new = old, new
        self._under_way: set[tuple[str, str, str]] = set()  # schemas that refer to themselves end

    def document(self) -> Iterator[str]:
        for path, methods in self.old["paths"].items():
            for method, old in methods.items():
                new = self.new["paths"].get(path, {}).get(method)
                told = self._operation(old, new) if new else ["is gone"]
                yield from _at(f"{method.upper()} {path}", told)

    def _operation(self, old: Json, new: Json) -> Iterator[str]:
        if old["operationId"] != new["operationId"]:
            yield f"operationId is {new['operationId']}"  # the name that generated clients have for it
        if new["security"] and (not old["security"] or any(way not in new["security"] for way in old["security"])):
            yield "asks for another token"
        yield from self._parameters(_parameters(old), _parameters(new))
        yield from _at("the body", self._body(old.get("requestBody"), new.get("requestBody")))
        for status, answer in old["responses"].items():
            newer = new["responses"].get(status)
            yield from _at(status, self._answer(answer, newer) if newer else ["is gone"])

    def _parameters(self, old: dict[str, Json], new: dict[str, Json]) -> Iterator[str]:
        for place, parameter in old.items():
            newer = new.get(place)
            told = self._schemas(self._taken, parameter["schema"], newer["schema"]) if newer else ["is gone"]
            yield from _at(place, told)
        for place, parameter in new.items():
            if parameter.get("required") and not old.get(place, {}).get("required"):
                yield f"{place}: is required"

    def _body(self, old: Json | None, new: Json | None) -> Iterator[str]:
        if new and new.get("required") and not (old and old.get("required")):
            yield "is required"
        for media_type, content in (old or {}).get("content", {}).items():
            newer = (new or {}).get("content", {}).get(media_type)
            told = self._schemas(self._taken, content["schema"], newer["schema"]) if newer else ["is gone"]
            yield from _at(media_type, told)

    def _answer(self, old: Json, new: Json) -> Iterator[str]:
        for problem in re.findall(r"urn:[\w:-]+", old["description"]):
            if problem not in re.findall(r"urn:[\w:-]+", new["description"]):
                yield f"{problem} is gone"
        for media_type, content in old.get("content", {}).items():
            newer = new.get("content", {}).get(media_type)
            told = self._schemas(self._told, content["schema"], newer["schema"]) if newer else ["is gone"]
            yield from _at(media_type, told)

    def _taken(self, old: Json, new: Json) -> Iterator[str]:
        """Of what a request holds: all that was taken still has to be."""
        if "anyOf" in old or "anyOf" in new:
            for kind in _kinds(old):
                if all(self._schemas(self._taken, kind, newer) for newer in _kinds(new)):
                    yield "one of its kinds is no longer taken"
            return
        for lost in sorted(_types(old) - _types(new)):
            yield f"takes no {lost}"
        yield from _narrowed(old, new)
        for name in sorted({*new.get("required", ())} - {*old.get("required", ())}):
            yield f"{name}: is required"
        for name, schema in old.get("properties", {}).items():
            newer = new.get("properties", {}).get(name)
            yield from _at(name, ["is gone"] if newer is None else self._schemas(self._taken, schema, newer))
        others = [schema.get("additionalProperties", True) for schema in (old, new)]
        yield from _at("other fields", self._taken_besides(*others))
        if "items" in new:
            yield from _at("items", self._schemas(self._taken, old.get("items", {}), new["items"]))

    def _taken_besides(self, old: Any, new: Any) -> Iterator[str]:
        if new is False and old is not False:
            yield "are refused"
        elif isinstance(new, dict) and old is not False:
            yield from self._schemas(self._taken, old if isinstance(old, dict) else {}, new)

    def _told(self, old: Json, new: Json) -> Iterator[str]:
        """Of what an answer holds: all that was there still has to be, and of the same kind."""
        if "anyOf" in old or "anyOf" in new:
            for kind in _kinds(new):
                if all(self._schemas(self._told, older, kind) for older in _kinds(old)):
                    yield "may be of another kind"
            return
        for more in sorted(_types(new) - _types(old)):
            yield f"may be {more}"
        for value in old.get("enum", ()):
            if value not in new.get("enum", [value]):
                yield f"is never {value}"
        yield from _changed(old, new, _LOOKED_AT | _UNSAID)
        for name in sorted({*old.get("required", ())} - {*new.get("required", ())}):
            yield f"{name}: may be missing"
        for name, schema in old.get("properties", {}).items():
            newer = new.get("properties", {}).get(name)
            yield from _at(name, ["is gone"] if newer is None else self._schemas(self._told, schema, newer))
        others = old.get("additionalProperties")
        if isinstance(others, dict):
            newer = new.get("additionalProperties")
            yield from _at("other fields", self._schemas(self._told, others, newer if isinstance(newer, dict) else {}))
        if "items" in old:
            yield from _at("items", self._schemas(self._told, old["items"], new.get("items", {})))

    def _schemas(self, compare: Callable[[Json, Json], Iterator[str]], old: Json, new: Json) -> list[str]:
        """What `compare` tells of two schemas, once those that they refer to are looked up."""
        pair = (compare.__name__, old.get("$ref", ""), new.get("$ref", ""))
        if pair in self._under_way:
            return []
        if pair[1] and pair[2]:
            self._under_way.add(pair)
        try:
            return list(compare(_resolved(self.old, old), _resolved(self.new, new)))
        finally:
            self._under_way.discard(pair)


def _narrowed(old: Json, new: Json) -> Iterator[str]:
    for value in old.get("enum", ()) if "enum" in new else ():
        if value not in new["enum"]:
            yield f"takes no {value}"
    if "enum" in new and "enum" not in old:
        yield "takes certain values only"
    yield from (f"{key} is {new[key]}" for key in _LEAST if key in new and new[key] > old.get(key, _LEAST[key]))
    yield from (f"{key} is {new[key]}" for key in _MOST if key in new and new[key] < old.get(key, _MOST[key]))
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield "pattern is another"
    yield from _changed(old, new, {*_LOOKED_AT, *_LEAST, *_MOST, "pattern"})


def _changed(old: Json, new: Json, but: set[str]) -> Iterator[str]:
    for key in sorted((old.keys() | new.keys()) - but):
        if old.get(key) != new.get(key):
            yield f"{key} is {new.get(key)}"


def _parameters(operation: Json) -> dict[str, Json]:
    return {f"{parameter['in']} {parameter['name']}": parameter for parameter in operation["parameters"]}


def _types(schema: Json) -> set[str]:
    given = schema.get("type")
    found = {given} if isinstance(given, str) else {*(given or _EVERY_TYPE)}
    if "enum" in schema:
        found &= {_OF_VALUES[type(value)] for value in schema["enum"]}
    return found | ({"integer"} if "number" in found else set())


def _kinds(schema: Json) -> list[Json]:
    others = {key: value for key, value in schema.items() if key != "anyOf"}
    return [{**others, **kind} for kind in schema["anyOf"]] if "anyOf" in schema else [schema]


def _resolved(document: Json, schema: Json) -> Json:
    name = schema.get("$ref", "").rpartition("/")[2]
    return _resolved(document, document["components"]["schemas"][name]) if name else schema


def _at(place: str, told: Iterable[str]) -> Iterator[str]:
    for what in told:
        yield f"{place}: {what}"
