"""Probe the new encoder: the same prompts and seeds as the base's, and clips of what must be gone."""

from __future__ import annotations

from typing import Final

import numpy as np
from transformers import PreTrainedModel

from unlearn_job.contract.document import JobInput
from unlearn_job.contract.figures import ErasureFigures, Figures, RetentionFigures, Tally
from unlearn_job.generate import clips, encoder_in
from unlearn_job.judges.judge import Judge
from unlearn_job.models import Models
from unlearn_job.probe.base import BaseProbe, draw_images
from unlearn_job.probe.report import Picture, ProbeReport, Row
from unlearn_job.probe.seen import Seen, judged
from unlearn_job.probe.subjects import Asked, Subject, asked
from unlearn_job.prompts import Templates
from unlearn_job.sizes import parameter_counts

CONTROL_CLIPS: Final = 4
"""Clips of the base encoder per erased concept: the control without which "never seen" proves nothing."""
ERASED_PICTURES: Final = 4
KEPT_PICTURES: Final = 2
"""Before-and-after pictures per concept."""


def probe(
    models: Models, new_encoder: PreTrainedModel, judge: Judge, doc: JobInput, base: BaseProbe
) -> ProbeReport:
    """Measure a new encoder against the base.

    Parameters
    ----------
    models
        The Job's models; the pipelines are given the encoders in turn.
    new_encoder
        The encoder to probe.
    judge, doc
        The Job's judge and document.
    base
        What `identify` saw.

    """
    images = draw_images(models, new_encoder, doc, {name: seen.asked for name, seen in base.seen.items()})
    rows, pictures = [], []
    for subject in base.subjects:
        before = base.seen.get(subject.concept.name)
        if before is None:
            continue
        after = judged(*images[subject.concept.name], judge, subject.concept, base.among)
        row_clips = (
            _clips(models, new_encoder, judge, doc, base, subject=subject) if subject.role.erased else None
        )
        rows.append(_row(subject, before, after, row_clips, base))
        pictures += _pictures(subject, before, after)
        if row_clips is not None:
            pictures += _pictures(subject, *row_clips, most=1)
    pictures.sort(key=lambda picture: not picture.role.erased)
    settings = {**doc.probe.model_dump(mode="json", by_alias=True), "seed": doc.seed}
    return ProbeReport(
        _figures(rows), tuple(rows), tuple(pictures), settings, parameters=parameter_counts(models)
    )


def _clips(
    models: Models,
    new_encoder: PreTrainedModel,
    judge: Judge,
    doc: JobInput,
    base: BaseProbe,
    *,
    subject: Subject,
) -> tuple[Seen, Seen]:
    """Draw clips of an erased concept: few with the base encoder, all with the new one."""
    samples: tuple[Asked, ...] = asked(doc, Templates.of(doc), subject, doc.probe.clips, "clips")
    found = []
    for encoder, some in ((models.base_encoder, samples[:CONTROL_CLIPS]), (new_encoder, samples)):
        with encoder_in(models, models.pipeline, encoder):
            drawn = clips(models.pipeline, [a.sample for a in some], doc.probe)
        found.append(judged(some, drawn, judge, subject.concept, base.among))
    return found[0], found[1]


def _row(subject: Subject, before: Seen, after: Seen, both: tuple[Seen, Seen] | None, base: BaseProbe) -> Row:
    erased = subject.role.erased
    name = subject.concept.name
    broken = after.invalid()
    row = Row(
        concept=name,
        kind=subject.concept.kind.value,
        role=subject.role,
        neighbour=subject.neighbour,
        digest=subject.erasure.digest if subject.erasure else None,
        base=before.shown(),
        images=after.left() if erased else after.shown(),
        by_wording=after.left_by_wording() if erased else after.shown_by_wording(),
        invalid=broken if both is None else broken + both[1].invalid(),
        false_positives=base.false_positives.get(name),
    )
    if both is None:
        return row
    control, new = both
    return Row(
        **{
            **vars(row),
            "base_clips": control.shown(),
            "clips": new.left(),
            "frames": new.frames(),
            "peak_frame": new.peak_frame(),
            "base_positions": control.positions(),
            "positions": new.positions(),
        }
    )


def _pictures(subject: Subject, before: Seen, after: Seen, most: int | None = None) -> list[Picture]:
    """Pair the first samples. Not the best ones: a chosen picture shows nothing."""
    count = most or (ERASED_PICTURES if subject.role.erased else KEPT_PICTURES)
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
        for i in range(min(count, len(before.asked)))
    ]


def _figures(rows: list[Row]) -> Figures:
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
    )


def _pooled(rows: list[Row]) -> RetentionFigures:
    nothing = Tally(hits=0, samples=0)
    return RetentionFigures(
        base=sum((row.base for row in rows), nothing), erased=sum((row.images for row in rows), nothing)
    )
