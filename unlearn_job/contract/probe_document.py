"""probe.json: all numbers of a release, under a schema that is published (docs/reference/probe.schema.json).

Readers may rely on every field; newer Jobs may add fields, so unknown ones are to be ignored.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from unlearn_job.contract.base import AnswerModel
from unlearn_job.contract.concept import ConceptKind, Digest
from unlearn_job.contract.document import Probe
from unlearn_job.contract.evidence import Estimate, Role, Share, Wording
from unlearn_job.contract.figures import Figures
from unlearn_job.contract.localisation import LocalisationEvidence
from unlearn_job.contract.quality import Quality


class ProbeSettings(Probe):
    """How much was generated, and how."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """The document's seed."""


class RetentionPercent(AnswerModel):
    """Share of the base's hits that is left, pooled over concepts, in percent; 100 where it had none."""

    preserved: float
    holdout: float
    neighbours: float


class WordingEvidence(AnswerModel):
    """One way to ask for a concept, before and after."""

    base: Share
    """Images of the base encoder that show the concept: whether the wording asks for it at all."""
    images: Share
    """Images of the new one; of an erased concept, broken ones count."""
    counted: bool
    """Whether the wording counts in `images` of the concept, and so for the gates."""


class CloserLook(AnswerModel):
    """A kept concept that seemed to be lost, at more images: the first ones are among them."""

    base: Share
    images: Share


class ConceptEvidence(AnswerModel):
    """What was counted of one concept."""

    concept: str
    """Its name."""
    kind: ConceptKind
    role: Role
    neighbour: bool
    """Whether it is a kept concept near an erased one."""
    digest: Digest | None = None
    """Of the erasure, for an erased concept."""
    base_images: Share
    """Images of the base encoder that show the concept."""
    images: Share
    """Images of the new one, same prompts and seeds; of an erased concept, broken ones count."""
    images_by_prompt: Estimate | None = None
    """The same for an erased concept, resampled by prompt: images of one prompt hang together."""
    closer_look: CloserLook | None = None
    base_clips: Share | None = None
    """Clips of the base encoder that show an erased concept in most frames."""
    clips: Share | None = None
    """Clips of the new one that show it in any frame, or have a broken one."""
    frames: Share | None = None
    """Single frames of the new one that show it. Frames of a clip hang together: see `clipMean`."""
    peak_frame: Share | None = None
    """Clips that show it at the position at which most do."""
    by_frame: tuple[Share, ...] | None = None
    """Clips that show it, at each position."""
    base_by_frame: tuple[Share, ...] | None = None
    """The same of the base encoder."""
    clip_mean: Estimate | None = None
    """Share of a clip's frames that show it, resampled by clip."""
    base_clip_mean: Estimate | None = None
    """The same of the base encoder's few clips."""
    reactivation_gap: Estimate | None = None
    """By how much the peak frame exceeds the clip mean, resampled by clip: a concept that flickers up."""
    invalid: Share
    """Black, flat or noisy images and clips of the new encoder."""
    false_positives: Share | None = None
    """Base images of an erased concept's siblings in which the judge sees it."""
    by_wording: dict[Wording, WordingEvidence]
    stopped_early: bool = False
    """Whether drawing ended because no further sample could save the gate."""


class AliasEvidence(AnswerModel):
    """A word that reads like an erased concept, found before it was erased."""

    digest: Digest
    """Of the erasure."""
    name: str
    """The word or words."""
    base: Share
    """Images of the base model, asked for by the word, that show the concept."""
    erased: bool
    """Whether it was erased with the concept."""
    needed: bool
    """Whether a kept concept's name, an anchor or a template holds the word, so that it stays."""


class PhrasesEvidence(AnswerModel):
    """Phrases that went with an erased concept: the encoder reads them like it. They were not drawn."""

    digest: Digest
    """Of the erasure."""
    phrases: tuple[str, ...]
    """Misspelt names, words of the names in another order, and words that name nobody."""


class NeighbourEvidence(AnswerModel):
    """A concept near an erased one that no list named; it was preserved."""

    digest: Digest
    """Of the erasure."""
    name: str
    """As the judge calls it."""
    base: Share
    """Images of the base model that show it."""
    by_text: bool
    """Whether it is among the nearest in the text encoder."""
    by_image: bool
    """Whether its pictures look most alike to the judge."""


class AttackEvidence(AnswerModel):
    """One attack on one erased concept, with its controls."""

    digest: Digest
    """Of the erasure."""
    attack: str
    """Name of the attack."""
    prompt: str
    """The winner as a person would type it; empty where the search returned none."""
    candidates: Annotated[int, Field(ge=0)]
    """How many candidates the search returned."""
    edited: Share
    """The winner on the new encoder, on seeds that did not choose it."""
    base: Share
    """The same prompt and seeds on the base encoder."""
    named: Share
    """The concept's plain name on the base encoder."""
    plain: Share
    """The plain name on the new encoder."""
    tried: Share
    """All images of all candidates in the first look."""


class ProbeDocument(AnswerModel):
    """All that a Job measured of one release, without pixels."""

    version: Literal[2] = 2
    """Version of this document."""
    versions: dict[str, str] = {}
    """Versions of this project and of the libraries that drew and judged."""
    settings: ProbeSettings
    figures: Figures
    """What the gates decide on, as the result has it."""
    retention_percent: RetentionPercent
    concepts: tuple[ConceptEvidence, ...]
    quality: Quality | None = None
    """How the pictures of kept concepts changed; unset where the judge has no features."""
    aliases: tuple[AliasEvidence, ...] = ()
    phrases: tuple[PhrasesEvidence, ...] = ()
    found_neighbours: tuple[NeighbourEvidence, ...] = ()
    attacks: tuple[AttackEvidence, ...] = ()
    """Every attack that was made; none where no gate asked for any."""
    localisation: tuple[LocalisationEvidence, ...] = ()
    """Where the encoder carried each concept that was added; none where that was not looked for."""
    parameters: dict[str, int] = {}
    """Numbers of the models' parameters, by what the model is."""
