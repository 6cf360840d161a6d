"""kubelet: runs the pods, all of them below the lab's own control group."""

import contextlib
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml

from lab import cgroups
from lab.component import Component, LabContext
from lab.paths import Paths
from lab.probes import http_ok
from lab.versions import CLUSTER_DOMAIN, NODE_NAME

__all__ = ["component", "remove_traces", "write_device_checkpoint"]

DEVICE_PLUGINS: Final = Path("/var/lib/kubelet/device-plugins")
"""The one folder of the kubelet that follows no setting."""

LOG_LINKS: Final = Path("/var/log/containers")
"""Where the kubelet links container logs, for log collectors; no setting either."""

# What the kubelet writes when it knows of no device plugin. With no such file it takes the node for
# a new one at each start and sets all extended resources to zero, the lab's GPUs included.
DEVICE_CHECKPOINT: Final = '{"Data":{"PodDeviceEntries":null,"RegisteredDevices":{}},"Checksum":3467439661}'


def component(lab: LabContext) -> Component:
    """Describe the kubelet."""
    paths, settings = lab.paths, lab.settings
    root, configuration = paths.state / "kubelet", paths.configuration / "kubelet.yaml"
    argv = (
        str(lab.program),
        "kubelet",
        f"--config={configuration}",
        f"--kubeconfig={lab.kubeconfig('kubelet')}",
        f"--root-dir={root}",
        f"--cert-dir={root / 'pki'}",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={settings.host_ip}",
    )
    files = {configuration: yaml.safe_dump(_configuration(lab), sort_keys=False)}
    probe = partial(http_ok, f"http://127.0.0.1:{settings.ports['kubelet-health']}/healthz")
    return Component("kubelet", argv, f"https://{settings.host_ip}:{settings.ports['kubelet']}", probe, files)


def write_device_checkpoint() -> None:
    """Tell the kubelet, before it starts, that this is no new node."""
    checkpoint = DEVICE_PLUGINS / "kubelet_internal_checkpoint"
    if not checkpoint.exists():
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        checkpoint.write_text(DEVICE_CHECKPOINT)


def remove_traces(paths: Paths) -> None:
    """Remove what the kubelet leaves outside the state folder."""
    for name in ("kubelet_internal_checkpoint", "kubelet.sock"):
        (DEVICE_PLUGINS / name).unlink(missing_ok=True)
    for link in LOG_LINKS.glob("*.log") if LOG_LINKS.is_dir() else []:
        if link.is_symlink() and link.readlink().is_relative_to(paths.state):
            link.unlink()
    for folder in (DEVICE_PLUGINS, DEVICE_PLUGINS.parent, LOG_LINKS):
        with contextlib.suppress(OSError):  # it holds files of somebody else, or is not there
            folder.rmdir()


def _configuration(lab: LabContext) -> dict[str, Any]:
    paths, settings = lab.paths, lab.settings
    server = lab.pki.pair("kubelet-server")
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        # The API server reaches it here; on another address `kubectl logs` and `exec` fail.
        "address": settings.host_ip,
        "port": settings.ports["kubelet"],
        "readOnlyPort": 0,
        "healthzBindAddress": "127.0.0.1",
        "healthzPort": settings.ports["kubelet-health"],
        "tlsCertFile": str(server.certificate),
        "tlsPrivateKeyFile": str(server.key),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(lab.pki.ca.certificate)},
        },
        "authorization": {"mode": "Webhook"},
        "clusterDomain": CLUSTER_DOMAIN,
        "clusterDNS": [settings.dns_service_ip],
        "containerRuntimeEndpoint": f"unix://{paths.containerd_socket}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroups.NAME}",
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "localStorageCapacityIsolation": False,
        "podLogsDir": str(paths.state / "pod-logs"),
        "volumePluginDir": str(paths.state / "kubelet" / "volume-plugins"),
        # No registry could bring a collected image back, so the disk is for people to watch.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        # A lab is for reading quickly: what a pod does shows after a second, not after ten.
        "nodeStatusUpdateFrequency": "5s",
        "nodeStatusReportFrequency": "1m",
        "containerLogMaxSize": "5Mi",
        "shutdownGracePeriod": "0s",
    }
