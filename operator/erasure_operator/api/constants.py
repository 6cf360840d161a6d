"""Every name that other parties see: group, labels, annotations, conditions and their reasons."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

GROUP: Final = "concept-erasure.io"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
FIELD_MANAGER: Final = "concept-erasure-operator"
"""Server-side apply owns exactly what the operator sets on somebody else's workload."""

RELEASE_LABEL: Final = f"{GROUP}/release"
"""Short release key, on Jobs, on their pods and on target pods."""
MODEL_LABEL: Final = f"{GROUP}/video-model"
"""Name of the VideoModel, on everything that the operator creates."""
RELEASE_ANNOTATION: Final = f"{GROUP}/release"
"""Full release key, on the pod template of a target."""
ROLLOUT_ANNOTATION: Final = f"{GROUP}/rolled-out-by"
"""`<namespace>/<VideoModel>` on a target, so that two models that select one workload are noticed."""

INIT_CONTAINER: Final = "fetch-encoder"
ENCODER_VOLUME: Final = "concept-erasure-encoder"
DEFAULT_ENCODER_PATH: Final = "/var/run/concept-erasure/text_encoder"
ENCODER_PATH_VARIABLE: Final = "TEXT_ENCODER_PATH"


class ConditionType(StrEnum):
    """Condition types, as kstatus reads them."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"


class Reason(StrEnum):
    """Condition reasons. Part of the API: alerts and `kubectl wait` match on them."""

    SERVING = "Serving"
    """Every pod of every target serves a release that contains the erasure."""
    BASE = "Base"
    """A VideoModel without erasures: its targets serve the base encoder."""
    NOT_PRESENT = "NotPresent"
    """The model does not know the concept: Ready, and no release."""
    BUILDING = "Building"
    """A Job unlearns the concept."""
    BUILT = "Built"
    """A release that is published and holds the gates in force."""
    ROLLING_OUT = "RollingOut"
    """A built release is on its way to the pods."""
    WAITING = "Waiting"
    """Another Job of the same VideoModel runs first."""
    NO_TARGETS = "NoTargets"
    """No workload matches the selectors, so nobody serves anything."""
    MODEL_NOT_FOUND = "VideoModelNotFound"
    """No VideoModel of that name in the namespace."""
    INVALID_METHOD = "InvalidMethod"
    """The method is unknown, or does not know a parameter."""
    CONFLICTING_TARGET = "ConflictingTarget"
    """Another VideoModel already rolls encoders out to the workload."""
    CONFLICTING_CONCEPT = "ConflictingConcept"
    """Another erasure of the model takes away what this one preserves."""
    GATE_FAILED = "GateFailed"
    """Built and probed, never served."""
    JOB_FAILED = "JobFailed"
    """The Job gave up; the message says why."""
    ROLLOUT_FAILED = "RolloutFailed"
    """Pods of a target do not become Ready on the release."""
