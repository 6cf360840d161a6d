"""The structural schema says what the model says, in the words of the API server."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from erasure_operator.api.base import ApiModel
from erasure_operator.api.schema import NO_DEFAULTS, UnstructuredSchemaError, structural


class Colour(StrEnum):
    RED = "Red"
    BLUE = "Blue"


class Inner(ApiModel):
    """Docstring of
    the type."""

    size: Annotated[int, Field(ge=0, lt=10)] = 3


class Outer(ApiModel):
    """Whole."""

    plain: Inner = Inner()
    described: Inner | None = None
    """Docstring of the field."""
    bare: Annotated[Inner | None, Field(json_schema_extra={NO_DEFAULTS: True})] = None
    by_colour: Annotated[dict[Colour, Annotated[str, Field(max_length=5)]], Field(max_length=2)] = {}  # noqa: RUF012
    mixed: Annotated[dict[str, int | Annotated[str, Field(max_length=7)]], Field(max_length=4)] = {}  # noqa: RUF012
    version: Literal[1] = 1
    when: datetime | None = None
    names: Annotated[tuple[Annotated[str, Field(max_length=5)], ...], Field(max_length=3)] = ()


@pytest.fixture(scope="module")
def fields() -> dict[str, Any]:
    return dict(structural(Outer, defaults=True)["properties"])


def keys(schema: object) -> set[str]:
    """Every key at every depth."""
    if isinstance(schema, dict):
        return set(schema).union(*(keys(value) for value in schema.values()))
    return set().union(*(keys(item) for item in schema)) if isinstance(schema, list) else set()


def test_nothing_is_left_that_a_structural_schema_may_not_hold(fields: dict[str, Any]) -> None:
    unknown = {"$ref", "$defs", "anyOf", "title", "const", "exclusiveMaximum", "propertyNames", NO_DEFAULTS}
    assert not keys(fields) & unknown


def test_the_docstring_of_a_field_wins_over_its_types(fields: dict[str, Any]) -> None:
    assert fields["described"]["description"] == "Docstring of the field."
    assert fields["plain"]["description"] == "Docstring of the type."


def test_defaults_are_written_field_by_field(fields: dict[str, Any]) -> None:
    assert fields["plain"]["default"] == {}
    assert fields["plain"]["properties"]["size"]["default"] == 3


def test_an_optional_object_is_not_made_by_a_default(fields: dict[str, Any]) -> None:
    assert "default" not in fields["described"]


def test_a_mark_keeps_defaults_out_of_everything_below(fields: dict[str, Any]) -> None:
    assert "default" not in keys(fields["bare"])


def test_no_default_is_written_when_none_is_wanted() -> None:
    assert "default" not in keys(structural(Outer, defaults=False))


def test_empty_defaults_are_left_out(fields: dict[str, Any]) -> None:
    assert not [name for name in ("byColour", "mixed", "names") if "default" in fields[name]]


def test_keys_of_an_enum_become_properties(fields: dict[str, Any]) -> None:
    assert set(fields["byColour"]["properties"]) == {"Red", "Blue"}
    assert "additionalProperties" not in fields["byColour"]


def test_an_integer_or_a_string_gets_the_mark_of_kubernetes_and_keeps_its_bound(
    fields: dict[str, Any],
) -> None:
    assert fields["mixed"]["additionalProperties"] == {"x-kubernetes-int-or-string": True, "maxLength": 7}


def test_an_exclusive_maximum_becomes_an_inclusive_one(fields: dict[str, Any]) -> None:
    assert fields["plain"]["properties"]["size"]["maximum"] == 9


def test_a_constant_becomes_an_enum(fields: dict[str, Any]) -> None:
    assert fields["version"]["enum"] == [1]


def test_every_list_says_how_it_merges(fields: dict[str, Any]) -> None:
    assert fields["names"]["x-kubernetes-list-type"] == "atomic"


class Unbounded(ApiModel):
    text: str


class UnboundedList(ApiModel):
    items: tuple[Colour, ...]


class UnboundedMap(ApiModel):
    labels: dict[str, Colour]


class Fraction(ApiModel):
    share: Annotated[float, Field(ge=0, le=1)]


class Union(ApiModel):
    either: Inner | Annotated[str, Field(max_length=3)]


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        (Unbounded, "Unbounded.text: string needs one of"),
        (UnboundedList, "UnboundedList.items: array needs one of"),
        (UnboundedMap, "UnboundedMap.labels: object needs one of"),
        (Fraction, "Fraction.share: number does not belong in the API"),
        (Union, "Union.either: a union other than int | str"),
    ],
)
def test_what_the_api_server_cannot_price_or_read_is_refused(model: type[ApiModel], complaint: str) -> None:
    with pytest.raises(UnstructuredSchemaError, match=complaint.replace("|", r"\|")):
        structural(model, defaults=True)
