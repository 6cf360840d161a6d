"""containerd with its own root, state and socket, so that no other containerd of the machine is touched."""

import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Final

from lab import runtime_spec
from lab.component import Component, LabContext
from lab.errors import LabError
from lab.network import cni_configuration
from lab.paths import Paths
from lab.pause import PAUSE_IMAGE

__all__ = ["CNI_FOLDERS", "component", "ctr"]

CNI_FOLDERS: Final = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
"""Where distributions put the CNI plugins; the first that holds ``bridge`` is used."""

NAMESPACE: Final = "k8s.io"
"""containerd's namespace for Kubernetes."""


def component(lab: LabContext) -> Component:
    """Describe containerd."""
    paths = lab.paths
    file, network = paths.configuration / "containerd.toml", paths.configuration / "cni" / "10-lab.conflist"
    spec = paths.configuration / "runtime-spec.json"
    files = {
        file: _configuration(paths, network.parent, spec),
        network: cni_configuration(lab.settings, paths),
        spec: runtime_spec.render(paths),
    }
    argv = (shutil.which("containerd") or "containerd", "--config", str(file))
    # containerd passes this to its shims, which put their sockets there by default: /run/containerd.
    return Component("containerd", argv, str(paths.containerd_socket), partial(_probe, paths), files)


def ctr(paths: Paths, *arguments: str) -> str:
    """Run containerd's own client on the lab's containerd and return what it prints.

    Raises
    ------
    LabError
        It failed.
    """
    done = subprocess.run(
        ["ctr", "--address", str(paths.containerd_socket), "--namespace", NAMESPACE, *arguments],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise LabError(f"`ctr {' '.join(arguments)}` failed: {done.stderr.strip()}")
    return done.stdout


def _probe(paths: Paths) -> None:
    if not paths.containerd_socket.is_socket():
        raise LabError("containerd has made no socket yet")
    ctr(paths, "--timeout", "3s", "version")


def _configuration(paths: Paths, networks: Path, spec: Path) -> str:
    plugins = next((folder for folder in CNI_FOLDERS if (folder / "bridge").exists()), CNI_FOLDERS[0])
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""\
version = 2
root = "{paths.state / "containerd"}"
state = "{paths.run / "containerd"}"
disabled_plugins = [
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.opt",
]

[grpc]
address = "{paths.containerd_socket}"

[debug]
level = "warn"

[{cri}]
sandbox_image = "{PAUSE_IMAGE}"
# Root of a container or of a small virtual machine lacks CAP_SYS_RESOURCE, and may then not lower
# oom_score_adj: without this every sandbox dies at its start.
restrict_oom_score_adj = true
# Below our own state folder, so that `lab down` finds all of them.
netns_mounts_under_state_dir = true
stream_server_address = "127.0.0.1"

[{cri}.cni]
bin_dir = "{plugins}"
conf_dir = "{networks}"

[{cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
base_runtime_spec = "{spec}"

[{cri}.containerd.runtimes.runc.options]
SystemdCgroup = false
Root = "{paths.run / "runc"}"
"""
