"""What the lab knows about each daemon it runs."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lab.paths import Paths
from lab.pki import Pki
from lab.settings import LabSettings

__all__ = ["Component", "LabContext"]


@dataclass(frozen=True)
class LabContext:
    """What every component's module needs to describe its daemon."""

    paths: Paths
    settings: LabSettings
    pki: Pki
    program: Path
    """The multi-call program of :mod:`lab.program`."""
    weed: Path
    """SeaweedFS."""

    def kubeconfig(self, client: str) -> Path:
        """Return the kubeconfig file of one of :data:`lab.pki.CLIENTS`."""
        return self.paths.pki / f"{client}.kubeconfig"


@dataclass(frozen=True)
class Component:
    """One daemon: how to start it and how to see that it works."""

    name: str
    argv: tuple[str, ...]
    address: str
    """Where it listens, for people."""
    probe: Callable[[], None]
    """Returns when the daemon does its work, raises any exception otherwise. Takes at most a few seconds."""
    files: Mapping[Path, str] = field(default_factory=dict)
    """Configuration to write before the start."""
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_seconds: float = 60
    """How long it may take from its start to working."""
    stop_seconds: float = 10
    """How long it may take to end by itself."""

    @property
    def digest(self) -> str:
        """Digest of all that a running process cannot change any more; another one means: restart it."""
        parts = [*self.argv, *(f"{path}={text}" for path, text in self.files.items())]
        parts += [f"{key}={value}" for key, value in self.environment.items()]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def write_files(self) -> None:
        """Write the configuration files, readable for root only."""
        for path, text in self.files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(text)
