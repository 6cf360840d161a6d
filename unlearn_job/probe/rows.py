"""From judged samples to rows, figures and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from unlearn_job.bootstrap import bootstrap, reactivation_gap
from unlearn_job.contract.figures import ErasureFigures, Figures, RetentionFigures, Tally, WorstFigures
from unlearn_job.contract.gates import FEWEST_OF_ONE
from unlearn_job.probe.report import Picture, Row
from unlearn_job.probe.seen import Seen
from unlearn_job.probe.subjects import Subject, Wording
from unlearn_job.seeds import seed_for

ERASED_PICTURES: Final = 4
KEPT_PICTURES: Final = 2
"""Before-and-after pictures per concept."""


@dataclass(frozen=True)
class Measured:
    """Everything that was drawn of one concept.

    Attributes
    ----------
    subject: which concept.
    before, after: images of base and new encoder; `after` may be shorter where it was stopped early.
    extra_before, extra_after: the same in further wordings; None where there are none.
    counted: further wordings that count for the residual.
    clips_before, clips_after: clips of an erased concept.
    confirmed: a kept concept's counts at more images, where it seemed lost.
    stopped: whether drawing ended early.

    """

    subject: Subject
    before: Seen
    after: Seen
    extra_before: Seen | None = None
    extra_after: Seen | None = None
    counted: frozenset[Wording] = frozenset()
    clips_before: Seen | None = None
    clips_after: Seen | None = None
    confirmed: RetentionFigures | None = None
    stopped: bool = False


def row(measured: Measured, false_positives: Tally | None) -> Row:
    """Count what was drawn of one concept."""
    return _erased(measured, false_positives) if measured.subject.role.erased else _kept(measured)


def _kept(measured: Measured) -> Row:
    subject, before, after = measured.subject, measured.before, measured.after
    return Row(
        concept=subject.concept.name,
        kind=subject.concept.kind.value,
        role=subject.role,
        neighbour=subject.neighbour,
        digest=None,
        base=before.shown(),
        images=after.shown(),
        by_wording=after.shown_by_wording(),
        base_by_wording=before.shown_by_wording(),
        counted=frozenset(after.shown_by_wording()),
        invalid=after.invalid(),
        confirmed=measured.confirmed,
    )


def _erased(measured: Measured, false_positives: Tally | None) -> Row:
    subject = measured.subject
    before, after = measured.before.verdicts(), measured.after.verdicts()
    if measured.extra_before is None or measured.extra_after is None:
        all_before, all_after = before, after
    else:
        all_before = before.joined(measured.extra_before.verdicts())
        all_after = after.joined(measured.extra_after.verdicts())
    counted = frozenset(one.wording for one in before.asked) | measured.counted
    gated_before, gated_after = all_before.only(counted), all_after.only(counted)
    left = (gated_after.hits | gated_after.broken).any(dim=1).numpy()
    prompts = [one.sample.prompt for one in gated_after.asked]
    found = Row(
        concept=subject.concept.name,
        kind=subject.concept.kind.value,
        role=subject.role,
        neighbour=subject.neighbour,
        digest=subject.erasure.digest if subject.erasure else None,
        base=gated_before.shown(),
        images=gated_after.left(),
        by_wording=all_after.left_by_wording(),
        base_by_wording=all_before.shown_by_wording(),
        counted=counted,
        over_prompts=bootstrap(left, _seed(subject, "prompts"), groups=prompts),
        invalid=all_after.invalid(),
        false_positives=false_positives,
        stopped=measured.stopped,
    )
    control, new = measured.clips_before, measured.clips_after
    if control is None or new is None:
        return found
    frames = new.hits.numpy()
    return replace(
        found,
        invalid=found.invalid + new.invalid(),
        base_clips=control.shown(),
        clips=new.left(),
        frames=new.frames(),
        peak_frame=new.peak_frame(),
        base_positions=control.positions(),
        positions=new.positions(),
        clip_mean=bootstrap(frames, _seed(subject, "clips")),
        base_clip_mean=bootstrap(control.hits.numpy(), _seed(subject, "control")),
        reactivation_gap=bootstrap(frames, _seed(subject, "clips"), statistic=reactivation_gap),
    )


def _seed(subject: Subject, what: str) -> int:
    return seed_for(0, "bootstrap", what, subject.concept.name)


def pictures(measured: Measured) -> list[Picture]:
    """Pair the first samples. Not the best ones: a chosen picture shows nothing."""
    erased = measured.subject.role.erased
    found = _pairs(
        measured.subject, measured.before, measured.after, ERASED_PICTURES if erased else KEPT_PICTURES
    )
    if measured.clips_before is not None and measured.clips_after is not None:
        found += _pairs(measured.subject, measured.clips_before, measured.clips_after, 1)
    return found


def _pairs(subject: Subject, before: Seen, after: Seen, most: int) -> list[Picture]:
    return [
        Picture(
            concept=subject.concept.name,
            role=subject.role,
            prompt=before.asked[i].sample.prompt,
            seed=before.asked[i].sample.seed,
            before=np.ascontiguousarray(before.pixels[i]),
            after=np.ascontiguousarray(after.pixels[i]),
            seen_before=bool(before.hits[i].any()),
            seen_after=bool(after.hits[i].any()),
        )
        for i in range(min(most, len(before.asked), len(after.asked)))
    ]


def figures(rows: Sequence[Row]) -> Figures:
    """Return what the gates decide on."""
    erasures = tuple(
        ErasureFigures(digest=row.digest, base=row.base, images=row.images, clips=row.clips)
        for row in rows
        if row.digest is not None and row.clips is not None
    )
    return Figures(
        erasures=erasures,
        preserved=_pooled([row for row in rows if row.role == "preserved"]),
        holdout=_pooled([row for row in rows if row.role == "holdout"]),
        neighbours=_pooled([row for row in rows if row.neighbour]),
        worst=worst(rows),
    )


def worst(rows: Sequence[Row]) -> WorstFigures | None:
    """Return the kept concept with the largest drop; one with too few images to accuse it comes last."""
    found = []
    for one in rows:
        if not one.role.erased:
            counts = one.confirmed or one.retention
            found.append(WorstFigures(concept=one.concept, base=counts.base, erased=counts.erased))
    return max(found, key=lambda one: (one.base.samples >= FEWEST_OF_ONE, one.drop), default=None)


def _pooled(rows: Sequence[Row]) -> RetentionFigures:
    nothing = Tally(hits=0, samples=0)
    return RetentionFigures(
        base=sum((row.base for row in rows), nothing), erased=sum((row.images for row in rows), nothing)
    )
