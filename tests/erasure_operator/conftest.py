"""What the operator's tests share: an event loop that is closed, and a cluster with our kinds."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration

from erasure_operator.cluster import Cluster
from lab.kubectl import Kubectl, KubectlError
from lab.paths import Paths
from tests.unlearn_job.conftest import free_port, s3_environment, s3_server  # noqa: F401

INSTALLED = "app.kubernetes.io/name=concept-erasure-operator"
CRDS = Path(__file__).resolve().parents[2] / "crds"


@pytest.fixture(scope="session", autouse=True)
def first_event_loop() -> Iterator[None]:
    """Own the main thread's first event loop: pytest-asyncio asks for it, makes it, and never closes it."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    loop.close()


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The user's cluster by KUBECONFIG, or the lab."""
    path = Path(os.environ.get("KUBECONFIG") or Paths.default().kubeconfig)
    assert path.exists(), "no cluster: set KUBECONFIG, or `make lab-up`"
    return path


@pytest.fixture(scope="session")
def kubectl(kubeconfig: Path) -> Kubectl:
    """Return kubectl on that cluster."""
    binary = shutil.which("kubectl", path=f"{Paths.default().bin}{os.pathsep}{os.environ['PATH']}")
    assert binary, "no kubectl: put it on PATH, or `make lab-up`"
    return Kubectl(binary, kubeconfig)


@pytest.fixture(scope="session")
def our_kinds(kubectl: Kubectl) -> None:
    """Install the CRDs. They stay: the chart takes them over."""
    kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRDS))
    kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(CRDS))


@pytest.fixture(scope="session")
def nobody_else(kubectl: Kubectl) -> Iterator[None]:
    """Put installed operators to rest while the tests run: they would reconcile what the tests write."""
    found = json.loads(kubectl("get", "deployments", "-A", "-l", INSTALLED, "-o", "json"))["items"]
    installed = [
        (item["metadata"]["namespace"], item["metadata"]["name"], item["spec"]["replicas"]) for item in found
    ]
    for where, name, _ in installed:
        kubectl("scale", "deployment", name, "-n", where, "--replicas=0")
        kubectl("wait", "--for=delete", "pod", "-n", where, "-l", INSTALLED, "--timeout=60s")
    yield
    for where, name, replicas in installed:
        with suppress(KubectlError):  # where later tests took the lab down
            kubectl("scale", "deployment", name, "-n", where, f"--replicas={replicas}")


@pytest.fixture
async def cluster(kubeconfig: Path, our_kinds: None, nobody_else: None) -> AsyncIterator[Cluster]:
    """Connect to a cluster that has our kinds, and no operator but the test's."""
    configuration = Configuration()
    configuration.client_session_kwargs = {"trust_env": False}
    await config.load_kube_config(config_file=str(kubeconfig), client_configuration=configuration)
    cluster = Cluster(ApiClient(configuration))
    yield cluster
    await cluster.close()


@pytest.fixture
async def namespace(cluster: Cluster) -> AsyncIterator[str]:
    """Make a namespace of the test's own. It is removed in the background."""
    name = f"op-{secrets.token_hex(4)}"
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await cluster._call("POST", "/api/v1/namespaces", what=f"create {name}", body=manifest)
    yield name
    await cluster._call("DELETE", f"/api/v1/namespaces/{name}", what=f"delete {name}")
