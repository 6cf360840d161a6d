"""Bring the lab up, take it down, and say how it is.

:func:`up` may be called at any time and leaves a working lab: it starts what
is missing, restarts what died, and keeps what works. Ports, keys and the
kubeconfig stay the same for as long as the lab is not taken down.
"""

import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import httpx

from lab import (
    cgroups,
    components,
    dns,
    kubelet,
    leftovers,
    network,
    node,
    packages,
    pause,
    program,
    s3,
    weed,
)
from lab import settings as lab_settings
from lab.api import Api
from lab.component import LabContext
from lab.containerd import ctr
from lab.errors import LabError
from lab.kubeconfig import write_kubeconfig
from lab.lock import locked
from lab.paths import Paths
from lab.pki import CLIENTS, Pki
from lab.progress import Progress
from lab.runtime_spec import prepare_mounts
from lab.settings import LabSettings
from lab.state import ComponentStatus, LabState, LabStatus
from lab.supervisor import Supervisor
from lab.support import unsupported_reason
from lab.testbed_mount import refresh_testbed

__all__ = ["context", "down", "find", "status", "up"]

NODE_READY_SECONDS = 120


def up(paths: Paths | None = None, progress: Progress | None = None) -> LabState:
    """Bring the lab up, or repair it; return at once when all of it works.

    Raises
    ------
    LabError
        This machine cannot run a lab, or a part of it does not start.
    """
    paths, progress = paths or Paths.default(), progress or Progress()
    if reason := unsupported_reason():
        raise LabError(reason)
    with locked(paths, "lab", progress):
        packages.install(packages.NODE, progress)
        built, store = program.build(paths, progress), weed.install(paths)
        settings = lab_settings.load(paths.state)
        if settings is None:
            return _bring_up_new(paths, built, store, progress)
        lab = LabContext(paths, settings, Pki(paths.pki), built, store)
        try:
            return _bring_up(lab, progress)
        except LabError as exc:
            # The disk of a machine that died holds anything, such as half of etcd's last write.
            progress.note(f"The lab that was here cannot be repaired, so a new one is made. {exc}")
            return _bring_up_new(paths, built, store, progress)


def down(paths: Paths | None = None, progress: Progress | None = None) -> None:
    """Take the lab down: its processes, mounts, network, packet filter chains, control groups and state."""
    paths, progress = paths or Paths.default(), progress or Progress()
    # Both, because a build that was killed leaves mounts as well, and one that runs needs its own.
    with (
        locked(paths, "images", progress),
        locked(paths, "lab", progress),
        progress.step("Taking the lab down", 4),
    ):
        leftovers.remove_everything(paths, lab_settings.load(paths.state))


def find(paths: Paths | None = None) -> LabState | None:
    """Return how to reach the lab of this machine, or None where none was brought up; nothing is checked."""
    paths = paths or Paths.default()
    settings = lab_settings.load(paths.state)
    return _state(paths, settings) if settings else None


def context(paths: Paths | None = None) -> LabContext | None:
    """Return what describes the parts of this machine's lab, or None where none was brought up."""
    paths = paths or Paths.default()
    settings = lab_settings.load(paths.state)
    if settings is None:
        return None
    return LabContext(paths, settings, Pki(paths.pki), program.location(paths), weed.location(paths))


def status(paths: Paths | None = None) -> LabStatus:
    """Ask every part of the lab how it is. Changes nothing."""
    paths = paths or Paths.default()
    lab = context(paths)
    if lab is None:
        return LabStatus(healthy=False, components=(), state=None)
    supervisor = Supervisor(paths, Progress(quiet=True))
    parts = list(chain.from_iterable(components.waves(lab)))
    reasons = supervisor.unhealthy(parts)
    found = []
    for part in parts:
        running = supervisor.running(part)
        reason = reasons.get(part.name, "") if running else "not running"
        pid = running.pid if running else None
        log = supervisor.log(part)
        found.append(
            ComponentStatus(part.name, pid, part.address, healthy=not reason, reason=reason, log=log)
        )
    healthy = not any(part.reason for part in found)
    return LabStatus(healthy=healthy, components=tuple(found), state=_state(paths, lab.settings))


def _bring_up_new(paths: Paths, built: Path, store: Path, progress: Progress) -> LabState:
    """Remove what is left of another lab, then make one with new ports and keys."""
    leftovers.remove_everything(paths, lab_settings.load(paths.state))
    paths.prepare()
    pods, services = network.choose_networks()
    settings = lab_settings.new(pods, services, network.read_sysctls())
    lab_settings.save(settings, paths.state)
    return _bring_up(LabContext(paths, settings, Pki(paths.pki), built, store), progress)


