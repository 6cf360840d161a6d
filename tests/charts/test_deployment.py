"""The operator's pod holds to the restricted profile, whatever the values say."""

from __future__ import annotations

from erasure_operator.pod_security import container_security, pod_security
from tests.charts.conftest import Render, one


def test_the_pod_runs_with_the_security_that_our_jobs_have(render: Render) -> None:
    pod = one(render(), "Deployment")["spec"]["template"]["spec"]
    assert pod["securityContext"] == pod_security()
    own = pod["containers"][0]["securityContext"]
    assert own.items() <= container_security().items()
    assert own["readOnlyRootFilesystem"]
    assert pod["containers"][0]["resources"]["limits"]["memory"]


def test_a_digest_pins_the_image_and_the_init_container(render: Render) -> None:
    digest = f"sha256:{'a' * 64}"
    container = one(render(image={"digest": digest}), "Deployment")["spec"]["template"]["spec"]["containers"][
        0
    ]
    variables = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert container["image"] == variables["OPERATOR_IMAGE"] == f"concept-erasure-operator@{digest}"


def test_probes_ask_the_port_that_the_operator_listens_on(render: Render) -> None:
    container = one(render(port=9000), "Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert [port["containerPort"] for port in container["ports"]] == [9000]
    assert {
        container[f"{probe}Probe"]["httpGet"]["port"] for probe in ("startup", "liveness", "readiness")
    } == {"metrics"}


def test_a_disruption_budget_comes_with_a_standby_only(render: Render) -> None:
    assert not [item for item in render() if item["kind"] == "PodDisruptionBudget"]
    assert one(render(replicaCount=2), "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_the_service_monitor_selects_the_service(render: Render) -> None:
    rendered = render(metrics={"serviceMonitor": {"enabled": True}})
    wanted = one(rendered, "ServiceMonitor")["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= one(rendered, "Service")["metadata"]["labels"].items()
