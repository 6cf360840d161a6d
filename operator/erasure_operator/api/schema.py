"""Turn a pydantic model into the structural OpenAPI schema that a CustomResourceDefinition takes.

The API server wants less than JSON Schema offers: no references, no `additionalProperties` beside
`properties`, no union but int-or-string, no null. It also wants a bound on everything, because it multiplies
the bounds to estimate what a CEL rule may cost, and refuses the rule when the product is too high.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

from pydantic import BaseModel

Schema = dict[str, Any]
"""A JSON schema, or a part of one."""

NO_DEFAULTS: Final = "x-no-defaults"
"""Mark for `json_schema_extra`: nothing below this field gets a default in the stored object."""

_COPIED: Final = (
    "description",
    "type",
    "format",
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "required",
)


class UnstructuredSchemaError(Exception):
    """A model says something that a CustomResourceDefinition cannot, or leaves a bound out."""


def structural(model: type[BaseModel], *, defaults: bool) -> Schema:
    """Build the structural schema of a model.

    Parameters
    ----------
    model
        Model whose fields, docstrings and bounds become the schema.
    defaults
        Whether the API server is to write the model's defaults into stored objects.

    Raises
    ------
    UnstructuredSchemaError
        A field is unbounded, a float, or a union that OpenAPI v3 of Kubernetes does not know.

    """
    whole = model.model_json_schema(by_alias=True, mode="validation")
    return _convert(whole, whole.get("$defs", {}), path=model.__name__, defaults=defaults)


def _convert(given: Schema, definitions: Schema, *, path: str, defaults: bool) -> Schema:
    given = _resolve(given, definitions, path)
    defaults = defaults and not given.get(NO_DEFAULTS, False)
    schema: Schema = {key: deepcopy(given[key]) for key in _COPIED if key in given}
    if "description" in schema:
        schema["description"] = " ".join(schema["description"].split())
    if schema.get("type") == "integer":
        schema["format"] = "int64"
    if "const" in given:
        schema["enum"] = [given["const"]]
    if "exclusiveMaximum" in given:
        schema["maximum"] = given["exclusiveMaximum"] - 1
    schema |= {key: value for key, value in given.items() if key.startswith("x-kubernetes-")}
    _convert_children(schema, given, definitions, path=path, defaults=defaults)
    if defaults and "default" in given:
        _set_default(schema, given["default"])
    _require_bounds(schema, path)
    return schema


def _convert_children(
    schema: Schema, given: Schema, definitions: Schema, *, path: str, defaults: bool
) -> None:
    if given.get("type") == "array":
        schema["items"] = _convert(given["items"], definitions, path=f"{path}[]", defaults=defaults)
        schema.setdefault("x-kubernetes-list-type", "atomic")
    children = dict(given.get("properties", {}))
    if "propertyNames" in given:
        # Keys of an enum are properties by name; OpenAPI v3 of Kubernetes has no propertyNames.
        names = _resolve(given["propertyNames"], definitions, path)["enum"]
        child = {"description": "Templates for concepts of this kind."} | given["additionalProperties"]
        children = dict.fromkeys(names, child)
    elif isinstance(given.get("additionalProperties"), dict):
        schema["additionalProperties"] = _convert(
            given["additionalProperties"], definitions, path=f"{path}.*", defaults=defaults
        )
    if children:
        schema["properties"] = {
            name: _convert(child, definitions, path=f"{path}.{name}", defaults=defaults)
            for name, child in children.items()
        }


def _resolve(given: Schema, definitions: Schema, path: str) -> Schema:
    """Inline a reference and unwrap an optional; what stands at the field wins over its type."""
    if "$ref" in given:
        target = _resolve(definitions[given["$ref"].rsplit("/", 1)[1]], definitions, path)
        return target | {key: value for key, value in given.items() if key != "$ref"}
    if "anyOf" not in given:
        return given
    rest = {key: value for key, value in given.items() if key != "anyOf"}
    choices = [choice for choice in given["anyOf"] if choice.get("type") != "null"]
    if len(choices) == 1:
        return _resolve(choices[0], definitions, path) | rest
    if sorted(choice.get("type", "") for choice in choices) == ["integer", "string"]:
        text = next(choice for choice in choices if choice["type"] == "string")
        bounds = {key: text[key] for key in ("maxLength", "pattern") if key in text}
        return rest | bounds | {"x-kubernetes-int-or-string": True}
    raise UnstructuredSchemaError(f"{path}: a union other than int | str")


def _set_default(schema: Schema, default: object) -> None:
    fields = schema.get("properties", {}).values()
    if default is not None and any("default" in field for field in fields):
        # Enough for an object: the API server then fills in the defaults of its fields.
        schema["default"] = {}
    elif default not in (None, {}, []) and not fields:
        # Nothing for what is empty: absent means the same, and the stored object stays readable.
        schema["default"] = default


def _require_bounds(schema: Schema, path: str) -> None:
    kind = schema.get("type")
    bounded = {
        "string": {"maxLength", "enum", "format"},
        "integer": {"minimum", "enum"},
        "array": {"maxItems"},
        "object": {"maxProperties", "properties"},
        "boolean": {"type"},
        None: {"maxLength"},
    }
    if kind not in bounded:
        raise UnstructuredSchemaError(f"{path}: {kind} does not belong in the API")
    if not bounded[kind] & schema.keys():
        raise UnstructuredSchemaError(
            f"{path}: {kind or 'int-or-string'} needs one of {sorted(bounded[kind])}"
        )
