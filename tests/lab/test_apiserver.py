from __future__ import annotations

from lab import apiserver, etcd
from lab.component import LabContext


def test_pods_and_host_use_one_address(lab_context: LabContext) -> None:
    component = apiserver.component(lab_context)
    host = lab_context.settings.host_ip
    assert {f"--bind-address={host}", f"--advertise-address={host}"} <= set(component.argv)
    assert component.address == lab_context.settings.api_url


def test_it_finds_the_kubelet_by_address_because_its_name_does_not_resolve(lab_context: LabContext) -> None:
    assert "--kubelet-preferred-address-types=InternalIP" in apiserver.component(lab_context).argv


def test_its_store_is_the_labs_etcd(lab_context: LabContext) -> None:
    assert f"--etcd-servers={etcd.url(lab_context)}" in apiserver.component(lab_context).argv


def test_nobody_is_let_in_without_a_name(lab_context: LabContext) -> None:
    argv = apiserver.component(lab_context).argv
    assert {"--anonymous-auth=false", "--authorization-mode=Node,RBAC"} <= set(argv)
