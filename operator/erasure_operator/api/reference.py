"""docs/reference/api.md: every field of the three kinds, from the same schemas that the API server gets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from erasure_operator.api.constants import API_VERSION
from erasure_operator.api.schema import Schema

_INTRODUCTION = f"""\
<!-- Generated from operator/erasure_operator/api by `make generate`. Do not edit. -->
# API reference

API version `{API_VERSION}`. Bounds and rules are checked by the API server; a default is written into the
stored object, so that an upgrade of the operator does not change what was applied.
"""


def reference_page(kinds: Mapping[str, Schema]) -> str:
    """Write the page.

    Parameters
    ----------
    kinds
        Structural schema of the whole object, by name of the kind.

    """
    return "\n".join([_INTRODUCTION, *(_section(name, schema) for name, schema in kinds.items())])


def _section(name: str, schema: Schema) -> str:
    lines = [
        f"## {name}\n",
        f"{schema['description']}\n",
        "| field | type | required | default | bounds | description |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for part in ("spec", "status"):
        lines += _rows(part, schema["properties"][part], required=part == "spec")
    rules = list(_rules("", schema))
    if rules:
        lines += ["", "Rules:\n", *(f"- {where}: {message}" for where, message in rules)]
    return "\n".join(lines) + "\n"


def _rows(path: str, schema: Schema, *, required: bool) -> Iterator[str]:
    cells = (
        f"`{path}`",
        _type(schema),
        "yes" if required else "",
        f"`{json.dumps(schema['default'])}`" if "default" in schema else "",
        _bounds(schema),
        schema.get("description", ""),
    )
    yield "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
    if schema.get("type") == "array":
        path, schema = f"{path}[]", schema["items"]
    elif isinstance(schema.get("additionalProperties"), dict) and "properties" not in schema:
        path, schema = f"{path}.<key>", schema["additionalProperties"]
    for name, child in schema.get("properties", {}).items():
        yield from _rows(f"{path}.{name}", child, required=name in schema.get("required", ()))


def _type(schema: Schema) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or string"
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return "object, passed on"
    kind: str = schema["type"]
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map of {_type(schema['additionalProperties'])}"
    return kind


def _bounds(schema: Schema) -> str:
    parts = []
    if "enum" in schema:
        parts.append(", ".join(f"`{value}`" for value in schema["enum"]))
    for low, high, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
        ("minProperties", "maxProperties", " keys"),
    ):
        if low in schema and high in schema:
            parts.append(f"{schema[low]} to {schema[high]}{unit}")
        elif high in schema:
            parts.append(f"at most {schema[high]}{unit}")
        elif low in schema:
            parts.append(f"at least {schema[low]}{unit}")
    if "pattern" in schema:
        parts.append(f"`{schema['pattern']}`")
    bounds = "; ".join(parts)
    if schema.get("type") == "array" and (items := _bounds(schema["items"])):
        bounds += f"; each {items}"
    return bounds


def _rules(path: str, schema: Schema) -> Iterator[tuple[str, str]]:
    for rule in schema.get("x-kubernetes-validations", ()):
        yield f"`{path}`" if path else "the object", rule["message"]
    for name, child in schema.get("properties", {}).items():
        yield from _rules(f"{path}.{name}" if path else name, child)
    if "items" in schema:
        yield from _rules(f"{path}[]", schema["items"])
