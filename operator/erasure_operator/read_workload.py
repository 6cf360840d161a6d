"""From a Deployment to what the plan reads of it, the encoder in its pod template included."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from erasure_operator.api.base import ApiModel, ObjectMeta
from erasure_operator.api.constants import (
    ENCODER_PATH_VARIABLE,
    ENCODER_VOLUME,
    INIT_CONTAINER,
    RELEASE_ANNOTATION,
    RELEASE_LABEL,
    ROLLOUT_ANNOTATION,
)
from erasure_operator.plan.snapshot import EncoderMount, Workload
from erasure_operator.render_target import (
    FLAG_ENDPOINT,
    FLAG_KEY,
    FLAG_MANIFEST,
    FLAG_PUBLIC_KEY,
    FLAG_REGION,
    FLAG_URI,
    component_path,
)
from erasure_operator.resources import RawObject
from unlearn_job.contract.key import short_key


class _Variable(ApiModel):
    name: str
    value: str = ""


class _Mount(ApiModel):
    name: str
    mount_path: str
    sub_path: str = ""


class _SecretRef(ApiModel):
    name: str = ""


class _EnvFrom(ApiModel):
    secret_ref: _SecretRef | None = None


class _Container(ApiModel):
    name: str
    args: tuple[str, ...] = ()
    env: tuple[_Variable, ...] = ()
    env_from: tuple[_EnvFrom, ...] = ()
    volume_mounts: tuple[_Mount, ...] = ()

    def mounts(self) -> list[_Mount]:
        """Where the container mounts the encoder, or each of several."""
        return [m for m in self.volume_mounts if m.name == ENCODER_VOLUME]

    def variable(self) -> str:
        """Value of TEXT_ENCODER_PATH; empty where it is unset."""
        return next((v.value for v in self.env if v.name == ENCODER_PATH_VARIABLE), "")

    def components(self) -> tuple[str, ...] | None:
        """Encoders mounted below TEXT_ENCODER_PATH; none for one mounted over it, None for neither."""
        path = self.variable()
        if any(m.mount_path == path and not m.sub_path for m in self.mounts()):
            return ()
        below = [m.sub_path for m in self.mounts() if m.mount_path == component_path(path, m.sub_path)]
        return tuple(sorted(below)) if path and below else None


class _Volume(ApiModel):
    name: str


class _TemplateMeta(ApiModel):
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class _PodSpec(ApiModel):
    init_containers: tuple[_Container, ...] = ()
    containers: tuple[_Container, ...]
    volumes: tuple[_Volume, ...] = ()


class _Template(ApiModel):
    metadata: _TemplateMeta = _TemplateMeta()
    spec: _PodSpec


class _Spec(ApiModel):
    replicas: int = 1
    template: _Template


class _Condition(ApiModel):
    type: str
    status: str
    reason: str = ""


class _Status(ApiModel):
    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    terminating_replicas: int = 0
    conditions: tuple[_Condition, ...] = ()


class _Deployment(ApiModel):
    metadata: ObjectMeta
    spec: _Spec
    status: _Status = _Status()


def read_deployment(raw: RawObject) -> Workload:
    """Read a Deployment."""
    deployment = _Deployment.model_validate(raw)
    metadata, status = deployment.metadata, deployment.status
    return Workload(
        kind="Deployment",
        name=metadata.name,
        uid=metadata.uid,
        labels=metadata.labels,
        containers=tuple(container.name for container in deployment.spec.template.spec.containers),
        owner=metadata.annotations.get(ROLLOUT_ANNOTATION),
        mount=_read_mount(deployment.spec.template),
        generation=metadata.generation,
        observed_generation=status.observed_generation,
        wanted=deployment.spec.replicas,
        total=status.replicas,
        updated=status.updated_replicas,
        ready=status.ready_replicas,
        available=status.available_replicas,
        terminating=status.terminating_replicas,
        deadline_exceeded=any(
            c.type == "Progressing" and c.status == "False" and c.reason == "ProgressDeadlineExceeded"
            for c in status.conditions
        ),
    )


def _read_mount(template: _Template) -> EncoderMount | None:
    """Read back what the operator applied. A part that is missing or damaged gives an empty string."""
    fetch = next((c for c in template.spec.init_containers if c.name == INIT_CONTAINER), None)
    users = [c for c in template.spec.containers if c.mounts()]
    has_volume = any(volume.name == ENCODER_VOLUME for volume in template.spec.volumes)
    annotation = template.metadata.annotations.get(RELEASE_ANNOTATION)
    label = template.metadata.labels.get(RELEASE_LABEL)
    if fetch is None and not users and not has_volume and annotation is None and label is None:
        return None
    args = fetch.args if fetch else ()
    key = _flag(args, FLAG_KEY) or ""
    if annotation != key or label != short_key(key) or not has_volume:
        key = ""
    # The mount with its variable is ours; a further mount of the volume is the owner's business.
    user = next((c for c in users if c.components() is not None), None)
    return EncoderMount(
        key=key,
        uri=_flag(args, FLAG_URI) or "",
        manifest_sha256=_flag(args, FLAG_MANIFEST) or "",
        container=user.name if user else "",
        path=user.variable() if user else "",
        components=(user.components() or ()) if user else (),
        endpoint=_flag(args, FLAG_ENDPOINT),
        region=_flag(args, FLAG_REGION),
        credentials_secret=_secret(fetch),
        public_key=_flag(args, FLAG_PUBLIC_KEY),
    )


def _flag(args: Sequence[str], name: str) -> str | None:
    if name not in args or args.index(name) + 1 >= len(args):
        return None
    return args[args.index(name) + 1]


def _secret(fetch: _Container | None) -> str | None:
    sources = fetch.env_from if fetch else ()
    return next((source.secret_ref.name for source in sources if source.secret_ref), None)
