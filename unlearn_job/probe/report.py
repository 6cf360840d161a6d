"""probe.json: what was counted, concept by concept, with intervals; and the pictures beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from unlearn_job.contract.aliases import FoundAlias
from unlearn_job.contract.concept import ConceptKind
from unlearn_job.contract.evidence import Estimate, Role, Share, Wording
from unlearn_job.contract.figures import Figures, RetentionFigures, Tally
from unlearn_job.contract.localisation import LocalisationEvidence
from unlearn_job.contract.neighbours import FoundNeighbour
from unlearn_job.contract.probe_document import (
    AliasEvidence,
    AttackEvidence,
    CloserLook,
    ConceptEvidence,
    NeighbourEvidence,
    PhrasesEvidence,
    ProbeDocument,
    ProbeSettings,
    RetentionPercent,
    WordingEvidence,
)
from unlearn_job.contract.quality import Quality
from unlearn_job.contract.trials import AttackTrial, strongest
from unlearn_job.generate import Pixels

NOTHING: Final = Tally(hits=0, samples=0)


@dataclass(frozen=True)
class Row:
    """The figures of one concept.

    Attributes
    ----------
    concept, kind, role, neighbour: whose.
    digest: of the erasure; None for a kept concept.
    base, images: images that show the concept, before and after, in all counted wordings (for an erased
        one, after counts invalid images too).
    by_wording, base_by_wording: the same after and before, split by how the concept was asked for; wordings
        that do not count are among them.
    counted: the wordings that `base` and `images` add up.
    over_prompts: `images` of an erased concept as a mean, resampled by prompt.
    confirmed: a kept concept's counts at more images, where the first ones made it seem lost.
    base_clips, clips: the same for clips; None where none were drawn.
    frames, peak_frame: single frames after, over all positions and at the worst one.
    base_positions, positions: clips that show the concept at each frame, before and after; empty where none
        were drawn.
    clip_mean, base_clip_mean: share of a clip's frames that show the concept, after and before, resampled by
        clip.
    reactivation_gap: by how much the worst position exceeds the clip mean, resampled by clip.
    invalid: broken images and clips after.
    false_positives: siblings' base images in which the judge sees the concept.
    stopped: whether drawing ended because no further sample could save the gate.

    """

    concept: str
    kind: str
    role: Role
    neighbour: bool
    digest: str | None
    base: Tally
    images: Tally
    by_wording: Mapping[Wording, Tally]
    invalid: Tally
    base_clips: Tally | None = None
    clips: Tally | None = None
    frames: Tally | None = None
    peak_frame: Tally | None = None
    false_positives: Tally | None = None
    base_positions: tuple[Tally, ...] = ()
    positions: tuple[Tally, ...] = ()
    base_by_wording: Mapping[Wording, Tally] = field(default_factory=dict)
    counted: frozenset[Wording] = frozenset()
    over_prompts: Estimate | None = None
    confirmed: RetentionFigures | None = None
    clip_mean: Estimate | None = None
    base_clip_mean: Estimate | None = None
    reactivation_gap: Estimate | None = None
    stopped: bool = False

    @property
    def retention(self) -> RetentionFigures:
        """Before and after, for a kept concept."""
        return RetentionFigures(base=self.base, erased=self.images)

    def evidence(self) -> ConceptEvidence:
        """Return the row as probe.json has it: counts, rates and 95 % intervals."""
        return ConceptEvidence(
            concept=self.concept,
            kind=ConceptKind(self.kind),
            role=self.role,
            neighbour=self.neighbour,
            digest=self.digest,
            base_images=Share.of(self.base),
            images=Share.of(self.images),
            images_by_prompt=self.over_prompts,
            closer_look=_closer(self.confirmed),
            base_clips=_share(self.base_clips),
            clips=_share(self.clips),
            frames=_share(self.frames),
            peak_frame=_share(self.peak_frame),
            by_frame=tuple(Share.of(tally) for tally in self.positions) or None,
            base_by_frame=tuple(Share.of(tally) for tally in self.base_positions) or None,
            clip_mean=self.clip_mean,
            base_clip_mean=self.base_clip_mean,
            reactivation_gap=self.reactivation_gap,
            invalid=Share.of(self.invalid),
            false_positives=_share(self.false_positives),
            by_wording={
                wording: WordingEvidence(
                    base=Share.of(self.base_by_wording.get(wording, NOTHING)),
                    images=Share.of(tally),
                    counted=wording in self.counted,
                )
                for wording, tally in self.by_wording.items()
            },
            stopped_early=self.stopped,
        )


def _share(tally: Tally | None) -> Share | None:
    return None if tally is None else Share.of(tally)


def _closer(counts: RetentionFigures | None) -> CloserLook | None:
    return None if counts is None else CloserLook(base=Share.of(counts.base), images=Share.of(counts.erased))


def tally_json(tally: Tally) -> dict[str, Any]:
    """Return a count with its rate and its 95 % interval."""
    return Share.of(tally).model_dump(mode="json", by_alias=True)


def _attack(trial: AttackTrial) -> AttackEvidence:
    return AttackEvidence(
        digest=trial.digest,
        attack=trial.attack,
        prompt=trial.prompt,
        candidates=trial.candidates,
        edited=Share.of(trial.edited),
        base=Share.of(trial.base),
        named=Share.of(trial.named),
        plain=Share.of(trial.plain),
        tried=Share.of(trial.tried),
    )


@dataclass(frozen=True)
class Picture:
    """The same prompt and seed before and after.

    Attributes
    ----------
    concept, role, prompt, seed: what was asked for.
    before, after: pixels, shape (F, H, W, 3); one frame for an image.
    seen_before, seen_after: whether the judge saw the concept, in any frame.

    """

    concept: str
    role: Role
    prompt: str
    seed: int
    before: Pixels
    after: Pixels
    seen_before: bool
    seen_after: bool


@dataclass(frozen=True)
class ProbeReport:
    """All that a probe found.

    Attributes
    ----------
    figures: what the gates decide on.
    rows: one per concept.
    pictures: before and after, erased concepts first.
    settings: steps, frames, guidance and seed.
    aliases: words that read like an erased concept, found before it was erased.
    found_neighbours: concepts near an erased one that no list named; they were preserved.
    phrases: by digest of an erasure, what read like it and went with it, though nobody calls it so.
    trials: all attacks that were made, erasure by erasure; empty where no gate asked for any.
    localisation: where the encoder carried each concept that was added; empty where nobody looked.
    parameters: numbers of the models' parameters, by what the model is.
    images_per_second, clips_per_second: of the probe by wall time, drawing alone; not part of probe.json,
        which is the same for the same document.
    quality: how pictures of kept concepts changed; None where the judge has no features.
    versions: of this project and its libraries, by name.

    """

    figures: Figures
    rows: tuple[Row, ...]
    pictures: tuple[Picture, ...]
    settings: Mapping[str, object]
    aliases: tuple[FoundAlias, ...] = ()
    found_neighbours: tuple[FoundNeighbour, ...] = ()
    phrases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    trials: tuple[AttackTrial, ...] = ()
    localisation: tuple[LocalisationEvidence, ...] = ()
    parameters: Mapping[str, int] = field(default_factory=dict)
    images_per_second: float | None = None
    clips_per_second: float | None = None
    quality: Quality | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

    def discovered(
        self,
        aliases: tuple[FoundAlias, ...],
        neighbours: tuple[FoundNeighbour, ...],
        phrases: Mapping[str, Sequence[str]],
    ) -> ProbeReport:
        """Return the same report with what the Job found before it erased."""
        return dataclasses.replace(self, aliases=aliases, found_neighbours=neighbours, phrases=phrases)

    def localised(self, found: Iterable[Mapping[str, Any]]) -> ProbeReport:
        """Return the same report with where the encoder carried the concepts, as `Localisation.as_json`."""
        places = tuple(LocalisationEvidence.model_validate(place) for place in found)
        return dataclasses.replace(self, localisation=places)

    def attacked(self, trials: tuple[AttackTrial, ...]) -> ProbeReport:
        """Return the same report with attacks; the strongest on each erasure joins the gates' figures."""
        figures = self.figures.model_copy(update={"attacks": strongest(trials)})
        return dataclasses.replace(self, figures=figures, trials=trials)

    def document(self) -> ProbeDocument:
        """Return probe.json as its model."""
        kept = {
            name: round(getattr(self.figures, name).percent, 2)
            for name in ("preserved", "holdout", "neighbours")
        }
        return ProbeDocument(
            versions=dict(self.versions),
            settings=ProbeSettings.model_validate(self.settings),
            figures=self.figures,
            retention_percent=RetentionPercent(**kept),
            concepts=tuple(row.evidence() for row in self.rows),
            quality=self.quality,
            aliases=tuple(
                AliasEvidence(
                    digest=alias.digest,
                    name=alias.name,
                    base=Share.of(alias.shown),
                    erased=alias.joins,
                    needed=alias.needed,
                )
                for alias in self.aliases
            ),
            phrases=tuple(
                PhrasesEvidence(digest=digest, phrases=tuple(some))
                for digest, some in self.phrases.items()
                if some
            ),
            found_neighbours=tuple(
                NeighbourEvidence(
                    digest=one.digest,
                    name=one.name,
                    base=Share.of(one.shown),
                    by_text=one.by_text,
                    by_image=one.by_image,
                )
                for one in self.found_neighbours
            ),
            attacks=tuple(_attack(trial) for trial in self.trials),
            localisation=self.localisation,
            parameters=dict(self.parameters),
        )

    def to_json(self) -> str:
        """Return probe.json, without pixels."""
        return self.document().model_dump_json(by_alias=True, exclude_none=True, indent=1)
