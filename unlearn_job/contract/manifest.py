"""manifest.json: the commit marker of a release, written last and never again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from unlearn_job.contract.base import AnswerModel
from unlearn_job.contract.concept import Digest, Name
from unlearn_job.contract.result import JobResult
from unlearn_job.contract.sources import Component

MANIFEST_NAME = "manifest.json"
ENCODER_FOLDER = "text_encoder"
"""Folder of a release's one encoder, whichever component of the pipeline it is."""

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

    version: Literal[1, 2] = 1
    """2 for a release of several encoders: a reader that knows of one alone must not serve half of it."""
    model: str
    key: Digest
    parent: Digest | None = None
    """Key of the parent release."""
    base_sha256: Digest
    """Digest over the base encoder's tensors: the same for every release of a chain."""
    encoder_sha256: Digest
    """The same over this release's encoder."""
    encoders: Annotated[tuple[Component, ...], Field(min_length=2, max_length=3)] | None = None
    """Components that the release has an encoder for, each in a folder of its name. Unset: one, in
    `text_encoder/`."""
    erasures: tuple[ManifestErasure, ...]
    """All erasures of the release, the parent's included."""
    files: Annotated[tuple[ManifestFile, ...], Field(min_length=1)]
    result: JobResult
    """What the Job reported, so that a repeated Job answers without work."""

    @model_validator(mode="after")
    def _version_says_how_many(self) -> Manifest:
        if (self.version == 1) != (self.encoders is None):
            raise ValueError("version 2 is that of several encoders, and names them")
        return self

    @property
    def encoder_folders(self) -> tuple[str, ...]:
        """Folders of the release that hold its encoders."""
        return encoder_folders(self.encoders or ())


def encoder_folders(components: Sequence[str]) -> tuple[str, ...]:
    """Return the folders of a release for the components that it has encoders of."""
    return tuple(components) if len(components) > 1 else (ENCODER_FOLDER,)
