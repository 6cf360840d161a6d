"""Values are checked before anything reaches a cluster."""

from __future__ import annotations

from typing import Any

import helm_python
import pytest

from erasure_operator.settings import OperatorSettings
from tests.charts.conftest import CHART, Render, one


def test_the_chart_passes_strict_lint() -> None:
    report = helm_python.lint(CHART, {}, strict=True)
    assert report["errors"] == []


@pytest.mark.parametrize(
    "values",
    [
        {"replicaCuont": 2},
        {"image": {"repository": "operator", "digest": "sha256:short"}},
        {"log": {"level": "loud"}},
        {"port": 80},
        {"replicaCount": 2, "leaderElection": False},
        {"legalHold": {"lifters": {"roles": ["admin"]}}},
    ],
    ids=str,
)
def test_a_wrong_value_is_refused(values: dict[str, Any], render: Render) -> None:
    with pytest.raises(helm_python.HelmError):
        render(**values)


def test_every_value_is_known_to_the_schema() -> None:
    with helm_python.Chart.load(CHART) as chart:
        assert chart.schema is not None
        assert set(chart.values) | {"global"} == set(chart.schema["properties"])


def test_every_setting_of_the_operator_is_set_by_the_chart(render: Render) -> None:
    container = one(render(), "Deployment")["spec"]["template"]["spec"]["containers"][0]
    given = {variable["name"] for variable in container["env"]}
    assert given == {f"OPERATOR_{name.upper()}" for name in OperatorSettings.model_fields}


def test_the_operator_reads_what_the_chart_sets(render: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = render(watchNamespaces=["media", "studio"], jobImage={"repository": "jobs", "tag": "7"})
    for variable in one(rendered, "Deployment")["spec"]["template"]["spec"]["containers"][0]["env"]:
        monkeypatch.setenv(variable["name"], variable.get("value", "10.0.0.1"))
    settings = OperatorSettings()  # type: ignore[call-arg]  # the environment gives them
    assert settings.namespaces == ("media", "studio")
    assert settings.job_image == "jobs:7"
    assert settings.leader_election
