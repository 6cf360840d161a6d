"""kube-controller-manager: Jobs, Deployments, ServiceAccounts and all the other loops."""

from functools import partial

from lab.component import Component, LabContext
from lab.probes import https_ok

__all__ = ["component"]


def component(lab: LabContext) -> Component:
    """Describe the controller manager."""
    settings, pki, kubeconfig = lab.settings, lab.pki, lab.kubeconfig("controller-manager")
    pair = pki.pair("etcd")
    url = f"https://127.0.0.1:{settings.ports['controller-manager']}"
    argv = (
        str(lab.program),
        "kube-controller-manager",
        "--bind-address=127.0.0.1",
        f"--secure-port={settings.ports['controller-manager']}",
        # The certificate of etcd names loopback, which is all that is asked of this one.
        f"--tls-cert-file={pair.certificate}",
        f"--tls-private-key-file={pair.key}",
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--authentication-skip-lookup=true",
        f"--root-ca-file={pki.ca.certificate}",
        f"--cluster-signing-cert-file={pki.ca.certificate}",
        f"--cluster-signing-key-file={pki.ca.key}",
        f"--service-account-private-key-file={pki.service_account.key}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        # The default of 20 a second makes a burst of Jobs wait for the client, not for the cluster.
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--profiling=false",
    )
    return Component("kube-controller-manager", argv, url, partial(https_ok, f"{url}/healthz", pki, "admin"))
