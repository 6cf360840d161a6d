"""ConceptErasure: one concept that must no longer be generated."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from erasure_operator.api.base import ApiModel, Condition, KubernetesObject
from erasure_operator.api.rules import Rule, validated_by
from erasure_operator.api.schema import NO_DEFAULTS
from erasure_operator.api.video_model import SubdomainName
from unlearn_job.contract.concept import Concept, KeptConcept
from unlearn_job.contract.gates import Gates, Percent, ResidualGate, RetentionGate


class DeletionPolicy(StrEnum):
    """Whether the erasure may be taken back."""

    ALLOW = "Allow"
    LEGAL_HOLD = "LegalHold"
    """The API server refuses to delete or weaken it."""


class StricterResidualGate(ResidualGate):
    """How much of this concept may be left; left out, the VideoModel's bound holds."""

    max_percent: Percent = 100


class StricterRetentionGate(RetentionGate):
    """How much of everything else must be left; left out, the VideoModel's bound holds."""

    min_percent: Percent = 0
    max_drop_points: Percent = 100


class StricterGates(Gates):
    """Bounds beside the VideoModel's, neutral where they are left out."""

    residual: ResidualGate = StricterResidualGate()
    retention: RetentionGate = StricterRetentionGate()


class ConceptErasureSpec(ApiModel):
    """What the compliance team says, once per concept."""

    model_config = ConfigDict(
        json_schema_extra=validated_by(
            Rule(
                "!has(self.concept.aliases) || !self.concept.aliases.exists(alias, "
                "alias.lowerAscii() == self.concept.name.lowerAscii())",
                "concept.aliases repeats concept.name; the name is always erased",
            ),
            Rule(
                "!has(self.concept.anchor) || "
                "self.concept.anchor.lowerAscii() != self.concept.name.lowerAscii()",
                "concept.anchor is the concept itself; name what it is to turn into, or leave it out",
            ),
            Rule(
                "!has(self.preserve) || !self.preserve.exists(kept, "
                "kept.name.lowerAscii() == self.concept.name.lowerAscii() || "
                "(has(self.concept.aliases) && self.concept.aliases.exists(alias, "
                "alias.lowerAscii() == kept.name.lowerAscii())))",
                "preserve names the concept or one of its aliases; it cannot go and stay",
            ),
        )
    )

    video_model: Annotated[
        SubdomainName,
        Field(
            json_schema_extra=validated_by(
                Rule(
                    "self == oldSelf",
                    "videoModel cannot change; delete the erasure and apply it under the other model",
                )
            )
        ),
    ]
    """VideoModel in the same namespace. Cannot change."""
    concept: Concept
    preserve: Annotated[
        tuple[KeptConcept, ...],
        Field(
            max_length=32,
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
        ),
    ] = ()
    """Concepts that must stay, beside those of the VideoModel."""
    gates: Annotated[StricterGates | None, Field(json_schema_extra={NO_DEFAULTS: True})] = None
    """Stricter bounds than the VideoModel's; the stricter one of each wins."""
    reference: Annotated[str, Field(max_length=200)] | None = None
    """Case number, shown in reports."""
    deletion_policy: DeletionPolicy = DeletionPolicy.ALLOW


class ConceptErasureStatus(ApiModel):
    """Where the erasure stands."""

    observed_generation: Annotated[int, Field(ge=0)] = 0
    """Generation of the spec that this status speaks of."""
    phase: Annotated[str, Field(max_length=40)] = ""
    """For people; programs read the conditions."""
    digest: Annotated[str, Field(max_length=64)] | None = None
    """Identity of the erasure in release sets."""
    release: Annotated[str, Field(max_length=253)] | None = None
    """Name of the EncoderRelease that contains it and is, or will be, served."""
    residual: Annotated[str, Field(max_length=64)] | None = None
    """Share of probes that still show the concept with its upper 95 % bound, such as `0.0 % (<= 5.7 %)`."""
    pods: Annotated[str, Field(max_length=40)] = ""
    """Pods that serve a release with this erasure, such as `2/2`."""
    conditions: Annotated[
        tuple[Condition, ...],
        Field(
            max_length=16,
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        ),
    ] = ()
    """Ready, Reconciling and Stalled, as kstatus reads them."""


class ConceptErasure(KubernetesObject):
    """A concept that a VideoModel must no longer generate."""

    spec: ConceptErasureSpec
    status: ConceptErasureStatus = ConceptErasureStatus()
