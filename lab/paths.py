"""Where the lab keeps its files.

Three places, by how long the files are worth keeping: the cache (what took
minutes to build, kept across ``lab down``), the state folder (one running
lab, gone after ``lab down``) and the run folder (sockets and what a reboot
ends anyway).
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

__all__ = ["CHECKOUT", "Paths", "write_private"]

CHECKOUT: Final = Path(__file__).resolve().parent.parent
"""Root of the source tree that holds this file."""


@dataclass(frozen=True)
class Paths:
    """The lab's folders on this machine."""

    cache: Path
    """What builds leave; safe to delete while no lab runs. Environment variable ``CONCEPT_ERASURE_CACHE``."""
    state: Path
    """Everything of the one running lab: keys, etcd's data, containerd's content, logs."""
    run: Path
    """Unix sockets and containerd's runtime state; short, because a socket path has at most 107 bytes."""

    @classmethod
    def default(cls) -> Self:
        """Return the folders every command uses: one lab per machine."""
        cache = os.environ.get("CONCEPT_ERASURE_CACHE")
        return cls(
            cache=Path(cache) if cache else Path.home() / ".cache" / "concept-erasure",
            state=Path("/var/lib/concept-erasure-lab"),
            run=Path("/run/concept-erasure-lab"),
        )

    @property
    def bin(self) -> Path:
        """Folder for PATH with ``kubectl`` and ``helm``."""
        return self.state / "bin"

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of the cluster's administrator, mode 0600."""
        return self.state / "kubeconfig"

    @property
    def credentials(self) -> Path:
        """AWS shared credentials file with the lab's S3 key, mode 0600."""
        return self.state / "s3-credentials"

    @property
    def logs(self) -> Path:
        """One log file per component."""
        return self.state / "logs"

    @property
    def pki(self) -> Path:
        """Certificates and keys."""
        return self.state / "pki"

    @property
    def processes(self) -> Path:
        """One record per started process."""
        return self.state / "processes"

    @property
    def configuration(self) -> Path:
        """Rendered configuration files of the components."""
        return self.state / "configuration"

    @property
    def mounts(self) -> Path:
        """Host folders that every container sees; see :mod:`lab.mounts`."""
        return self.state / "mounts"

    @property
    def containerd_socket(self) -> Path:
        """Where containerd listens."""
        return self.run / "containerd.sock"

    def prepare(self) -> None:
        """Create the folders; the state folder is for root alone, because it holds keys."""
        self.cache.mkdir(parents=True, exist_ok=True)
        for folder in (self.state, self.run):
            folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        for folder in (self.logs, self.pki, self.processes, self.configuration):
            folder.mkdir(mode=0o700, exist_ok=True)
        self.bin.mkdir(mode=0o755, exist_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, with no moment at which others could."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
