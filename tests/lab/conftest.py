"""A lab's context without a lab: what the components' modules describe, on folders of the test."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import cluster
from lab import settings as lab_settings
from lab.component import LabContext
from lab.kubectl import Kubectl
from lab.paths import Paths
from lab.pki import Pki
from lab.progress import Progress
from lab.settings import LabSettings
from lab.state import LabState
from lab.support import unsupported_reason


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = Paths(cache=tmp_path / "cache", state=tmp_path / "state", run=tmp_path / "run")
    found.prepare()
    return found


@pytest.fixture
def settings() -> LabSettings:
    networks = ipaddress.IPv4Network("10.88.0.0/24"), ipaddress.IPv4Network("10.96.0.0/16")
    return lab_settings.new(*networks, sysctls={"net/ipv4/ip_forward": "0"})


@pytest.fixture
def lab_context(paths: Paths, settings: LabSettings) -> LabContext:
    return LabContext(paths, settings, Pki(paths.pki), Path("/cache/lab-kubernetes"), Path("/cache/weed"))


@pytest.fixture(scope="session")
def lab_state() -> LabState:
    """The lab of this machine, up. One for all tests."""
    named = os.environ.get("KUBECONFIG")
    if named and Path(named) != Paths.default().kubeconfig:
        pytest.skip("KUBECONFIG names another cluster, and these tests are about the lab")
    if reason := unsupported_reason():
        pytest.skip(reason)
    return cluster.up(progress=Progress(quiet=True))


@pytest.fixture
def kubectl(lab_state: LabState) -> Kubectl:
    return Kubectl(str(lab_state.bin_dir / "kubectl"), lab_state.kubeconfig)


@pytest.fixture(scope="session")
def shell(lab_state: LabState) -> Iterator[Kubectl]:
    """A restricted namespace with a Deployment ``web``, its Service, and a pod ``shell``."""
    kubectl = Kubectl(str(lab_state.bin_dir / "kubectl"), lab_state.kubeconfig)
    kubectl("delete", "namespace", "lab-test", "--ignore-not-found", "--wait", timeout=120)
    kubectl("apply", "-f", str(Path(__file__).parent / "workloads.yaml"))
    kubectl("-n", "lab-test", "rollout", "status", "deployment/web", "--timeout=120s", timeout=130)
    kubectl("-n", "lab-test", "wait", "--for=condition=Ready", "pod/shell", "--timeout=120s", timeout=130)
    yield kubectl
    if cluster.find() is not None:
        kubectl("delete", "namespace", "lab-test", "--ignore-not-found", "--wait=false")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests that end this lab after all others, wherever they are."""
    last = ["test_a_lab_beyond_repair_is_made_anew", "test_down_leaves_nothing"]
    items.sort(key=lambda item: last.index(item.name) + 1 if item.name in last else 0)
