"""etcd: the API server's store, on loopback, spoken to with certificates only."""

from functools import partial

from lab.component import Component, LabContext
from lab.probes import https_ok

__all__ = ["component", "url"]


def url(lab: LabContext) -> str:
    """Return the client URL."""
    return f"https://127.0.0.1:{lab.settings.ports['etcd']}"


def component(lab: LabContext) -> Component:
    """Describe etcd."""
    pair, peers = lab.pki.pair("etcd"), f"https://127.0.0.1:{lab.settings.ports['etcd-peer']}"
    argv = [
        str(lab.program),
        "etcd",
        "--name=lab",
        f"--data-dir={lab.paths.state / 'etcd'}",
        f"--listen-client-urls={url(lab)}",
        f"--advertise-client-urls={url(lab)}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=lab={peers}",
        "--log-level=warn",
        # A lab may lose its last second when the machine dies; each write is then 10 ms faster.
        "--unsafe-no-fsync",
    ]
    for side in ("", "peer-"):
        argv += [
            f"--{side}cert-file={pair.certificate}",
            f"--{side}key-file={pair.key}",
            f"--{side}client-cert-auth",
        ]
        argv += [f"--{side}trusted-ca-file={lab.pki.ca.certificate}"]
    return Component("etcd", tuple(argv), url(lab), partial(https_ok, f"{url(lab)}/health", lab.pki, "admin"))
