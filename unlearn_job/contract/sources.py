"""Where models are read from and releases are written to."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from unlearn_job.contract.base import ContractModel

SOURCE_PATTERN = (
    r"^(hf://[\w.-]+/[\w.-]+@[0-9a-f]{40}|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\S*)?|file:///\S+)$"
)
"""A Hub repository pinned to a commit, an S3 prefix, or a mounted folder."""

STORAGE_PATTERN = r"^(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\S*)?|file:///\S+)$"

Source = Annotated[str, Field(max_length=1024, pattern=SOURCE_PATTERN)]

Component = Annotated[str, Field(max_length=14, pattern=r"^text_encoder(_[23])?$")]
"""Name of a text encoder in a diffusers pipeline."""
Components = Annotated[
    tuple[Component, ...],
    Field(min_length=1, max_length=3, json_schema_extra={"x-kubernetes-list-type": "set"}),
]
"""Text encoders that are edited together."""


class BaseModels(ContractModel):
    """What a release starts from. Enters every digest, so publish changed weights under a new address."""

    surrogate: Source | None = None
    """Text-to-image pipeline that shares the encoder. Unset: only encoder-only methods work."""
    pipeline: Source
    """Text-to-video pipeline that is served and probed."""
    encoder: Component = "text_encoder"
    """Component of both pipelines that is edited."""
    encoders: Components | None = None
    """All components that are edited together, `encoder` among them, such as both of SDXL. Unset: `encoder`
    alone."""

    @model_validator(mode="after")
    def _encoders_are_a_set_with_encoder(self) -> BaseModels:
        if self.encoders is None:
            return self
        if len(set(self.encoders)) < len(self.encoders):
            raise ValueError("encoders names a component twice")
        if self.encoder not in self.encoders:
            raise ValueError(f"encoders does not name {self.encoder}, which is what encoder says")
        return self

    @property
    def components(self) -> tuple[str, ...]:
        """What is edited: `encoder`, which speaks for all where one must, then the others by name."""
        return (self.encoder, *sorted(set(self.encoders or ()) - {self.encoder}))

    def shaping(self) -> dict[str, object]:
        """Return what of the base shapes a release: a list of one says no more than `encoder`."""
        found: dict[str, object] = self.model_dump(mode="json", by_alias=True, exclude={"encoders"})
        several = len(self.components) > 1
        return found | {"encoders": sorted(self.components)} if several else found


def base_models(*, surrogate: str | None, pipeline: str, encoders: Sequence[str]) -> BaseModels:
    """Name what a release starts from, by all components that are edited, the one that speaks for all first.

    Raises
    ------
    pydantic.ValidationError
        A source or component is none, one is named twice, or there is none.

    """
    return BaseModels(
        surrogate=surrogate,
        pipeline=pipeline,
        encoder=encoders[0] if encoders else "",
        encoders=tuple(encoders) if len(encoders) > 1 else None,
    )


class JudgeType(StrEnum):
    """How a judge model answers."""

    CLIP = "clip"
    """Zero-shot: `CLIPModel`, prompts against prompts."""
    CLASSIFIER = "classifier"
    """`AutoModelForImageClassification` whose labels are concept names."""


class Judge(ContractModel):
    """The model that says whether a picture shows a concept."""

    type: JudgeType
    source: Source
    """Model folder or repository, as `from_pretrained` reads it."""


class Features(ContractModel):
    """Models in whose features pictures before and after are compared. They say nothing of concepts."""

    clip: Source | None = None
    """CLIP model: how well pictures fit their prompts, how far they moved, and what they show. Unset: the
    judge's own features."""
    style: Source | None = None
    """Vision model, as `AutoModel` reads it, such as a ResNet: its hidden layers say how pictures are drawn.
    Unset: the CLIP's."""


class Storage(ContractModel):
    """Where releases go. Credentials come from the environment, never from a document."""

    uri: Annotated[str, Field(max_length=1024, pattern=STORAGE_PATTERN)]
    """Bucket and prefix, or a folder for work without S3."""
    endpoint: Annotated[str, Field(max_length=1024, pattern=r"^https?://\S+$")] | None = None
    """S3 endpoint where it is not AWS."""
    region: Annotated[str, Field(max_length=64)] | None = None
    """S3 region; unset: from the environment."""
