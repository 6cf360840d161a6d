from __future__ import annotations

import json

import pytest

from lab.kubectl import Kubectl
from lab.state import LabState
from lab.versions import KUBERNETES_VERSION

pytestmark = pytest.mark.cluster


def test_the_node_offers_two_gpus(lab_state: LabState, kubectl: Kubectl) -> None:
    node = json.loads(kubectl("get", "node", lab_state.node, "-o", "json"))
    for part in ("capacity", "allocatable"):
        assert node["status"][part]["nvidia.com/gpu"] == "2"


def test_it_runs_the_version_the_lab_names(lab_state: LabState, kubectl: Kubectl) -> None:
    node = json.loads(kubectl("get", "node", lab_state.node, "-o", "json"))
    assert node["status"]["nodeInfo"]["kubeletVersion"] == f"v{KUBERNETES_VERSION}"
