"""Concepts near an erased one that nobody listed: they go into the retain set.

A judge that is a classifier has names for what the model can draw; of a zero-shot one the tokenizer's real
words take their place. Those of them that the text encoder puts next to the erased concept, and those whose
pictures look most like it to the judge, are likeliest to be hurt by the edit; where the base model draws
them, they are preserved as if the document had named them. Held-out concepts are not looked at: figures on
them would prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import structlog
import torch
from torch import Tensor

from unlearn_job.aliases import nearest_words
from unlearn_job.contract.concept import Digest, Erasure, KeptConcept
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.neighbours import FoundNeighbour
from unlearn_job.erasing import erased_names, nearest_first
from unlearn_job.judges.judge import Featured, Judge, Named
from unlearn_job.models import Models
from unlearn_job.probe.base import draw_images
from unlearn_job.probe.seen import Seen, judged
from unlearn_job.probe.subjects import Wording, asked_plainly
from unlearn_job.prompts import Templates, mentions, names
from unlearn_job.retain import kept_concepts

NEAREST: Final = 2
"""Neighbours of an erasure by text, and as many by image."""
DRAWN: Final = 6
"""Names, nearest first by text, that are drawn to compare their pictures."""
IMAGES: Final = 4
"""Images of each, and of the concept."""
MOST_NAMES: Final = 512
"""Names of a judge that are compared at all."""

log = structlog.get_logger()


def find_neighbours(models: Models, judge: Judge, doc: JobInput) -> tuple[FoundNeighbour, ...]:
    """Look among the judge's names, or real words, for neighbours of everything that a document adds.

    Parameters
    ----------
    models, judge, doc
        The Job's.

    Returns
    -------
    tuple of FoundNeighbour
        At most `NEAREST` by text and as many by image of each erasure.

    """
    templates = Templates.of(doc)
    listed = (*erased_names(doc), *(k.name for k in kept_concepts(doc)), *(k.name for k in doc.holdout))
    found: list[FoundNeighbour] = []
    for erasure in doc.adds:
        called = judge.names() if isinstance(judge, Named) else nearest_words(models, names(erasure.concept))
        free = [name for name in called if not _listed(name, listed)][:MOST_NAMES]
        near = nearest_first(
            erasure.concept, free, templates, encoder=models.base_encoder, tokenizer=models.tokenizer
        )
        if near:
            found += _compared(models, judge, doc, erasure, near[:DRAWN])
    for one in found:
        log.info("concept near an erased one", name=one.name, text=one.by_text, image=one.by_image)
    return tuple(found)


def with_neighbours(
    doc: JobInput, found: Iterable[FoundNeighbour], anchors: Mapping[Digest, str | None]
) -> JobInput:
    """Return the document with what was found among the preserved; digests and key stay.

    Parameters
    ----------
    doc, found
        The document, and the neighbours of its erasures.
    anchors
        What each erasure turns into without them: a neighbour must not become the anchor.

    """
    keeps: dict[Digest, tuple[str, ...]] = {}
    for one in found:
        keeps[one.digest] = (*keeps.get(one.digest, ()), one.name)

    def widened(erasure: Erasure) -> Erasure:
        if erasure.digest not in keeps:
            return erasure
        concept = erasure.concept
        more = tuple(KeptConcept(name=name, kind=concept.kind) for name in keeps[erasure.digest])
        anchored = concept.model_copy(update={"anchor": concept.anchor or anchors[erasure.digest]})
        return erasure.model_copy(update={"concept": anchored, "preserve": (*erasure.preserve, *more)})

    return doc.model_copy(update={"adds": tuple(widened(erasure) for erasure in doc.adds)})


def _listed(name: str, listed: Sequence[str]) -> bool:
    return any(mentions(name, (text,)) or mentions(text, (name,)) for text in listed)


def _compared(
    models: Models, judge: Judge, doc: JobInput, erasure: Erasure, free: Sequence[str]
) -> list[FoundNeighbour]:
    """Draw names beside the concept, and choose the nearest by text and by image that the base draws."""
    kind = erasure.concept.kind
    concepts = [KeptConcept(name=name, kind=kind) for name in (erasure.concept.name, *free)]
    samples = {
        c.name: asked_plainly(
            doc, c.name, c.kind, IMAGES, wording=Wording.NAME, purpose=("neighbour", c.name)
        )
        for c in concepts
    }
    drawn = draw_images(models, models.base, doc, samples)
    seen = {c.name: judged(*drawn[c.name], judge, c, concepts) for c in concepts}
    alike = _alike(judge, [seen[c.name] for c in concepts])
    by_image = [name for _, name in sorted(zip((-value for value in alike), free, strict=False))]
    candidates = [
        FoundNeighbour(
            digest=erasure.digest,
            name=name,
            shown=seen[name].shown(),
            by_text=False,
            by_image=False,
        )
        for name in free
    ]
    # A word may draw the concept itself, as another name of it: what goes must not be kept.
    own = {
        name
        for name in free
        if not isinstance(judge, Named)
        and bool(judge.decide(seen[name].looks, erasure.concept, concepts).any())
    }
    known = {one.name: one for one in candidates if one.known and one.name not in own}
    text = [name for name in free if name in known][:NEAREST]
    image = [name for name in by_image if name in known][:NEAREST]
    return [
        known[name].model_copy(update={"by_text": name in text, "by_image": name in image})
        for name in dict.fromkeys((*text, *image))
    ]


def _alike(judge: Judge, seen: Sequence[Seen]) -> list[float]:
    """Return the cosine of mean features of each concept with the first one; none without features."""
    if not isinstance(judge, Featured):
        return []
    means = torch.stack([_mean(judge.features(one.looks)) for one in seen])
    return (means[1:] @ means[0]).tolist()


def _mean(features: Tensor) -> Tensor:
    return torch.nn.functional.normalize(features.mean(dim=0), dim=0)
