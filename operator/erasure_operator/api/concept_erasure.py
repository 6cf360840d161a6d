"""ConceptErasure: one concept that must no longer be generated."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from erasure_operator.api.base import ApiModel, Condition, KubernetesObject
from erasure_operator.api.video_model import SubdomainName
from unlearn_job.contract.concept import Concept, KeptConcept
from unlearn_job.contract.gates import Gates


class DeletionPolicy(StrEnum):
    """Whether the erasure may be taken back."""

    ALLOW = "Allow"
    LEGAL_HOLD = "LegalHold"
    """The API server refuses to delete or weaken it."""


class ConceptErasureSpec(ApiModel):
    """What the compliance team says, once per concept."""

    video_model: SubdomainName
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
    gates: Gates | None = None
    """Stricter bounds than the VideoModel's; the stricter one of each wins."""
    reference: Annotated[str, Field(max_length=200)] | None = None
    """Case number, shown in reports."""
    deletion_policy: DeletionPolicy = DeletionPolicy.ALLOW


class ConceptErasureStatus(ApiModel):
    """Where the erasure stands."""

    observed_generation: Annotated[int, Field(ge=0)] = 0
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


class ConceptErasure(KubernetesObject):
    """A concept that a VideoModel must no longer generate."""

    spec: ConceptErasureSpec
    status: ConceptErasureStatus = ConceptErasureStatus()
