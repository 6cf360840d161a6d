"""EncoderRelease: the document that a Job was given, and what came of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from erasure_operator.api.base import ApiModel, Condition, KubernetesObject
from erasure_operator.api.rules import Rule, validated_by
from erasure_operator.api.video_model import SubdomainName
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.key import short_key
from unlearn_job.contract.result import JobResult


class ReleasePhase(StrEnum):
    """How far a release has come. The first two end; the others are final."""

    PENDING = "Pending"
    BUILDING = "Building"
    BUILT = "Built"
    """Published. Whether it may serve is decided by the gates in force, from its figures."""
    NOT_PRESENT = "NotPresent"
    """Nothing was built: `status.result.notPresent` lists what the model does not know."""
    FAILED = "Failed"
    """The Job gave up; the condition says why."""


class EncoderReleaseSpec(ApiModel):
    """What was built. Immutable."""

    model_config = ConfigDict(
        json_schema_extra=validated_by(
            Rule("self == oldSelf", "the spec of an EncoderRelease is a record and cannot change"),
            Rule(
                "self.document.model.endsWith('.' + self.videoModel)",
                "document.model is not the namespace and spec.videoModel",
            ),
        )
    )

    video_model: SubdomainName
    """VideoModel that the release belongs to."""
    document: JobInput
    """The Job's input, whole: what was asked for stays on record, and a lost Job can be made again."""


class EncoderReleaseStatus(ApiModel):
    """What the Job reported."""

    observed_generation: Annotated[int, Field(ge=0)] = 0
    """Generation of the spec that this status speaks of."""
    phase: ReleasePhase = ReleasePhase.PENDING
    job: Annotated[str, Field(max_length=253)] | None = None
    """Name of the Job that builds it."""
    uri: Annotated[str, Field(max_length=2048)] | None = None
    """Folder of the published release."""
    result: JobResult | None = None
    completion_time: datetime | None = None
    """When the Job ended."""
    conditions: Annotated[
        tuple[Condition, ...],
        Field(
            max_length=16,
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        ),
    ] = ()
    """Ready, Reconciling and Stalled, as kstatus reads them."""


class EncoderRelease(KubernetesObject):
    """One built encoder. Written by the operator only."""

    spec: EncoderReleaseSpec
    status: EncoderReleaseStatus = EncoderReleaseStatus()

    @property
    def key(self) -> str:
        """Full release key."""
        return self.spec.document.key

    @property
    def erasures(self) -> frozenset[str]:
        """Digests of all erasures in the release."""
        document = self.spec.document
        return frozenset(erasure.digest for erasure in (*document.adds, *document.holds))


def release_name(video_model: str, key: str) -> str:
    """Name an EncoderRelease, and with it its ConfigMap and its Job.

    The CRD bounds a VideoModel's name to 52 characters, so that this fits the 63 of a Job's name.
    """
    return f"{video_model}-{short_key(key)}"
