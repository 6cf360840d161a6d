"""The chart carries the definitions that the models generate."""

from __future__ import annotations

from erasure_operator.api.crd import KINDS, definition
from tests.charts.conftest import Render


def test_the_definitions_are_those_of_the_models_and_outlive_the_release(render: Render) -> None:
    rendered = {
        item["metadata"]["name"]: item for item in render() if item["kind"] == "CustomResourceDefinition"
    }
    assert {name: item["spec"] for name, item in rendered.items()} == {
        definition(kind)["metadata"]["name"]: definition(kind)["spec"] for kind in KINDS
    }
    assert {item["metadata"]["annotations"]["helm.sh/resource-policy"] for item in rendered.values()} == {
        "keep"
    }


def test_they_can_be_left_out(render: Render) -> None:
    assert not [
        item for item in render(crds={"install": False}) if item["kind"] == "CustomResourceDefinition"
    ]
