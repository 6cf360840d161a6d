"""kube-proxy, in iptables mode."""

from functools import partial
from typing import Any

import yaml

from lab.component import Component, LabContext
from lab.probes import http_ok
from lab.versions import NODE_NAME

__all__ = ["component"]


def component(lab: LabContext) -> Component:
    """Describe kube-proxy."""
    health = f"127.0.0.1:{lab.settings.ports['proxy-health']}"
    file = lab.paths.configuration / "kube-proxy.yaml"
    argv = (str(lab.program), "kube-proxy", f"--config={file}", f"--hostname-override={NODE_NAME}")
    configuration: dict[str, Any] = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clientConnection": {"kubeconfig": str(lab.kubeconfig("proxy"))},
        "clusterCIDR": str(lab.settings.pod_cidr),
        "healthzBindAddress": health,
        "metricsBindAddress": f"127.0.0.1:{lab.settings.ports['proxy-metrics']}",
        # Zero leaves the kernel's own limits: raising them needs rights that a container's root lacks.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        # Two pods on one bridge answer each other directly and the reply to a Service's address
        # would come from the wrong one, unless the kernel filters bridges or the node stands between.
        "iptables": {"masqueradeAll": True, "localhostNodePorts": False, "minSyncPeriod": "100ms"},
        "nodePortAddresses": [f"{lab.settings.host_ip}/32"],
    }
    files = {file: yaml.safe_dump(configuration, sort_keys=False)}
    return Component("kube-proxy", argv, health, partial(http_ok, f"http://{health}/healthz"), files)
