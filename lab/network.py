"""The pods' network: a bridge with the host's address, made before anything listens on it."""

import ipaddress
import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from lab.errors import LabError
from lab.paths import Paths
from lab.settings import LabSettings

__all__ = [
    "CNI_NETWORK",
    "SYSCTLS",
    "choose_networks",
    "cni_configuration",
    "create_bridge",
    "read_sysctls",
    "remove_bridge",
    "restore_sysctls",
]

CNI_NETWORK: Final = "concept-erasure-lab"
"""Name of the pods' network; CNI's own records carry it."""

CNI_RECORDS: Final = Path("/var/lib/cni/results")
"""Where libcni keeps what it set up per pod; containerd has no setting for another place."""

POD_NETWORKS: Final = tuple(
    ipaddress.IPv4Network(f"10.{second}.0.0/24") for second in (88, 89, 90, 91, 188, 189)
)
SERVICE_NETWORKS: Final = tuple(
    ipaddress.IPv4Network(f"10.{second}.0.0/16") for second in (96, 97, 98, 196, 197)
)

SYSCTLS: Final = (
    "net/ipv4/ip_forward",
    "net/netfilter/nf_conntrack_max",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
"""Kernel settings that the lab, the kubelet or kube-proxy change."""


def choose_networks() -> tuple[ipaddress.IPv4Network, ipaddress.IPv4Network]:
    """Return a pod and a Service network that overlap no route of this machine.

    Raises
    ------
    LabError
        Every candidate overlaps.
    """
    used = [*_routes()]
    return _first_free(POD_NETWORKS, used), _first_free(SERVICE_NETWORKS, used)


def create_bridge(settings: LabSettings) -> None:
    """Create the bridge, or repair what is left of it, and let the machine forward packets.

    Raises
    ------
    LabError
        The machine now uses the pods' addresses otherwise: it is another one, or has a new network.
    """
    name, address = settings.bridge, f"{settings.host_ip}/{settings.pod_cidr.prefixlen}"
    if not Path(f"/sys/class/net/{name}").exists():
        if any(settings.pod_cidr.overlaps(network) for network in _routes()):
            raise LabError(f"The network {settings.pod_cidr} of the lab's pods is in use by something else.")
        _ip("link", "add", name, "type", "bridge")
    _ip("address", "replace", address, "dev", name)
    _ip("link", "set", name, "up")
    _write_sysctl("net/ipv4/ip_forward", "1")


def remove_bridge(name: str) -> None:
    """Delete the bridge and the pods' ends on it, and CNI's records of them."""
    members = Path(f"/sys/class/net/{name}/brif")
    for member in [entry.name for entry in members.iterdir()] if members.exists() else []:
        # The other end may be in a namespace that is just going away and takes this one with it.
        subprocess.run(["ip", "link", "delete", member], check=False, capture_output=True)
    if Path(f"/sys/class/net/{name}").exists():
        _ip("link", "delete", name)
    for record in CNI_RECORDS.glob(f"{CNI_NETWORK}-*") if CNI_RECORDS.exists() else []:
        record.unlink(missing_ok=True)


def cni_configuration(settings: LabSettings, paths: Paths) -> str:
    """Return the CNI configuration list of the pods' network."""
    plugins: list[dict[str, Any]] = [
        {
            "type": "bridge",
            "bridge": settings.bridge,
            "isGateway": True,
            "ipMasq": True,
            "hairpinMode": True,
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": str(settings.pod_cidr), "gateway": settings.host_ip}]],
                "routes": [{"dst": "0.0.0.0/0"}],
                "dataDir": str(paths.state / "cni"),
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    return json.dumps({"cniVersion": "0.4.0", "name": CNI_NETWORK, "plugins": plugins}, indent=2)


def read_sysctls() -> dict[str, str]:
    """Return the present value of every kernel setting in :data:`SYSCTLS` that this kernel has."""
    values = {name: Path("/proc/sys", name) for name in SYSCTLS}
    return {name: path.read_text().strip() for name, path in values.items() if path.exists()}


def restore_sysctls(values: dict[str, str]) -> None:
    """Set kernel settings back; those that this machine does not let us write are left alone."""
    for name, value in values.items():
        _write_sysctl(name, value)


def _write_sysctl(name: str, value: str) -> None:
    path = Path("/proc/sys", name)
    try:
        if path.read_text().strip() != value:
            path.write_text(value)
    except OSError as exc:
        if name == "net/ipv4/ip_forward" and value == "1":
            raise LabError(
                "This machine does not let the lab forward packets (net.ipv4.ip_forward)."
            ) from exc


def _first_free(
    candidates: Iterable[ipaddress.IPv4Network], used: list[ipaddress.IPv4Network]
) -> ipaddress.IPv4Network:
    for candidate in candidates:
        if not any(candidate.overlaps(network) for network in used):
            return candidate
    raise LabError(
        "Every network that the lab knows for its pods is taken; free one of 10.88.0.0/24 to 10.91.0.0/24."
    )


def _routes() -> Iterable[ipaddress.IPv4Network]:
    shown = subprocess.run(
        ["ip", "-json", "route", "show", "table", "all"], check=True, capture_output=True, text=True
    )
    for route in json.loads(shown.stdout or "[]"):
        destination = route.get("dst", "")
        if destination not in {"", "default"} and ":" not in destination:
            yield ipaddress.IPv4Network(destination, strict=False)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise LabError(f"`ip {' '.join(arguments)}` failed: {done.stderr.strip()}")
