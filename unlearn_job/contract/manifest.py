"""manifest.json: the commit marker of a release, written last and never again."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from unlearn_job.contract.base import AnswerModel
from unlearn_job.contract.concept import Digest, Name
from unlearn_job.contract.result import JobResult

MANIFEST_NAME = "manifest.json"
ENCODER_FOLDER = "text_encoder"

RelativePath = Annotated[str, Field(max_length=512, pattern=r"^\w[\w.-]*(/\w[\w.-]*)*$")]
"""A path that cannot leave the release's folder."""


class ManifestFile(AnswerModel):
    """One file of the release."""

    path: RelativePath
    sha256: Digest
    size: Annotated[int, Field(ge=0)]
    """Bytes."""


class ManifestErasure(AnswerModel):
    """One erasure in the release."""

    digest: Digest
    name: str
    """Name of the ConceptErasure at build time."""
    concept: str
    aliases: Annotated[tuple[Name, ...], Field(max_length=16)] = ()
    """Names that were erased with it: the document's and those that the Job found."""


class Manifest(AnswerModel):
    """What a release consists of. A release without it does not exist."""

    version: Literal[1] = 1
    model: str
    key: Digest
    parent: Digest | None = None
    """Key of the parent release."""
    base_sha256: Digest
    """Digest over the base encoder's tensors: the same for every release of a chain."""
    encoder_sha256: Digest
    """The same over this release's encoder."""
    erasures: tuple[ManifestErasure, ...]
    """All erasures of the release, the parent's included."""
    files: Annotated[tuple[ManifestFile, ...], Field(min_length=1)]
    result: JobResult
    """What the Job reported, so that a repeated Job answers without work."""
