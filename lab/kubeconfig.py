"""Kubeconfig files: one per client certificate, with the certificates inside."""

import base64
from pathlib import Path

import yaml

from lab.paths import write_private
from lab.pki import Pki

__all__ = ["write_kubeconfig"]


def write_kubeconfig(path: Path, *, server: str, pki: Pki, client: str) -> None:
    """Write a kubeconfig, unless it already says exactly this.

    Parameters
    ----------
    path
        File to write, mode 0600.
    server
        URL of the API server.
    pki
        Where the certificates are.
    client
        A name of :data:`lab.pki.CLIENTS`.
    """
    pair = pki.pair(client)
    name = "concept-erasure-lab"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": name,
                "cluster": {"server": server, "certificate-authority-data": _inline(pki.ca.certificate)},
            }
        ],
        "users": [
            {
                "name": client,
                "user": {
                    "client-certificate-data": _inline(pair.certificate),
                    "client-key-data": _inline(pair.key),
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": client}}],
        "current-context": name,
    }
    text = yaml.safe_dump(document, sort_keys=False)
    if not path.exists() or path.read_text() != text:
        write_private(path, text)


def _inline(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
