"""The reference page names every field."""

from __future__ import annotations

from erasure_operator.api.crd import KINDS, object_schema
from erasure_operator.api.reference import reference_page
from erasure_operator.api.schema import Schema


def undescribed(path: str, schema: Schema) -> list[str]:
    found = [] if schema.get("description") or path.endswith(("[]", ".*")) else [path]
    for name, child in schema.get("properties", {}).items():
        found += undescribed(f"{path}.{name}", child)
    if "items" in schema:
        found += undescribed(f"{path}[]", schema["items"])
    return found


def test_every_field_has_a_sentence() -> None:
    for kind in KINDS:
        for part in ("spec", "status"):
            assert undescribed(f"{kind.name}.{part}", object_schema(kind)["properties"][part]) == []


def test_a_row_shows_type_default_bounds_and_sentence() -> None:
    page = reference_page({kind.name: object_schema(kind) for kind in KINDS})
    assert (
        "| `spec.gates.residual.maxPercent` | integer |  | `10` | 0 to 100 | "
        "Upper 95 % bound of the share of images, and of clips, that still show the concept. |"
    ) in page


def test_items_of_lists_and_values_of_maps_are_listed_with_their_bounds() -> None:
    page = reference_page({kind.name: object_schema(kind) for kind in KINDS})
    assert "| `spec.preserve[].name` | string | yes |" in page
    assert "map of integer or string" in page


def test_a_pipe_in_a_pattern_does_not_end_the_cell() -> None:
    page = reference_page({kind.name: object_schema(kind) for kind in KINDS})
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert {line.replace(r"\|", "").count("|") for line in rows} == {7}


def test_rules_are_listed_with_the_field_they_stand_at() -> None:
    page = reference_page({kind.name: object_schema(kind) for kind in KINDS})
    assert "- `spec.videoModel`: videoModel cannot change" in page
    assert "- the object: the name must not exceed 52 characters" in page
