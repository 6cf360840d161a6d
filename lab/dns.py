"""Cluster DNS: CoreDNS on the host, behind the Service address that the kubelet hands to pods."""

from functools import partial
from typing import Any

from lab.component import Component, LabContext
from lab.probes import http_ok
from lab.versions import CLUSTER_DOMAIN

__all__ = ["component", "objects"]


def component(lab: LabContext) -> Component:
    """Describe CoreDNS."""
    ports, host = lab.settings.ports, lab.settings.host_ip
    ready = f"127.0.0.1:{ports['dns-ready']}"
    corefile = lab.paths.configuration / "Corefile"
    text = f"""\
.:{ports["dns"]} {{
    bind {host}
    errors
    health 127.0.0.1:{ports["dns-health"]}
    ready {ready}
    cache 5
    kubernetes {CLUSTER_DOMAIN} {{
        kubeconfig {lab.kubeconfig("dns")}
        ttl 5
    }}
    # Nothing is forwarded: pods of a lab have no business outside, and tests must not depend on it.
    template ANY ANY {{
        rcode NXDOMAIN
    }}
}}
"""
    argv = (str(lab.program), "coredns", "-conf", str(corefile))
    probe = partial(http_ok, f"http://{ready}/ready")
    return Component("coredns", argv, f"{host}:{ports['dns']}", probe, {corefile: text})


def objects(lab: LabContext) -> list[dict[str, Any]]:
    """Return what the cluster must hold for DNS: a Service by hand, and the right to watch."""
    name, port = "kube-dns", lab.settings.ports["dns"]
    metadata = {"name": name, "namespace": "kube-system"}
    protocols = {"dns": "UDP", "dns-tcp": "TCP"}
    role = "concept-erasure-lab:dns"
    rbac = "rbac.authorization.k8s.io"
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {
                "clusterIP": lab.settings.dns_service_ip,
                "ports": [
                    {"name": key, "port": 53, "protocol": protocol, "targetPort": port}
                    for key, protocol in protocols.items()
                ],
            },
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**metadata, "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [lab.settings.host_ip], "conditions": {"ready": True}}],
            "ports": [
                {"name": key, "port": port, "protocol": protocol} for key, protocol in protocols.items()
            ],
        },
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": role},
            "rules": [
                {
                    "apiGroups": [""],
                    "resources": ["services", "namespaces", "pods"],
                    "verbs": ["list", "watch"],
                },
                {
                    "apiGroups": ["discovery.k8s.io"],
                    "resources": ["endpointslices"],
                    "verbs": ["list", "watch"],
                },
            ],
        },
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": role},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": rbac, "kind": "User", "name": role}],
        },
    ]
