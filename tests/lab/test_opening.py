from __future__ import annotations

import pytest

from lab.errors import LabError
from lab.opening import open_site, why_no_site
from lab.paths import Paths
from lab.site import Site


def test_a_kubeconfig_is_a_cluster_on_any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/home/me/.kube/config")
    assert why_no_site() is None


def test_a_kubeconfig_of_ones_own_is_never_replaced_by_the_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/home/me/.kube/config")
    with pytest.raises(LabError, match="KUBECONFIG is set"):
        open_site()


@pytest.mark.cluster
def test_the_labs_own_kubeconfig_means_the_lab(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    if site.name != "the lab":
        pytest.skip("runs on another cluster than the lab")
    monkeypatch.setenv("KUBECONFIG", str(Paths.default().kubeconfig))
    assert open_site() == site
