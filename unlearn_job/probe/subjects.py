"""What is probed: every concept with its part in the release, and the prompts and seeds of its samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from torch import nn
from transformers import PreTrainedTokenizerBase

from unlearn_job.contract.concept import Concept, ConceptKind, Erasure, KeptConcept
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.evidence import Role, Wording
from unlearn_job.erasing import erased_names, nearest_first
from unlearn_job.generate import Sample
from unlearn_job.judges.judge import Judge
from unlearn_job.prompts import Templates, fill, mentions, names
from unlearn_job.retain import kept_concepts
from unlearn_job.seeds import seed_for

__all__ = [
    "Asked",
    "Role",
    "Subject",
    "Wording",
    "alternatives",
    "asked",
    "listed",
    "neighbours",
    "subjects",
]

NEAREST: Final = 2
"""Kept concepts of the same kind, by hidden states, that count as neighbours of an erased one."""


@dataclass(frozen=True)
class Asked:
    """One sample of one concept."""

    sample: Sample
    wording: Wording


@dataclass(frozen=True)
class Subject:
    """One probed concept.

    Attributes
    ----------
    concept: what the judge looks for.
    role: its part in the release.
    erasure: the erasure of an erased concept, None for a kept one.
    neighbour: whether it is a kept concept near an erased one.

    """

    concept: KeptConcept
    role: Role
    erasure: Erasure | None
    neighbour: bool = False


def subjects(
    doc: JobInput, templates: Templates, encoder: nn.Module, tokenizer: PreTrainedTokenizerBase
) -> tuple[Subject, ...]:
    """List everything to probe, and which kept concepts lie near an erased one."""
    every = listed(doc)
    erased, kept = ([s.concept for s in every if s.role.erased is gone] for gone in (True, False))
    near = neighbours(erased, kept, templates, encoder, tokenizer)
    return tuple(replace(s, neighbour=not s.role.erased and s.concept.name in near) for s in every)


def listed(doc: JobInput) -> tuple[Subject, ...]:
    """List added, held, preserved, then holdout concepts; nobody is asked which of them are neighbours."""
    gone = {name.lower() for name in erased_names(doc)}
    return (
        *(Subject(erasure.concept, Role.ADDED, erasure) for erasure in doc.adds),
        *(Subject(erasure.concept, Role.HELD, erasure) for erasure in doc.holds),
        *(Subject(concept, Role.PRESERVED, None) for concept in kept_concepts(doc)),
        *(Subject(c, Role.HOLDOUT, None) for c in doc.holdout if c.name.lower() not in gone),
    )


def check_known(judge: Judge, doc: JobInput) -> None:
    """Make sure, before anything is drawn, that a judge knows what it will be asked about.

    Raises
    ------
    UnknownConceptError
        It cannot judge one of the concepts.

    """
    for subject in listed(doc):
        judge.check(subject.concept)


def neighbours(
    erased: Sequence[KeptConcept],
    kept: Sequence[KeptConcept],
    templates: Templates,
    encoder: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
) -> frozenset[str]:
    """Name the kept concepts that are likeliest to be hurt.

    For each erased concept: those that share a word with its name or aliases, and those of the same kind
    whose hidden states lie nearest.
    """
    found: set[str] = set()
    for concept in erased:
        words = {word for name in names(concept) for word in name.lower().split()}
        found |= {other.name for other in kept if words & set(other.name.lower().split())}
        same = [other.name for other in kept if other.kind is concept.kind]
        found |= set(nearest_first(concept, same, templates, encoder=encoder, tokenizer=tokenizer)[:NEAREST])
    return frozenset(found)


def asked(
    doc: JobInput, templates: Templates, subject: Subject, count: int, purpose: str
) -> tuple[Asked, ...]:
    """Return samples that ask for a concept: names, aliases and paraphrases in turn, seeds derived.

    Parameters
    ----------
    doc, templates
        The document and its templates.
    subject
        Whose concept.
    count
        Number of samples.
    purpose
        "images" or "clips": enters the seeds.

    Returns
    -------
    tuple
        `count` samples; none where every template mentions another erased name.

    """
    concept = subject.concept
    own = names(concept)
    others = [name for name in erased_names(doc) if name not in own]
    training = _free(templates.training(concept.kind), others)
    paraphrases = _free(templates.paraphrases(concept.kind), others)
    wordings = [(name, training, Wording.NAME if name == concept.name else Wording.ALIAS) for name in own]
    wordings += [(name, paraphrases, Wording.PARAPHRASE) for name in own]
    wordings = [w for w in wordings if w[1]]
    if not wordings:
        return ()
    # The name itself is asked for in half of the samples, as users do.
    turns = [w for w in wordings if w[2] is not Wording.NAME]
    order = [t for pair in zip([wordings[0]] * len(turns), turns, strict=True) for t in pair] or wordings
    found = []
    used = [0] * len(order)
    for index in range(count):
        turn = index % len(order)
        name, options, wording = order[turn]
        seed = seed_for(doc.seed, purpose, concept.name, index)
        # Coprime strides walk through all templates before one repeats.
        template = options[(turn // 2 + used[turn]) % len(options)]
        used[turn] += 1
        found.append(Asked(Sample(fill(template, name, concept.kind).text, seed), wording))
    return tuple(found)


def asked_plainly(
    doc: JobInput, name: str, kind: ConceptKind, count: int, *, wording: Wording, purpose: tuple[str, ...]
) -> tuple[Asked, ...]:
    """Return samples that ask for one name in the training templates in turn; `purpose` enters the seeds."""
    training = Templates.of(doc).training(kind)
    texts = [fill(training[i % len(training)], name, kind).text for i in range(count)]
    return tuple(
        Asked(Sample(text, seed_for(doc.seed, *purpose, i)), wording) for i, text in enumerate(texts)
    )


def _free(templates: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    return tuple(t for t in templates if not mentions(t, others))


def alternatives(doc: JobInput, every: Sequence[Subject]) -> tuple[KeptConcept, ...]:
    """Return the concepts that a zero-shot judge compares with: all probed ones, and the anchors."""
    found: dict[str, KeptConcept] = {subject.concept.name: subject.concept for subject in every}
    for erasure in (*doc.adds, *doc.holds):
        anchor, kind = erasure.concept.anchor, erasure.concept.kind
        if anchor and kind is not ConceptKind.STYLE:
            found.setdefault(anchor, Concept(name=anchor, kind=kind))
    return tuple(found.values())
