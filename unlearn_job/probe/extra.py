"""Wordings beside names and paraphrases: two concepts in a prompt, descriptions, other languages.

A few samples each, as they are there to find what the names do not show, and not to measure it finely. The
base's images of the same prompts say whether a wording asks for the concept at all: only where the base
draws it does a wording count for the residual.
"""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from unlearn_job.compositions import compositions
from unlearn_job.contract.concept import Concept, KeptConcept
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.evidence import Wording
from unlearn_job.contract.figures import Tally
from unlearn_job.erasing import erased_names
from unlearn_job.generate import Sample
from unlearn_job.languages import translated
from unlearn_job.probe.seen import Seen
from unlearn_job.probe.subjects import Asked, Subject
from unlearn_job.prompts import mentions, names
from unlearn_job.seeds import seed_for

PRESENT = 0.05
"""Least lower bound at which a concept counts as drawn, where siblings give no false positives."""
GATED = frozenset((Wording.COMPOSITIONAL, Wording.IMPLICIT))
"""Extra wordings that count for the residual. Other languages are reported only: the name stays English in
them, and so no user's sentence is."""


def extra_samples(
    doc: JobInput, subject: Subject, every: Sequence[Subject], tokenizer: PreTrainedTokenizerBase
) -> tuple[Asked, ...]:
    """Return samples of an erased concept in the extra wordings that the document asks for.

    Parameters
    ----------
    doc
        The document; `probe.wordings` names the wordings and `probe.wording_images` how many of each.
    subject
        Whose concept.
    every
        All subjects: kept ones stand beside it.
    tokenizer
        Decides which languages can be asked in.

    """
    found = []
    for wording in doc.probe.wordings:
        prompts = _prompts(Wording(wording.value.lower()), doc, subject, every, tokenizer)
        for index, prompt in enumerate(prompts):
            seed = seed_for(doc.seed, "images", subject.concept.name, wording.value, index)
            found.append(Asked(Sample(prompt, seed), Wording(wording.value.lower())))
    return tuple(found)


def _prompts(
    wording: Wording,
    doc: JobInput,
    subject: Subject,
    every: Sequence[Subject],
    tokenizer: PreTrainedTokenizerBase,
) -> tuple[str, ...]:
    concept, count = subject.concept, doc.probe.wording_images
    if wording is Wording.COMPOSITIONAL:
        kept = [other.concept for other in every if not other.role.erased]
        return compositions(concept.kind, concept.name, _free(kept, doc), count)
    if wording is Wording.TRANSLATED:
        return translated(tokenizer, concept.kind, names(concept), count)
    descriptions = concept.descriptions if isinstance(concept, Concept) else ()
    # With a name in it, it would be no description, or one of another erased concept.
    usable = [text for text in descriptions if not mentions(text, erased_names(doc))]
    return tuple(usable[i % len(usable)] for i in range(count)) if usable else ()


def _free(kept: Sequence[KeptConcept], doc: JobInput) -> list[KeptConcept]:
    gone = erased_names(doc)
    return [concept for concept in kept if not mentions(concept.name, gone)]


def drawn(extra: Seen | None, false_positives: Tally) -> frozenset[Wording]:
    """Say which gated wordings draw the concept in the base model, by the rule for names.

    The lower 95 % bound of the images that show it exceeds the rate of false positives, and `PRESENT`.
    """
    if extra is None:
        return frozenset()
    shown = extra.shown_by_wording()
    least = max(PRESENT, false_positives.rate)
    return frozenset(w for w, tally in shown.items() if w in GATED and tally.wilson()[0] > least)
