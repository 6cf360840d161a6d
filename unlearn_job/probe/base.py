"""What the base encoder draws: the control of every figure, and whether a concept is there at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from unlearn_job.contract.concept import Digest, KeptConcept
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.figures import Tally
from unlearn_job.encoder import Encoders
from unlearn_job.generate import Pixels, Sample, clips, encoder_in, images
from unlearn_job.judges.judge import Judge, same_axis
from unlearn_job.models import Models
from unlearn_job.probe.budget import Amounts, within_budget
from unlearn_job.probe.extra import PRESENT, drawn, extra_samples
from unlearn_job.probe.pace import Pace
from unlearn_job.probe.seen import Seen, judged
from unlearn_job.probe.subjects import Asked, Subject, Wording, alternatives, asked, check_known, subjects
from unlearn_job.prompts import Templates

CONTROL_CLIPS: Final = 4
"""Clips of the base encoder per erased concept: the control without which "never seen" proves nothing."""


@dataclass(frozen=True)
class BaseProbe:
    """The base encoder's images.

    Attributes
    ----------
    subjects: everything that is probed.
    among: what a zero-shot judge compares with.
    seen: judged images by concept name; missing where no prompt asks for the concept alone.
    false_positives: for each erased concept, images of its siblings in which the judge sees it.
    not_present: digests of added erasures whose concept the base model does not draw.
    extra: judged images of erased concepts in further wordings, by concept name.
    control: clips of erased concepts, where the pace of clips had to be known; the probe draws the rest.
    amounts: how much the probe shall draw; None: what the document says.

    """

    subjects: tuple[Subject, ...]
    among: tuple[KeptConcept, ...]
    seen: Mapping[str, Seen]
    false_positives: Mapping[str, Tally]
    not_present: tuple[Digest, ...]
    extra: Mapping[str, Seen] = field(default_factory=dict)
    control: Mapping[str, Seen] = field(default_factory=dict)
    amounts: Amounts | None = None

    def counted(self, name: str) -> frozenset[Wording]:
        """Return the further wordings that count for the residual of an erased concept: the base draws it."""
        return drawn(self.extra.get(name), self.false_positives[name])


def identify(models: Models, judge: Judge, doc: JobInput, *, whole: bool = False) -> BaseProbe:
    """Draw every erased and kept concept with the base encoder, and find out which are known.

    A concept is known if the lower 95 % bound of its images that show it exceeds the rate at which the
    judge sees it in images of its siblings (all other probed concepts of its axis), and `PRESENT`.

    Parameters
    ----------
    models, judge, doc
        The Job's.
    whole
        Whether further wordings and a budget are seen to although a concept is not known: a Job ends there,
        and a probe of anybody's encoder does not.

    Raises
    ------
    UnknownConceptError
        The judge cannot judge one of the concepts.
    BudgetTooSmallError
        What the probe's budget allows would decide no gate.

    """
    check_known(judge, doc)
    templates, pace = Templates.of(doc), Pace()
    every = subjects(doc, templates, models.base_encoder, models.tokenizer)
    among = alternatives(doc, every)
    samples = image_samples(doc, templates, every)
    with_base = draw_images(models, models.base, doc, samples, pace)
    seen = {
        s.concept.name: judged(*with_base[s.concept.name], judge, s.concept, among)
        for s in every
        if s.concept.name in with_base
    }
    erased = [s for s in every if s.role.erased]
    false = {s.concept.name: _false_positives(judge, s, every, seen, among) for s in erased}
    base = BaseProbe(every, among, seen, false, _not_present(erased, doc, seen, false))
    return _further(models, judge, doc, base, pace) if whole or not base.not_present else base


def _further(models: Models, judge: Judge, doc: JobInput, base: BaseProbe, pace: Pace) -> BaseProbe:
    """Add what only a release that is built needs: further wordings, and amounts that fit a budget."""
    erased = {s.concept.name: s for s in base.subjects if s.role.erased and s.concept.name in base.seen}
    further = {name: extra_samples(doc, s, base.subjects, models.tokenizer) for name, s in erased.items()}
    further = {name: samples for name, samples in further.items() if samples}
    images = draw_images(models, models.base, doc, further, pace)
    extra = {name: judged(*found, judge, erased[name].concept, base.among) for name, found in images.items()}
    base = replace(base, extra=extra)
    if doc.probe.budget_seconds is None:
        return base
    control = {
        name: draw_clips(
            models,
            models.base,
            judge,
            doc,
            base,
            subject=s,
            samples=control_samples(doc, s),
            pace=pace,
        )
        for name, s in erased.items()
    }
    return replace(base, control=control, amounts=within_budget(doc, base.subjects, pace))


def control_samples(doc: JobInput, subject: Subject) -> tuple[Asked, ...]:
    """Return the samples of an erased concept's first clips."""
    return asked(doc, Templates.of(doc), subject, min(CONTROL_CLIPS, doc.probe.clips), "clips")


