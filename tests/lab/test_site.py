from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.site import own_cluster

COMPLETE = {
    "ERASURE_IMAGE_OPERATOR": "registry.example/operator:1",
    "ERASURE_IMAGE_UNLEARN_JOB": "registry.example/unlearn-job:1",
    "ERASURE_IMAGE_INFERENCE": "registry.example/inference:1",
    "ERASURE_BUCKET": "checkpoints",
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_SECRET_ACCESS_KEY": "hush-hush",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for tool in ("kubectl", "helm"):
        (tmp_path / tool).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", "/home/me/.kube/config")
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_without_kubeconfig_there_is_no_cluster_of_ones_own(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("KUBECONFIG")
    assert own_cluster() is None


def test_a_complete_environment_is_a_site(environment: pytest.MonkeyPatch) -> None:
    site = own_cluster()
    assert site
    assert site.images.operator == "registry.example/operator:1"
    assert "hush-hush" not in repr(site)


@pytest.mark.parametrize("name", COMPLETE)
def test_what_is_missing_is_named(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)
    with pytest.raises(LabError, match=name):
        own_cluster()
    environment.setenv(name, "")
    with pytest.raises(LabError, match=name):
        own_cluster()


def test_missing_tools_are_named(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(LabError, match="kubectl and helm"):
        own_cluster()