def _bring_up(lab: LabContext, progress: Progress) -> LabState:
    _prepare(lab)
    supervisor = Supervisor(lab.paths, progress)
    first, second, third = components.waves(lab)
    if all(supervisor.running(part) is None for part in first if part.name == "containerd"):
        leftovers.clear_dead_containers(lab.paths)
    everything = [*first, *second, *third]
    if all(supervisor.current(part) for part in everything) and not supervisor.unhealthy(everything):
        _complete(lab, progress)
        return _state(lab.paths, lab.settings)
    supervisor.ensure(first, 3)
    _load_pause_image(lab)
    supervisor.ensure(second, 4)
    _apply_dns(lab)
    supervisor.ensure(third, 4)
    _complete(lab, progress)
    return _state(lab.paths, lab.settings)


def _prepare(lab: LabContext) -> None:
    """Everything that must be there before the daemons start; cheap when it is."""
    paths, settings = lab.paths, lab.settings
    paths.prepare()
    network.create_bridge(settings)
    cgroups.create()
    kubelet.write_device_checkpoint()
    prepare_mounts(paths)
    refresh_testbed(paths)
    lab.pki.create(settings)
    for client in CLIENTS:
        write_kubeconfig(lab.kubeconfig(client), server=settings.api_url, pki=lab.pki, client=client)
    write_kubeconfig(paths.kubeconfig, server=settings.api_url, pki=lab.pki, client="admin")
    s3.write_credentials(settings, paths.credentials)
    program.link_clients(lab.program, paths.bin)


def _load_pause_image(lab: LabContext) -> None:
    if pause.PAUSE_IMAGE not in ctr(lab.paths, "images", "list", "--quiet").split():
        archive = lab.paths.state / "pause.tar"
        archive.write_bytes(pause.image_archive(packages.busybox()))
        ctr(lab.paths, "images", "import", str(archive))
        archive.unlink()


def _apply_dns(lab: LabContext) -> None:
    """CoreDNS becomes ready only when it may watch, so this comes before it."""

    def applied() -> bool:
        for manifest in dns.objects(lab):
            api.apply(manifest)
        return True

    with Api(lab) as api:
        if not _dns_is_current(api, lab):
            # A new API server makes the namespace kube-system a moment after it says that it is ready.
            _until(applied, 30, "The API server does not take the objects of cluster DNS", lab)


def _complete(lab: LabContext, progress: Progress) -> None:
    """Bring what is inside the cluster and the store to what the lab promises."""
    with Api(lab) as api:
        if _promises_kept(api, lab):
            return
        with progress.step("Waiting for the node", 8):
            _until(lambda: node.is_ready(api), NODE_READY_SECONDS, "The node does not become Ready", lab)
            if not node.has_gpus(api):
                node.offer_gpus(api)
            s3.create_bucket(lab.settings)
            # Pods are refused until the controllers have made this.
            account = "/api/v1/namespaces/default/serviceaccounts/default"
            _until(lambda: api.get(account) is not None, 30, "There is no default ServiceAccount", lab)


def _promises_kept(api: Api, lab: LabContext) -> bool:
    return (
        node.is_ready(api)
        and node.has_gpus(api)
        and _dns_is_current(api, lab)
        and s3.has_bucket(lab.settings)
    )


def _dns_is_current(api: Api, lab: LabContext) -> bool:
    """The last object that is applied stands for all of them."""
    binding: dict[str, Any] = dns.objects(lab)[-1]
    name = binding["metadata"]["name"]
    return api.get(f"/apis/{binding['apiVersion']}/clusterrolebindings/{name}") is not None


def _until(condition: Callable[[], bool], seconds: float, complaint: str, lab: LabContext) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except (LabError, httpx.HTTPError) as exc:
            complaint = f"{complaint.partition(' (')[0]} ({exc})"
        if time.monotonic() > deadline:
            raise LabError(f"{complaint} within {seconds:.0f} s; the logs are in {lab.paths.logs}.")
        time.sleep(0.1)


def _state(paths: Paths, settings: LabSettings) -> LabState:
    return LabState(
        kubeconfig=paths.kubeconfig,
        bin_dir=paths.bin,
        logs=paths.logs,
        s3_endpoint=settings.s3_endpoint,
        s3_credentials=paths.credentials,
        s3_access_key=settings.s3_access_key,
        s3_secret_key=settings.s3_secret_key,
    )
