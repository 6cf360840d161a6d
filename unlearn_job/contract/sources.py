"""Where models are read from and releases are written to."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from unlearn_job.contract.base import ContractModel

SOURCE_PATTERN = (
    r"^(hf://[\w.-]+/[\w.-]+@[0-9a-f]{40}|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\S*)?|file:///\S+)$"
)
"""A Hub repository pinned to a commit, an S3 prefix, or a mounted folder."""

STORAGE_PATTERN = r"^(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\S*)?|file:///\S+)$"

Source = Annotated[str, Field(max_length=1024, pattern=SOURCE_PATTERN)]


class BaseModels(ContractModel):
    """What a release starts from. Enters every digest, so publish changed weights under a new address."""

    surrogate: Source | None = None
    """Text-to-image pipeline that shares the encoder. Unset: only encoder-only methods work."""
    pipeline: Source
    """Text-to-video pipeline that is served and probed."""
    encoder: Annotated[str, Field(max_length=14, pattern=r"^text_encoder(_[23])?$")] = "text_encoder"
    """Component of both pipelines that is edited."""


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


class Storage(ContractModel):
    """Where releases go. Credentials come from the environment, never from a document."""

    uri: Annotated[str, Field(max_length=1024, pattern=STORAGE_PATTERN)]
    """Bucket and prefix, or a folder for work without S3."""
    endpoint: Annotated[str, Field(max_length=1024, pattern=r"^https?://\S+$")] | None = None
    """S3 endpoint where it is not AWS."""
    region: Annotated[str, Field(max_length=64)] | None = None
    """S3 region; unset: from the environment."""
