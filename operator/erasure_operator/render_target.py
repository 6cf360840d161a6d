"""What the operator sets on somebody else's Deployment, as a server-side apply configuration.

Only what is in here is owned: applying less gives the rest back, and the empty configuration takes all of it
away again. Field managers of others keep every field of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from erasure_operator.api.constants import (
    ENCODER_PATH_VARIABLE,
    ENCODER_VOLUME,
    GROUP,
    INIT_CONTAINER,
    RELEASE_ANNOTATION,
    RELEASE_LABEL,
    ROLLOUT_ANNOTATION,
)
from erasure_operator.plan.snapshot import EncoderMount, Workload
from erasure_operator.pod_security import container_security
from erasure_operator.resources import ModelKey, RawObject
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.key import short_key

_FETCHED: Final = "/encoder"
"""Where the init container sees the volume."""

FLAG_URI: Final = "--uri"
FLAG_KEY: Final = "--key"
FLAG_MANIFEST: Final = "--manifest-sha256"
FLAG_DESTINATION: Final = "--dest"
FLAG_ENDPOINT: Final = "--endpoint"
FLAG_REGION: Final = "--region"
FLAG_PUBLIC_KEY: Final = "--public-key"

_OURS: Final = re.compile(
    r"^\.(metadata\.(annotations|labels)|spec\.template\.metadata\.(annotations|labels))"
    rf"\.{re.escape(GROUP)}/"
    rf'|^\.spec\.template\.spec\.initContainers\[name="{INIT_CONTAINER}"\]'
    rf'|^\.spec\.template\.spec\.volumes\[name="{ENCODER_VOLUME}"\]'
)


class ContainerMissingError(PermanentFailure):
    """The container that a target names is not in the workload."""

    reason = "ContainerMissing"


@dataclass(frozen=True)
class FetchImage:
    """Image with `fetch-encoder`."""

    name: str
    pull_policy: str


def render_target(
    workload: Workload, mount: EncoderMount | None, *, model: ModelKey, image: FetchImage
) -> RawObject:
    """Render what the operator applies to a target.

    Parameters
    ----------
    workload
        The workload as it was observed; only its names are read.
    mount
        Encoder to serve; None gives the workload back as it was: it serves the base encoder.
    model
        VideoModel that rolls out.
    image
        Image of the init container.

    Raises
    ------
    ContainerMissingError
        The workload has no container of that name. Applying would add one without an image.

    """
    manifest: RawObject = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": model.namespace, "name": workload.name},
    }
    if mount is None:
        return manifest
    if mount.container not in workload.containers:
        raise ContainerMissingError(
            f"{workload.kind} {model.namespace}/{workload.name} has no container {mount.container}; "
            f"it has {', '.join(workload.containers)}"
        )
    manifest["metadata"]["annotations"] = {ROLLOUT_ANNOTATION: str(model)}
    manifest["spec"] = {
        "template": {
            "metadata": {
                "labels": {RELEASE_LABEL: short_key(mount.key)},
                "annotations": {RELEASE_ANNOTATION: mount.key},
            },
            "spec": {
                "initContainers": [_fetch(mount, image)],
                "containers": [
                    {
                        "name": mount.container,
                        "env": [{"name": ENCODER_PATH_VARIABLE, "value": mount.path}],
                        "volumeMounts": _mounts(mount),
                    }
                ],
                "volumes": [{"name": ENCODER_VOLUME, "emptyDir": {}}],
            },
        }
    }
    return manifest


def _mounts(mount: EncoderMount) -> list[dict[str, Any]]:
    """Mount the volume, or of several encoders the folder of each, which fetch-encoder names after it."""
    if not mount.components:
        return [{"name": ENCODER_VOLUME, "mountPath": mount.path, "readOnly": True}]
    return [
        {
            "name": ENCODER_VOLUME,
            "mountPath": component_path(mount.path, name),
            "subPath": name,
            "readOnly": True,
        }
        for name in mount.components
    ]


def component_path(path: str, component: str) -> str:
    """Return where a container sees one encoder of several."""
    return f"{path.rstrip('/')}/{component}"


def only_ours(fields: Iterable[str]) -> bool:
    """Say whether all these fields stand under names that nobody but the operator uses.

    Whoever changed one of them changed our property, and we take it back by force. The environment variable
    and the mount in the workload's own container are not among them: a person may have set those on purpose.
    """
    names = tuple(fields)
    return bool(names) and all(_OURS.match(name) for name in names)


def _fetch(mount: EncoderMount, image: FetchImage) -> dict[str, Any]:
    args = [FLAG_URI, mount.uri, FLAG_KEY, mount.key, FLAG_MANIFEST, mount.manifest_sha256]
    args += [FLAG_DESTINATION, _FETCHED]
    if mount.endpoint:
        args += [FLAG_ENDPOINT, mount.endpoint]
    if mount.region:
        args += [FLAG_REGION, mount.region]
    if mount.public_key:
        args += [FLAG_PUBLIC_KEY, mount.public_key]
    container: dict[str, Any] = {
        "name": INIT_CONTAINER,
        "image": image.name,
        "imagePullPolicy": image.pull_policy,
        "command": ["fetch-encoder"],
        "args": args,
        "resources": {
            "requests": {"cpu": "50m", "memory": "128Mi"},
            "limits": {"cpu": "1", "memory": "512Mi"},
        },
        "securityContext": container_security(),
        # An encoder that cannot be fetched says why in the pod's status, without its log.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": ENCODER_VOLUME, "mountPath": _FETCHED}],
    }
    if mount.credentials_secret:
        container["envFrom"] = [{"secretRef": {"name": mount.credentials_secret}}]
    return container
