from __future__ import annotations

import pytest

from lab import dns
from lab.component import LabContext
from lab.kubectl import Kubectl
from lab.state import LabState


def test_the_service_has_the_address_that_pods_are_told(lab_context: LabContext) -> None:
    service, endpoints, *_ = dns.objects(lab_context)
    assert service["spec"]["clusterIP"] == lab_context.settings.dns_service_ip
    assert endpoints["endpoints"][0]["addresses"] == [lab_context.settings.host_ip]


def test_the_service_leads_to_where_it_listens(lab_context: LabContext) -> None:
    service = dns.objects(lab_context)[0]
    (corefile,) = dns.component(lab_context).files.values()
    port = lab_context.settings.ports["dns"]
    assert {entry["targetPort"] for entry in service["spec"]["ports"]} == {port}
    assert corefile.startswith(f".:{port} {{\n    bind {lab_context.settings.host_ip}\n")


def test_names_outside_the_cluster_are_not_forwarded(lab_context: LabContext) -> None:
    (corefile,) = dns.component(lab_context).files.values()
    assert "forward ." not in corefile
    assert corefile.index("kubernetes") < corefile.index("template")


@pytest.mark.cluster
def test_a_service_is_found_by_name_in_a_pod(lab_state: LabState, shell: Kubectl) -> None:
    answer = shell("-n", "lab-test", "exec", "shell", "--", "nslookup", "web.lab-test.svc.cluster.local")
    assert "Name:\tweb.lab-test.svc.cluster.local" in answer
