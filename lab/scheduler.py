"""kube-scheduler."""

from functools import partial

from lab.component import Component, LabContext
from lab.probes import https_ok

__all__ = ["component"]


def component(lab: LabContext) -> Component:
    """Describe the scheduler."""
    kubeconfig, pair = lab.kubeconfig("scheduler"), lab.pki.pair("etcd")
    url = f"https://127.0.0.1:{lab.settings.ports['scheduler']}"
    argv = (
        str(lab.program),
        "kube-scheduler",
        "--bind-address=127.0.0.1",
        f"--secure-port={lab.settings.ports['scheduler']}",
        f"--tls-cert-file={pair.certificate}",
        f"--tls-private-key-file={pair.key}",
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--authentication-skip-lookup=true",
        "--leader-elect=false",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--profiling=false",
    )
    return Component("kube-scheduler", argv, url, partial(https_ok, f"{url}/healthz", lab.pki, "admin"))
