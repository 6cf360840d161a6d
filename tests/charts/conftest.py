"""The chart, rendered by Helm itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import helm_python
import pytest
import yaml

CHART = Path(__file__).parents[2] / "charts" / "concept-erasure-operator"
Manifest = dict[str, Any]
Render = Callable[..., list[Manifest]]


@pytest.fixture(scope="session")
def render() -> Render:
    """Render the chart with values; all objects of all templates."""

    def rendered(**values: Any) -> list[Manifest]:
        with helm_python.Chart.load(CHART) as chart:
            texts = chart.render(values, name="concept-erasure", namespace="concept-erasure-system")
        manifests = [text for name, text in texts.items() if name.endswith(".yaml")]
        return [item for text in manifests for item in yaml.load_all(text, yaml.CSafeLoader) if item]

    return rendered


def one(manifests: list[Manifest], kind: str, suffix: str = "") -> Manifest:
    """Return the one object of a kind whose name ends so."""
    found = [item for item in manifests if item["kind"] == kind and item["metadata"]["name"].endswith(suffix)]
    assert len(found) == 1, [item["metadata"]["name"] for item in found]
    return found[0]