def draw_clips(
    models: Models,
    encoder: Encoders,
    judge: Judge,
    doc: JobInput,
    base: BaseProbe,
    *,
    subject: Subject,
    samples: Sequence[Asked],
    pace: Pace,
) -> Seen:
    """Draw clips of an erased concept with one encoder and judge their frames."""
    with encoder_in(models, models.pipeline, encoder), pace.clips.drawing(len(samples)):
        pixels = clips(models.pipeline, [a.sample for a in samples], doc.probe)
    return judged(samples, pixels, judge, subject.concept, base.among)


def image_samples(
    doc: JobInput, templates: Templates, every: Sequence[Subject]
) -> dict[str, tuple[Asked, ...]]:
    """Return the samples of every subject by name: the same for every encoder."""
    amounts = Amounts.asked(doc, every)
    found = {
        s.concept.name: asked(doc, templates, s, amounts.images if s.role.erased else amounts.kept, "images")
        for s in every
    }
    return {name: samples for name, samples in found.items() if samples}


def draw_images(
    models: Models,
    encoder: Encoders,
    doc: JobInput,
    samples: Mapping[str, tuple[Asked, ...]],
    pace: Pace | None = None,
) -> dict[str, tuple[tuple[Asked, ...], Pixels]]:
    """Draw images of many concepts in one go, shape (N, H, W, 3) each.

    With the surrogate; where there is none, the middle frame of a clip stands for an image. `pace` is told
    how long it took.
    """
    flat = [a.sample for some in samples.values() for a in some]
    if not flat:
        return {}
    with (pace or Pace()).images.drawing(len(flat)):
        pixels = _images(models, encoder, doc, flat)
    found, at = {}, 0
    for name, some in samples.items():
        found[name] = (some, pixels[at : at + len(some)])
        at += len(some)
    return found


def _images(models: Models, encoder: Encoders, doc: JobInput, samples: Sequence[Sample]) -> Pixels:
    if models.surrogate is not None:
        with encoder_in(models, models.surrogate, encoder):
            return images(models.surrogate, samples, doc.probe)
    with encoder_in(models, models.pipeline, encoder):
        middle = doc.probe.frames // 2
        # A slice at a time: whole clips of every concept would not fit into memory.
        parts = [
            clips(models.pipeline, samples[at : at + 16], doc.probe)[:, middle]
            for at in range(0, len(samples), 16)
        ]
    return np.concatenate(parts)


def _false_positives(
    judge: Judge,
    subject: Subject,
    every: Sequence[Subject],
    seen: Mapping[str, Seen],
    among: Sequence[KeptConcept],
) -> Tally:
    total = Tally(hits=0, samples=0)
    for other in every:
        name = other.concept.name
        if name == subject.concept.name or name not in seen:
            continue
        if not same_axis(other.concept.kind, subject.concept.kind):
            continue
        hits = judge.decide(seen[name].looks, subject.concept, among)
        total += Tally(hits=int(hits.sum()), samples=len(hits))
    return total


def _not_present(
    erased: Sequence[Subject], doc: JobInput, seen: Mapping[str, Seen], false: Mapping[str, Tally]
) -> tuple[Digest, ...]:
    added = {e.digest for e in doc.adds}
    missing = []
    for subject in erased:
        name = subject.concept.name
        if subject.erasure is None or subject.erasure.digest not in added or name not in seen:
            continue
        if seen[name].shown().wilson()[0] <= max(PRESENT, false[name].rate):
            missing.append(subject.erasure.digest)
    return tuple(missing)
