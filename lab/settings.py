"""What one lab chose when it was first brought up, kept for as long as it lives.

Ports and keys are drawn once and then stay: a kubeconfig or an S3 endpoint
that somebody holds is still right after a crash and the next ``lab up``.
"""

import ipaddress
import secrets
import socket
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, field_serializer

from lab.paths import write_private
from lab.versions import KUBERNETES_VERSION, STATE_FORMAT

__all__ = ["PORTS", "LabSettings", "load", "new", "save"]

PORTS: Final = (
    "etcd",
    "etcd-peer",
    "apiserver",
    "controller-manager",
    "scheduler",
    "kubelet",
    "kubelet-health",
    "proxy-health",
    "proxy-metrics",
    "dns",
    "dns-health",
    "dns-ready",
    "weed-master",
    "weed-master-grpc",
    "weed-volume",
    "weed-volume-grpc",
    "weed-filer",
    "weed-filer-grpc",
    "s3",
    "s3-grpc",
)
"""Every port of the lab by the name of who listens on it."""


class LabSettings(BaseModel):
    """Choices of one lab. Written once, to ``settings.json`` in the state folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = STATE_FORMAT
    """Format of the state folder."""
    kubernetes_version: str = KUBERNETES_VERSION
    """Version that wrote etcd's data."""
    bridge: str = "erasure-lab0"
    """Network device of the pods, at most 15 characters."""
    pod_cidr: ipaddress.IPv4Network
    """Addresses of the pods; the first is the host's."""
    service_cidr: ipaddress.IPv4Network
    """Addresses of the Services."""
    ports: dict[str, int]
    """Ports by the names in :data:`PORTS`."""
    s3_access_key: str
    s3_secret_key: SecretStr
    sysctls: dict[str, str]
    """Kernel settings before the lab, by their path under ``/proc/sys``; ``lab down`` restores them."""

    @field_serializer("s3_secret_key", when_used="json")
    def _reveal(self, value: SecretStr) -> str:
        return value.get_secret_value()

    @property
    def host_ip(self) -> str:
        """Address of the machine on the bridge: API server, kubelet, DNS and S3 listen there."""
        return str(self.pod_cidr.network_address + 1)

    @property
    def api_service_ip(self) -> str:
        """ClusterIP of the ``kubernetes`` Service."""
        return str(self.service_cidr.network_address + 1)

    @property
    def dns_service_ip(self) -> str:
        """ClusterIP of cluster DNS."""
        return str(self.service_cidr.network_address + 10)

    @property
    def api_url(self) -> str:
        """Base URL of the API server, reachable from the host and from pods."""
        return f"https://{self.host_ip}:{self.ports['apiserver']}"

    @property
    def s3_endpoint(self) -> str:
        """URL of S3, reachable from the host and from pods."""
        return f"http://{self.host_ip}:{self.ports['s3']}"


def new(
    pod_cidr: ipaddress.IPv4Network, service_cidr: ipaddress.IPv4Network, sysctls: dict[str, str]
) -> LabSettings:
    """Draw ports and keys for a new lab.

    Parameters
    ----------
    pod_cidr, service_cidr
        Networks that nothing on this machine uses.
    sysctls
        Kernel settings to restore at the end.
    """
    return LabSettings(
        pod_cidr=pod_cidr,
        service_cidr=service_cidr,
        ports=_free_ports(PORTS),
        s3_access_key="LAB" + secrets.token_hex(8).upper(),
        s3_secret_key=SecretStr(secrets.token_urlsafe(30)),
        sysctls=sysctls,
    )


def load(state: Path) -> LabSettings | None:
    """Return the settings in a state folder, or None where they are missing or of another format."""
    try:
        settings = LabSettings.model_validate_json((state / "settings.json").read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
    current = settings.format == STATE_FORMAT and settings.kubernetes_version == KUBERNETES_VERSION
    return settings if current and set(settings.ports) == set(PORTS) else None


def save(settings: LabSettings, state: Path) -> None:
    """Write the settings, readable for their owner only."""
    write_private(state / "settings.json", settings.model_dump_json(indent=2))


def _free_ports(names: tuple[str, ...]) -> dict[str, int]:
    """Ask the kernel for a port per name, all at once so that none is given twice.

    Below the ephemeral range, which starts at 32768 by default: a port from
    inside it can be taken by any outgoing connection while its owner restarts.
    NodePorts (30000 to 32767) are left out as well.
    """
    ports: dict[str, int] = {}
    held: list[socket.socket] = []
    try:
        while len(ports) < len(names):
            port = 20000 + secrets.randbelow(10000)
            probe = socket.socket()
            held.append(probe)
            try:
                probe.bind(("0.0.0.0", port))  # noqa: S104  never listens: only asks whether any address has it
            except OSError:
                continue
            ports[names[len(ports)]] = port
    finally:
        for probe in held:
            probe.close()
    return ports
