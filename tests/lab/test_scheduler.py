from __future__ import annotations

from lab import scheduler
from lab.component import LabContext


def test_it_listens_on_loopback_and_waits_for_no_lease(lab_context: LabContext) -> None:
    argv = scheduler.component(lab_context).argv
    assert {"--bind-address=127.0.0.1", "--leader-elect=false"} <= set(argv)


def test_it_speaks_under_its_own_name(lab_context: LabContext) -> None:
    kubeconfig = lab_context.kubeconfig("scheduler")
    assert f"--kubeconfig={kubeconfig}" in scheduler.component(lab_context).argv
