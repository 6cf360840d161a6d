"""What `observe` saw of one VideoModel, frozen: the only input of `plan` beside the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from erasure_operator.api.concept_erasure import ConceptErasure
from erasure_operator.api.encoder_release import EncoderRelease
from erasure_operator.api.video_model import VideoModel


class JobState(StrEnum):
    """How a Job stands, from its conditions."""

    ACTIVE = "Active"
    """Neither complete nor failed; its pod may wait or not exist yet."""
    COMPLETE = "Complete"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A batch/v1 Job that carries the VideoModel's label."""

    name: str
    """The name of its EncoderRelease."""
    uid: str = ""
    state: JobState = JobState.ACTIVE
    deleting: bool = False
    """It has a deletionTimestamp: still there, so no other may start, and its outcome no longer counts."""
    message: str | None = None
    """Termination message of its last pod; None when no pod that ended is left."""
    exit_code: int | None = None
    """Exit code of the last pod that ended; None likewise."""
    failure_reason: str = ""
    """Reason of the condition Failed, such as BackoffLimitExceeded, DeadlineExceeded, PodFailurePolicy."""
    failure_message: str = ""
    waiting_reason: str = ""
    """Why its pod does not run, such as ImagePullBackOff or Unschedulable; empty when it runs."""
    finished_at: datetime | None = None
    """When it completed or failed; set unless active."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderMount:
    """All that a pod template says about the encoder: equal mounts mean equal templates."""

    key: str
    """Full release key."""
    uri: str
    """Folder of the published release."""
    manifest_sha256: str
    container: str
    """Container that loads the pipeline."""
    path: str
    """Where that container sees the encoder; of several encoders, the folder that holds theirs."""
    components: tuple[str, ...] = ()
    """Of several encoders, those that the release has, by name: each is mounted over the folder of its name
    in `path`, and nothing else of `path` is covered. Empty for one, which is mounted over `path` itself."""
    endpoint: str | None = None
    region: str | None = None
    credentials_secret: str | None = None
    """Secret in the workload's namespace with the AWS_* variables; None for workload identity."""
    public_key: str | None = None
    """Public keys in PEM, of which one must have signed the encoder; None asks for no signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A workload in the VideoModel's namespace that one of its targets may select."""

    kind: str
    name: str
    uid: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of the workload itself, which target selectors match."""
    containers: tuple[str, ...]
    """Names of the containers of its pod template, in order."""
    owner: str | None = None
    """Annotation `constants.ROLLOUT_ANNOTATION`."""
    mount: EncoderMount | None = None
    """What the pod template holds of the operator's, read back from the template itself (init container,
    volume mount, variable, annotation); None where there is nothing of it. A part that is missing or damaged
    gives an empty string in its field, so that it equals no wanted mount and is repaired."""
    generation: int = 1
    observed_generation: int = 1
    wanted: int = 1
    """`spec.replicas`."""
    total: int = 1
    """`status.replicas`."""
    updated: int = 1
    ready: int = 1
    available: int = 1
    terminating: int = 0
    """`status.terminatingReplicas`; 0 where the cluster does not report it."""
    deadline_exceeded: bool = False
    """Condition Progressing is False with reason ProgressDeadlineExceeded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One VideoModel with everything that belongs to it, at one moment."""

    model: VideoModel
    erasures: tuple[ConceptErasure, ...] = ()
    """ConceptErasures that name this model."""
    releases: tuple[EncoderRelease, ...] = ()
    """EncoderReleases of this model, those being deleted included."""
    jobs: tuple[Job, ...] = ()
    """Jobs of this model, those being deleted included."""
    workloads: tuple[Workload, ...] = ()
    """Workloads that a target selects; more does no harm."""
