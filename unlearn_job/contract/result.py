"""The Job's answer: at most 4096 bytes, the limit of a termination message."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Annotated, Literal

from pydantic import Field

from unlearn_job.contract.base import AnswerModel
from unlearn_job.contract.concept import Digest
from unlearn_job.contract.figures import Figures

TERMINATION_MESSAGE_LIMIT = 4096


class ExitCode(IntEnum):
    """The codes that podFailurePolicy tells apart (sysexits.h)."""

    BUILT = 0
    """The result says whether the gates held."""
    TEMPORARY = 75
    """Counts against backoffLimit."""
    CONFIGURATION = 78
    """Fails the Job at once: somebody must change something."""


class Outcome(StrEnum):
    """How a Job ended that ran to its end."""

    BUILT = "Built"
    """Published, and the gates held."""
    GATE_FAILED = "GateFailed"
    """Published for inspection, never served."""
    NOT_PRESENT = "NotPresent"
    """Nothing was built: the base model does not draw the concepts listed."""


class PeakMemory(AnswerModel):
    """What the Job took, for the next one's resources."""

    plan: Annotated[str, Field(max_length=120)]
    """Precision, slicing and offload that it ran with."""
    gpu_mebibytes: Annotated[int, Field(ge=0)] | None = None
    """Most memory allocated on the GPU; unset on a CPU."""
    process_mebibytes: Annotated[int, Field(ge=0)]
    """Most resident memory of the process."""


class JobResult(AnswerModel):
    """What a Job that exits with 0 leaves as its termination message."""

    version: Literal[1] = 1
    """Version of the result."""
    key: Digest
    """Release key of the document."""
    outcome: Outcome
    manifest_sha256: Digest | None = None
    """Digest of manifest.json; unset inside the manifest itself, and where nothing was built."""
    base_sha256: Digest | None = None
    """Digest over the base encoder's tensors."""
    encoder_sha256: Digest | None = None
    """Digest over the release's encoder; equal weights, equal digest."""
    figures: Figures | None = None
    """Unset where nothing was built, or where it does not fit: probe.json has it all."""
    not_present: Annotated[tuple[Digest, ...], Field(max_length=256)] = ()
    """Erasures whose concept the base model does not draw."""
    seconds: Annotated[dict[str, Annotated[int, Field(ge=0)]], Field(max_length=32)] = {}
    """Wall time of each step, whole seconds."""
    memory: PeakMemory | None = None
    """Peak memory of the Job; unset in results of older images."""
    message: Annotated[str, Field(max_length=1000)] = ""
    """One sentence for people: which gate broke, what to do."""


class JobError(AnswerModel):
    """What a Job that exits with 75 or 78 leaves instead."""

    version: Literal[1] = 1
    reason: Annotated[str, Field(max_length=64)]
    message: Annotated[str, Field(max_length=1000)]
    """One clear sentence without credentials."""
