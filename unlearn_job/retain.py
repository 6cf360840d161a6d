"""The retain set: prompts that must act as before, and the tensors that methods read them as."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from unlearn_job.contract.concept import ConceptKind, KeptConcept
from unlearn_job.contract.document import JobInput
from unlearn_job.erasing import Vectors, erased_names
from unlearn_job.methods.tokens import Tokens, stack, tokenise
from unlearn_job.prompts import GENERIC, Prompt, Templates, fill, mentions, names, without_style
from unlearn_job.wordings import wordings

MOST_PROMPTS: Final = 4096
"""Bound on the retain prompts of kept concepts, so that 256 of them with 64 templates stay cheap."""


@dataclass(frozen=True)
class Reading:
    """One prompt as the encoder reads it.

    Attributes
    ----------
    tokens: the ids and the place of the phrase.
    patches: token embeddings of shape (D,) by position, in place of the ids' own.
    first: position from which on the rows count.

    """

    tokens: Tokens
    patches: Mapping[int, Tensor] = field(default_factory=dict)
    first: int = 0


@dataclass(frozen=True)
class Batch:
    """Sequences as tensors.

    Attributes
    ----------
    ids: shape (B, S).
    embeddings: shape (B, S, D), with the patches in place.
    counts: shape (B, S), true where a row counts.

    """

    ids: Tensor
    embeddings: Tensor
    counts: Tensor


def batches(sequences: Sequence[Reading], table: Tensor, size: int) -> Iterator[Batch]:
    """Yield sequences as tensors on the device of the token table (shape (V, D)), `size` at a time."""
    for at in range(0, len(sequences), size):
        yield as_batch(sequences[at : at + size], table)


def as_batch(sequences: Sequence[Reading], table: Tensor) -> Batch:
    """Put sequences into one batch on the device of the token table."""
    ids = stack([sequence.tokens for sequence in sequences])
    embeddings = table[ids.to(table.device)].clone()
    counts = torch.zeros(ids.shape, dtype=torch.bool)
    for row, sequence in enumerate(sequences):
        counts[row, sequence.first : sequence.tokens.last] = True
        for position, vector in sequence.patches.items():
            embeddings[row, position] = vector.to(embeddings)
    return Batch(ids.to(table.device), embeddings, counts.to(table.device))


def kept_concepts(doc: JobInput) -> tuple[KeptConcept, ...]:
    """Return the retain set: what any erasure of the release preserves, without what the release erases.

    The parent's erasures count too: a chain must not forget what its first member had to spare. A holdout
    concept never enters, even where a list names it: figures on it would prove nothing.
    """
    gone = {name.lower() for name in erased_names(doc)}
    gone |= {concept.name.lower() for concept in doc.holdout}
    found: dict[str, KeptConcept] = {}
    for erasure in (*doc.adds, *doc.holds):
        for kept in erasure.preserve:
            if kept.name.lower() not in gone:
                found.setdefault(kept.name.lower(), KeptConcept(name=kept.name, kind=kept.kind))
    return tuple(found.values())


def retain_prompts(
    doc: JobInput,
    templates: Templates,
    kept: Iterable[KeptConcept],
    anchors: Iterable[tuple[str, ConceptKind]],
) -> tuple[Prompt, ...]:
    """Return the prompts that must act as before: the kept concepts', the anchors', and those of nobody.

    A style's templates have subjects of their own ("a cat in {} style"): a prompt that mentions an erased
    name is left out, or the method would be asked to keep what it erases. The empty prompt is in: it is
    one half of classifier-free guidance for every image.
    """
    kept = tuple(kept)
    gone = erased_names(doc)
    anchors = tuple(anchors)
    share = max(4, MOST_PROMPTS // max(1, len(kept) + len(anchors)))
    worded = {kind: wordings(templates, kind, kept) for kind in templates.kinds}
    prompts = [Prompt("", "", "")]
    for name, kind in (*((k.name, k.kind) for k in kept), *anchors):
        prompts += [fill(template, name, kind) for template in worded[kind][:share]]
    for kind in templates.kinds:
        training = worded[kind]
        prompts += [without_style(t) for t in training] if kind is ConceptKind.STYLE else []
        for index, name in enumerate(GENERIC[kind]):
            prompts += [fill(template, name, kind) for template in training[index :: len(GENERIC[kind])]]
    unique = {prompt.text: prompt for prompt in prompts if not mentions(prompt.text, gone)}
    return tuple(unique.values())


def held_prompts(doc: JobInput, templates: Templates) -> tuple[Prompt, ...]:
    """Return prompts of the erasures that the parent has: they must act as they do there, erased."""
    return tuple(
        fill(template, name, erasure.concept.kind)
        for erasure in doc.holds
        for name in names(erasure.concept)
        for template in wordings(templates, erasure.concept.kind, kept_concepts(doc))
    )


def as_sequences(tokenizer: PreTrainedTokenizerBase, prompts: Iterable[Prompt]) -> list[Reading]:
    """Tokenise prompts; all their rows count."""
    return [as_reading(tokenizer, prompt) for prompt in prompts]


def as_reading(tokenizer: PreTrainedTokenizerBase, prompt: Prompt, soft: Vectors = ()) -> Reading:
    """Tokenise a prompt, with vectors in place of the phrase's tokens; all its rows count."""
    tokens = tokenise(tokenizer, prompt)
    places = range(tokens.start, tokens.stop)
    return Reading(tokens, {at: torch.tensor(vector) for at, vector in zip(places, soft, strict=False)})
