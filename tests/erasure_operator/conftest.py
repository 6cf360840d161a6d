"""What the operator's tests share: an event loop that is closed, and a cluster with our kinds."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import yaml
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration

from erasure_operator.cluster import Cluster
from lab.paths import Paths
from tests.erasure_operator.waiting import until
from tests.unlearn_job.conftest import free_port, s3_environment, s3_server  # noqa: F401

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


@pytest.fixture
async def cluster(kubeconfig: Path) -> AsyncIterator[Cluster]:
    """A cluster that has our kinds."""
    configuration = Configuration()
    configuration.client_session_kwargs = {"trust_env": False}
    await config.load_kube_config(config_file=str(kubeconfig), client_configuration=configuration)
    cluster = Cluster(ApiClient(configuration))
    for path in sorted(CRDS.glob("*.yaml")):
        manifest = yaml.safe_load(path.read_text())
        await _apply_definition(cluster, manifest)
    yield cluster
    await cluster.close()


@pytest.fixture
async def namespace(cluster: Cluster, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A namespace of the test's own. It is removed in the background."""
    name = f"op-{os.getpid()}-{abs(hash(request.node.nodeid)) % 10**8}"
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await cluster._call("POST", "/api/v1/namespaces", what=f"create {name}", body=manifest)
    yield name
    await cluster._call("DELETE", f"/api/v1/namespaces/{name}", what=f"delete {name}")


async def _apply_definition(cluster: Cluster, manifest: dict[str, object]) -> None:
    name = manifest["metadata"]["name"]  # type: ignore[index]
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
    await cluster._call(
        "PATCH",
        path,
        what=f"apply {name}",
        query={"fieldManager": "tests", "force": "true"},
        body=manifest,
        content_type="application/apply-patch+yaml",
    )

    async def established() -> bool:
        found = await cluster._call("GET", path, what=f"read {name}")
        conditions = found.get("status", {}).get("conditions", ())
        return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)

    await until(established, f"{name} to be established")
