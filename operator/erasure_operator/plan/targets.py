"""Which workloads get the encoder, what their pod templates are to say, and whether their pods run it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from erasure_operator.api.constants import DEFAULT_ENCODER_PATH
from erasure_operator.api.encoder_release import EncoderRelease
from erasure_operator.api.video_model import Target, VideoModel
from erasure_operator.plan.snapshot import EncoderMount, Snapshot, Workload


@dataclass(frozen=True, slots=True)
class Selected:
    """A workload with the target that selects it."""

    workload: Workload
    target: Target
    owner: str | None = None
    """The other VideoModel that rolls encoders out to it; the workload is then left alone."""

    @property
    def container(self) -> str:
        """Container that loads the pipeline."""
        return self.target.container or self.workload.containers[0]

    @property
    def problem(self) -> str:
        """Why nothing can be applied to it; empty when all is well."""
        where = f"{self.workload.kind} {self.workload.name}"
        if self.owner is not None:
            return f"VideoModel {self.owner} already rolls encoders out to {where}."
        if self.container not in self.workload.containers:
            return f"{where} has no container {self.container}."
        return ""

    @property
    def settled(self) -> bool:
        """Whether every pod is Ready on the present template, and no older one is left."""
        workload = self.workload
        counts = (workload.updated, workload.ready, workload.available, workload.total)
        return (
            workload.observed_generation >= workload.generation
            and all(count == workload.wanted for count in counts)
            and workload.terminating == 0
        )

    @property
    def stuck(self) -> bool:
        """Whether the workload's controller gave up on the present template."""
        workload = self.workload
        return workload.deadline_exceeded and workload.observed_generation >= workload.generation

    @property
    def pods(self) -> int:
        """Pods that are Ready on the present template."""
        workload = self.workload
        if workload.observed_generation < workload.generation:
            return 0
        return min(workload.updated, workload.ready, workload.wanted)


def select(snapshot: Snapshot) -> tuple[Selected, ...]:
    """Match workloads with targets; the first target that matches wins. Sorted by kind and name."""
    model = snapshot.model
    owner = owner_of(model)
    targets = [target for wave in model.spec.rollout.waves for target in wave.targets]
    found = []
    for workload in sorted(snapshot.workloads, key=lambda item: (item.kind, item.name)):
        target = next((target for target in targets if _matches(target, workload)), None)
        if target is not None:
            other = workload.owner if workload.owner not in (None, owner) else None
            found.append(Selected(workload, target, other))
    return tuple(found)


def owner_of(model: VideoModel) -> str:
    """Return the value of the annotation that marks a workload as this model's target."""
    return f"{model.metadata.namespace}/{model.metadata.name}"


def wanted_mount(
    release: EncoderRelease | None, selected: Selected, model: VideoModel
) -> EncoderMount | None:
    """Say all that the workload's pod template must hold for the release; None for the base encoder.

    The release is read from where it was published; credentials and public keys are the VideoModel's present
    ones.
    """
    if release is None or release.status.result is None:
        return None
    storage, components = release.spec.document.storage, release.spec.document.base.components
    path = selected.target.encoder_path or DEFAULT_ENCODER_PATH
    credentials, signing = model.spec.storage.credentials, model.spec.signing
    return EncoderMount(
        key=release.key,
        uri=release.status.uri or "",
        manifest_sha256=release.status.result.manifest_sha256 or "",
        container=selected.container,
        # Beside the folder of the first: the path means the same for a release of one encoder.
        path=str(PurePosixPath(path).parent) if len(components) > 1 else path,
        components=tuple(sorted(components)) if len(components) > 1 else (),
        endpoint=storage.endpoint,
        region=storage.region,
        credentials_secret=credentials.secret_name if credentials else None,
        public_key=signing.public_key if signing else None,
    )


def _matches(target: Target, workload: Workload) -> bool:
    return target.kind == workload.kind and all(
        workload.labels.get(label) == value for label, value in target.selector.match_labels.items()
    )
