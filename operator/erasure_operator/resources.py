"""The kinds that the operator reads and writes, as the API server addresses them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from erasure_operator.api.constants import GROUP, MODEL_LABEL, VERSION

RawObject: TypeAlias = dict[str, Any]
"""One object as JSON data. It is parsed at once by whoever needs more than its name."""


@dataclass(frozen=True)
class Resource:
    """One kind of namespaced object."""

    group: str
    """API group; empty for the core group."""
    version: str
    plural: str
    kind: str
    label_selector: str | None = None
    """Only these objects are listed and watched."""

    @property
    def api_version(self) -> str:
        """Value of `apiVersion` in manifests."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str = "") -> str:
        """Address on the API server, without its host."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        parts = [root]
        if namespace is not None:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        if name is not None:
            parts.append(name)
        if subresource:
            parts.append(subresource)
        return "/".join(parts)


VIDEO_MODELS: Final = Resource(GROUP, VERSION, "videomodels", "VideoModel")
CONCEPT_ERASURES: Final = Resource(GROUP, VERSION, "concepterasures", "ConceptErasure")
ENCODER_RELEASES: Final = Resource(GROUP, VERSION, "encoderreleases", "EncoderRelease")
DEPLOYMENTS: Final = Resource("apps", "v1", "deployments", "Deployment")
JOBS: Final = Resource("batch", "v1", "jobs", "Job", MODEL_LABEL)
PODS: Final = Resource("", "v1", "pods", "Pod", MODEL_LABEL)
CONFIG_MAPS: Final = Resource("", "v1", "configmaps", "ConfigMap")
EVENTS: Final = Resource("", "v1", "events", "Event")
LEASES: Final = Resource("coordination.k8s.io", "v1", "leases", "Lease")

WATCHED: Final = (VIDEO_MODELS, CONCEPT_ERASURES, ENCODER_RELEASES, DEPLOYMENTS, JOBS, PODS)
"""What the store holds, in the order in which it is listed."""


@dataclass(frozen=True, order=True)
class ModelKey:
    """Identity of a VideoModel: the unit of work."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"
