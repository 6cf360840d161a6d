"""The Job's input: one document, from a ConfigMap or from a file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from unlearn_job.contract.base import AnyCase, ContractModel
from unlearn_job.contract.concept import ConceptKind, Digest, Erasure, KeptConcept
from unlearn_job.contract.gates import Gates
from unlearn_job.contract.key import release_key
from unlearn_job.contract.method import MethodSpec
from unlearn_job.contract.sources import BaseModels, Features, Judge, Storage

Template = Annotated[str, Field(max_length=200, pattern=r"\{\}")]
"""A prompt with `{}` where the concept goes."""


class Device(AnyCase):
    """What the Job computes on."""

    AUTO = "Auto"
    """CUDA where there is a GPU, else CPU."""
    CPU = "CPU"
    CUDA = "CUDA"


class ParentRelease(ContractModel):
    """The published release whose encoder this Job starts from."""

    key: Digest
    """Release key of the parent."""
    manifest_sha256: Digest
    """Digest of its manifest.json, so that a changed object is noticed before it is built on."""


class ExtraWording(AnyCase):
    """Ways to ask for an erased concept beside its names and paraphrases."""

    COMPOSITIONAL = "Compositional"
    """Together with a kept concept. Counts for the residual where the base draws it."""
    IMPLICIT = "Implicit"
    """By the descriptions of the concept, without its names. Counts where the base draws it."""
    TRANSLATED = "Translated"
    """In sentences of other languages, where the tokenizer reads them. Reported only."""


class Probe(ContractModel):
    """How much is generated to decide the gates, and how."""

    images: Annotated[int, Field(ge=8, le=4096)] = 256
    """Images per erased concept and encoder: half by its name, a quarter each by aliases and paraphrases."""
    clips: Annotated[int, Field(ge=4, le=1024)] = 64
    """Clips per erased concept; any frame counts."""
    retention_images: Annotated[int, Field(ge=16, le=8192)] = 480
    """Images per encoder over all kept concepts together."""
    image_steps: Annotated[int, Field(ge=1, le=200)] = 25
    """Denoising steps of an image."""
    clip_steps: Annotated[int, Field(ge=1, le=200)] = 25
    """Denoising steps of a clip."""
    frames: Annotated[int, Field(ge=1, le=256)] = 16
    """Frames of a clip."""
    guidance: Annotated[str, Field(max_length=5, pattern=r"^[0-9]{1,2}(\.[0-9]{1,2})?$")] = "7.5"
    """Classifier-free guidance scale, a decimal as a string."""
    wordings: Annotated[
        tuple[ExtraWording, ...], Field(max_length=3, json_schema_extra={"x-kubernetes-list-type": "set"})
    ] = (ExtraWording.COMPOSITIONAL, ExtraWording.IMPLICIT, ExtraWording.TRANSLATED)
    """Further wordings that an erased concept is asked for in; an empty list asks for none."""
    wording_images: Annotated[int, Field(ge=4, le=1024)] = 64
    """Images per erased concept, encoder and further wording, beside `images`."""
    sequential: bool = False
    """Stop drawing an erased concept once no further sample can save its gate. The verdict stays the same by
    the gates of this document, the counts of what fails are smaller: gates that are loosened later may find
    too few to pass."""
    budget_seconds: Annotated[int, Field(ge=5, le=604800)] | None = None
    """Time for drawing with the new encoder. Sample sizes shrink to fit, down to what can decide the gates;
    below that the Job fails before it unlearns. Unset: no bound."""


class JobInput(ContractModel):
    """Everything one Job needs to build one release, apart from credentials."""

    version: Literal[1] = 1
    """Version of the document; a Job refuses one that it does not know."""
    model: Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
    """Name of the VideoModel: releases go to `<storage>/<model>/releases/<key>/`."""
    key: Digest
    """`release_key` of the parent and the added digests; checked."""
    base: BaseModels
    parent: ParentRelease | None = None
    """None: start from the base encoder."""
    adds: Annotated[tuple[Erasure, ...], Field(min_length=1, max_length=256)]
    """Erasures that this Job unlearns."""
    holds: Annotated[tuple[Erasure, ...], Field(max_length=4096)] = ()
    """Erasures that the parent already has: never in the retain set, and probed again."""
    holdout: Annotated[tuple[KeptConcept, ...], Field(max_length=128)] = ()
    """Concepts that are probed and never trained on: evidence for what no list names."""
    prompts: dict[ConceptKind, Annotated[tuple[Template, ...], Field(min_length=1, max_length=64)]] = {}
    """Prompt templates by kind of concept; a kind that is left out takes the built-in ones."""
    judge: Judge
    features: Features | None = None
    """Unset: pictures are compared in the judge's features, as far as it has any."""
    method: MethodSpec = MethodSpec()
    gates: Gates = Gates()
    probe: Probe = Probe()
    storage: Storage
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Everything random derives from it."""
    device: Device = Device.AUTO

    @model_validator(mode="after")
    def _key_names_the_content(self) -> JobInput:
        expected = release_key(
            parent=self.parent.key if self.parent else None, adds=[erasure.digest for erasure in self.adds]
        )
        if self.key != expected:
            raise ValueError(f"key does not name this parent and these erasures; expected {expected}")
        if bool(self.holds) != bool(self.parent):
            raise ValueError("holds and parent belong together: a parent is a release with erasures in it")
        return self

    @property
    def release_prefix(self) -> str:
        """Folder of the release below the storage URI."""
        return f"{self.model}/releases/{self.key}"
