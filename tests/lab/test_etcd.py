from __future__ import annotations

from lab import etcd
from lab.component import LabContext


def test_it_listens_on_loopback_only(lab_context: LabContext) -> None:
    listening = [argument for argument in etcd.component(lab_context).argv if "listen-" in argument]
    assert len(listening) == 2
    assert all("=https://127.0.0.1:" in argument for argument in listening)


def test_nobody_gets_in_without_a_certificate(lab_context: LabContext) -> None:
    argv = etcd.component(lab_context).argv
    assert {"--client-cert-auth", "--peer-client-cert-auth"} <= set(argv)
