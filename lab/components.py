"""All daemons of the lab, in the order in which they need each other."""

from lab import apiserver, containerd, controller_manager, dns, etcd, kubelet, proxy, s3, scheduler
from lab.component import Component, LabContext

__all__ = ["waves"]


def waves(lab: LabContext) -> list[list[Component]]:
    """Return the daemons; those of one wave start together, after all of the waves before work."""
    store, gateway = s3.components(lab)
    return [
        [etcd.component(lab), containerd.component(lab), store],
        [apiserver.component(lab), gateway],
        [
            controller_manager.component(lab),
            scheduler.component(lab),
            kubelet.component(lab),
            proxy.component(lab),
            dns.component(lab),
        ],
    ]
