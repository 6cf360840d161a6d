from __future__ import annotations

import base64
from pathlib import Path

import yaml

from lab.component import LabContext
from lab.kubeconfig import write_kubeconfig


def test_it_holds_all_that_is_needed(lab_context: LabContext, tmp_path: Path) -> None:
    pki = lab_context.pki
    pki.create(lab_context.settings)
    file = tmp_path / "kubeconfig"
    write_kubeconfig(file, server="https://10.88.0.1:6443", pki=pki, client="admin")
    document = yaml.safe_load(file.read_text())
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    assert cluster["server"] == "https://10.88.0.1:6443"
    assert base64.b64decode(cluster["certificate-authority-data"]) == pki.ca.certificate.read_bytes()
    assert base64.b64decode(user["client-key-data"]) == pki.pair("admin").key.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_unchanged_file_is_left_alone(lab_context: LabContext, tmp_path: Path) -> None:
    lab_context.pki.create(lab_context.settings)
    file = tmp_path / "kubeconfig"
    for _ in range(2):
        write_kubeconfig(file, server="https://x", pki=lab_context.pki, client="admin")
        inode = file.stat().st_ino
    write_kubeconfig(file, server="https://x", pki=lab_context.pki, client="admin")
    assert file.stat().st_ino == inode
