"""kube-apiserver, on the bridge's address so that the host and the pods use the same one."""

from functools import partial

from lab import etcd
from lab.component import Component, LabContext
from lab.probes import https_ok
from lab.versions import CLUSTER_DOMAIN

__all__ = ["component"]


def component(lab: LabContext) -> Component:
    """Describe the API server."""
    settings, pki = lab.settings, lab.pki
    server, etcd_client, kubelet_client = (
        pki.pair("apiserver"),
        pki.pair("etcd"),
        pki.pair("apiserver-kubelet"),
    )
    argv = (
        str(lab.program),
        "kube-apiserver",
        f"--bind-address={settings.host_ip}",
        f"--advertise-address={settings.host_ip}",
        f"--secure-port={settings.ports['apiserver']}",
        f"--tls-cert-file={server.certificate}",
        f"--tls-private-key-file={server.key}",
        f"--client-ca-file={pki.ca.certificate}",
        f"--etcd-servers={etcd.url(lab)}",
        f"--etcd-cafile={pki.ca.certificate}",
        f"--etcd-certfile={etcd_client.certificate}",
        f"--etcd-keyfile={etcd_client.key}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        "--anonymous-auth=false",
        f"--service-cluster-ip-range={settings.service_cidr}",
        f"--service-account-issuer=https://kubernetes.default.svc.{CLUSTER_DOMAIN}",
        f"--service-account-key-file={pki.service_account.certificate}",
        f"--service-account-signing-key-file={pki.service_account.key}",
        f"--kubelet-certificate-authority={pki.ca.certificate}",
        f"--kubelet-client-certificate={kubelet_client.certificate}",
        f"--kubelet-client-key={kubelet_client.key}",
        # The node's name is in no DNS: without this, `kubectl logs` and `exec` fail.
        "--kubelet-preferred-address-types=InternalIP",
        "--profiling=false",
    )
    probe = partial(https_ok, f"{settings.api_url}/readyz", pki, "admin")
    return Component("kube-apiserver", argv, settings.api_url, probe, stop_seconds=20)
