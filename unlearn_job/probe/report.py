"""probe.json: what was counted, concept by concept, with intervals; and the pictures beside it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from unlearn_job.contract.aliases import FoundAlias
from unlearn_job.contract.figures import Figures, RetentionFigures, Tally
from unlearn_job.contract.trials import AttackTrial, strongest
from unlearn_job.generate import Pixels
from unlearn_job.probe.subjects import Role, Wording


@dataclass(frozen=True)
class Row:
    """The figures of one concept.

    Attributes
    ----------
    concept, kind, role, neighbour: whose.
    digest: of the erasure; None for a kept concept.
    base, images: images that show the concept, before and after (for an erased one, after counts invalid
        images too).
    by_wording: the same after, split by how the concept was asked for.
    base_clips, clips: the same for clips; None where none were drawn.
    frames, peak_frame: single frames after, over all positions and at the worst one.
    base_positions, positions: clips that show the concept at each frame, before and after; empty where none
        were drawn.
    invalid: broken images and clips after.
    false_positives: siblings' base images in which the judge sees the concept.

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

    @property
    def retention(self) -> RetentionFigures:
        """Before and after, for a kept concept."""
        return RetentionFigures(base=self.base, erased=self.images)

    def as_json(self) -> dict[str, Any]:
        """Return plain data: counts, rates and 95 % intervals."""
        tallies = {
            "baseImages": self.base,
            "images": self.images,
            "baseClips": self.base_clips,
            "clips": self.clips,
            "frames": self.frames,
            "peakFrame": self.peak_frame,
            "invalid": self.invalid,
            "falsePositives": self.false_positives,
        }
        found: dict[str, Any] = {
            "concept": self.concept,
            "kind": self.kind,
            "role": self.role.value,
            "neighbour": self.neighbour,
        }
        if self.digest is not None:
            found["digest"] = self.digest
        found |= {name: tally_json(tally) for name, tally in tallies.items() if tally is not None}
        found["byWording"] = {wording.value: tally_json(t) for wording, t in self.by_wording.items()}
        if self.positions:
            found["byFrame"] = [tally_json(tally) for tally in self.positions]
            found["baseByFrame"] = [tally_json(tally) for tally in self.base_positions]
        if self.frames is not None and self.peak_frame is not None:
            # How much the worst frame exceeds the mean: a concept that flickers up.
            found["reactivationGap"] = round(self.peak_frame.rate - self.frames.rate, 4)
        return found


def tally_json(tally: Tally) -> dict[str, Any]:
    """Return a count with its rate and its 95 % interval."""
    low, high = tally.wilson()
    return {
        "hits": tally.hits,
        "samples": tally.samples,
        "rate": round(tally.rate, 4),
        "wilson95": [round(low, 4), round(high, 4)],
    }


def trial_json(trial: AttackTrial) -> dict[str, Any]:
    """Return an attack with rates and intervals of its counts."""
    found: dict[str, Any] = {
        "digest": trial.digest,
        "attack": trial.attack,
        "prompt": trial.prompt,
        "candidates": trial.candidates,
    }
    return found | {
        name: tally_json(getattr(trial, name)) for name in ("edited", "base", "named", "plain", "tried")
    }


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
    trials: all attacks that were made, erasure by erasure; empty where no gate asked for any.
    parameters: numbers of the models' parameters, by what the model is.

    """

    figures: Figures
    rows: tuple[Row, ...]
    pictures: tuple[Picture, ...]
    settings: Mapping[str, object]
    aliases: tuple[FoundAlias, ...] = ()
    trials: tuple[AttackTrial, ...] = ()
    parameters: Mapping[str, int] = field(default_factory=dict)

    def with_aliases(self, found: tuple[FoundAlias, ...]) -> ProbeReport:
        """Return the same report with the words that read like an erased concept."""
        return dataclasses.replace(self, aliases=found)

    def attacked(self, trials: tuple[AttackTrial, ...]) -> ProbeReport:
        """Return the same report with attacks; the strongest on each erasure joins the gates' figures."""
        figures = self.figures.model_copy(update={"attacks": strongest(trials)})
        return dataclasses.replace(self, figures=figures, trials=trials)

    def to_json(self) -> str:
        """Return probe.json, without pixels."""
        return json.dumps(
            {
                "version": 1,
                "settings": dict(self.settings),
                "figures": self.figures.model_dump(mode="json", by_alias=True),
                "retentionPercent": {
                    name: round(getattr(self.figures, name).percent, 2)
                    for name in ("preserved", "holdout", "neighbours")
                },
                "concepts": [row.as_json() for row in self.rows],
                "aliases": [
                    {
                        "digest": alias.digest,
                        "name": alias.name,
                        "base": tally_json(alias.shown),
                        "erased": alias.joins,
                        "needed": alias.needed,
                    }
                    for alias in self.aliases
                ],
                "attacks": [trial_json(trial) for trial in self.trials],
                "parameters": dict(self.parameters),
            },
            indent=1,
        )
