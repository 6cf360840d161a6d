"""Rules end up where the API server reads them."""

from __future__ import annotations

from erasure_operator.api.crd import KINDS, object_schema
from erasure_operator.api.rules import Rule, validated_by
from erasure_operator.api.schema import Schema


def rules(schema: Schema) -> list[Schema]:
    found = list(schema.get("x-kubernetes-validations", ()))
    children = [*schema.get("properties", {}).values()]
    children += [
        child for key in ("items", "additionalProperties") if isinstance(child := schema.get(key), dict)
    ]
    return found + [rule for child in children for rule in rules(child)]


def test_a_rule_is_written_with_its_message() -> None:
    assert validated_by(Rule("self > 0", "too small")) == {
        "x-kubernetes-validations": [{"rule": "self > 0", "message": "too small"}]
    }


def test_the_rules_of_fields_models_and_objects_all_reach_the_schema() -> None:
    counts = {kind.name: len(rules(object_schema(kind))) for kind in KINDS}
    assert counts == {"ConceptErasure": 4, "VideoModel": 6, "EncoderRelease": 2}


def test_a_message_is_one_line_that_says_what_to_change() -> None:
    for kind in KINDS:
        for rule in rules(object_schema(kind)):
            assert "\n" not in rule["message"]
            assert 20 < len(rule["message"]) < 120
