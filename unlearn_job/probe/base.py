"""What the base encoder draws: the control of every figure, and whether a concept is there at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from transformers import PreTrainedModel

from unlearn_job.contract.concept import Digest, KeptConcept
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.figures import Tally
from unlearn_job.generate import Pixels, Sample, clips, encoder_in, images
from unlearn_job.judges.judge import Judge, same_axis
from unlearn_job.models import Models
from unlearn_job.probe.seen import Seen, judged
from unlearn_job.probe.subjects import Asked, Subject, alternatives, asked, subjects
from unlearn_job.prompts import Templates

PRESENT: Final = 0.05
"""Least lower bound at which a concept counts as known, where siblings give no false positives."""


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

    """

    subjects: tuple[Subject, ...]
    among: tuple[KeptConcept, ...]
    seen: Mapping[str, Seen]
    false_positives: Mapping[str, Tally]
    not_present: tuple[Digest, ...]


def identify(models: Models, judge: Judge, doc: JobInput) -> BaseProbe:
    """Draw every erased and kept concept with the base encoder, and find out which are known.

    A concept is known if the lower 95 % bound of its images that show it exceeds the rate at which the
    judge sees it in images of its siblings (all other probed concepts of its axis), and `PRESENT`.

    Raises
    ------
    UnknownConceptError
        The judge cannot judge one of the concepts.

    """
    templates = Templates.of(doc)
    every = subjects(doc, templates, models.base_encoder, models.tokenizer)
    among = alternatives(doc, every)
    with_base = draw_images(models, models.base_encoder, doc, image_samples(doc, templates, every))
    seen = {
        s.concept.name: judged(*with_base[s.concept.name], judge, s.concept, among)
        for s in every
        if s.concept.name in with_base
    }
    erased = [s for s in every if s.role.erased]
    false = {s.concept.name: _false_positives(judge, s, every, seen, among) for s in erased}
    return BaseProbe(every, among, seen, false, _not_present(erased, doc, seen, false))


def image_samples(
    doc: JobInput, templates: Templates, every: Sequence[Subject]
) -> dict[str, tuple[Asked, ...]]:
    """Return the samples of every subject by name: the same for every encoder."""
    kept = sum(1 for s in every if not s.role.erased)
    share = max(1, doc.probe.retention_images // kept) if kept else 0
    found = {
        s.concept.name: asked(doc, templates, s, doc.probe.images if s.role.erased else share, "images")
        for s in every
    }
    return {name: samples for name, samples in found.items() if samples}


def draw_images(
    models: Models, encoder: PreTrainedModel, doc: JobInput, samples: Mapping[str, tuple[Asked, ...]]
) -> dict[str, tuple[tuple[Asked, ...], Pixels]]:
    """Draw images of many concepts in one go, shape (N, H, W, 3) each.

    With the surrogate; where there is none, the middle frame of a clip stands for an image.
    """
    flat = [a.sample for some in samples.values() for a in some]
    pixels = _images(models, encoder, doc, flat)
    found, at = {}, 0
    for name, some in samples.items():
        found[name] = (some, pixels[at : at + len(some)])
        at += len(some)
    return found


def _images(models: Models, encoder: PreTrainedModel, doc: JobInput, samples: Sequence[Sample]) -> Pixels:
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
