"""What an erasure changes: every prompt of the concept, with the prompt that it shall act like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from unlearn_job.contract.concept import ConceptKind, Erasure, KeptConcept
from unlearn_job.contract.document import JobInput
from unlearn_job.methods.states import hidden_states
from unlearn_job.methods.tokens import stack, tokenise
from unlearn_job.prompts import GENERIC, Prompt, Templates, fill, mentions, names, without_style
from unlearn_job.wordings import wordings

Vectors = tuple[tuple[float, ...], ...]
"""Token embeddings, one after the other; none is the words' own."""


@dataclass(frozen=True)
class Pair:
    """A prompt of the concept and the one that it shall act like.

    Attributes
    ----------
    own: of the concept.
    anchor: what it shall act like.
    soft: embeddings in place of those of the phrase's tokens in `own`.

    """

    own: Prompt
    anchor: Prompt
    soft: Vectors = ()


@dataclass(frozen=True)
class Erasing:
    """One erasure, ready for a method.

    Attributes
    ----------
    erasure: as the document has it.
    anchor: phrase that the concept turns into; None where a style turns into no style.
    pairs: training prompts of the name and of each alias.
    plain: the name alone in the document's own training templates.
    varied: what people write around the names and instead of them (`unlearn_job.variations`).

    """

    erasure: Erasure
    anchor: str | None
    pairs: tuple[Pair, ...]
    plain: tuple[Prompt, ...] = ()
    varied: tuple[Pair, ...] = ()

    @property
    def training(self) -> tuple[Pair, ...]:
        """All pairs that methods train on."""
        return (*self.pairs, *self.varied)

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return names(self.erasure.concept)

    @property
    def phrases(self) -> tuple[str, ...]:
        """Phrases that are no names and go with them, as the encoder reads them like the concept."""
        found = dict.fromkeys(pair.own.phrase for pair in self.varied)
        return tuple(phrase for phrase in found if phrase not in self.names)


def erased_names(doc: JobInput) -> tuple[str, ...]:
    """Return all names and aliases that the release erases, the parent's included."""
    return tuple(name for erasure in (*doc.adds, *doc.holds) for name in names(erasure.concept))


def erasings(
    doc: JobInput,
    templates: Templates,
    encoder: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    kept: Sequence[KeptConcept],
) -> tuple[Erasing, ...]:
    """Choose anchors and pair prompts for everything that the document adds.

    Parameters
    ----------
    doc, templates
        The document and its templates.
    encoder, tokenizer
        To find the nearest kept concept where an erasure names no anchor.
    kept
        The retain set, free of erased names.

    """
    gone = erased_names(doc)
    found = []
    for erasure in doc.adds:
        anchor = anchor_of(erasure, kept, gone, templates, encoder=encoder, tokenizer=tokenizer)
        kind = erasure.concept.kind
        pairs = tuple(
            Pair(fill(template, name, kind), _anchored(template, anchor, kind))
            for name in names(erasure.concept)
            for template in usable(wordings(templates, kind, kept), gone)
        )
        own = usable(templates.training(kind), gone)
        plain = tuple(fill(template, erasure.concept.name, kind) for template in own)
        found.append(Erasing(erasure, anchor, pairs, plain))
    return tuple(found)


def usable(templates: Sequence[str], gone: Sequence[str]) -> tuple[str, ...]:
    """Leave out templates that mention an erased name ("a cat in {} style"), unless that leaves none.

    Their anchor prompts would keep what another erasure of the release takes away.
    """
    return tuple(t for t in templates if not mentions(t, gone)) or tuple(templates)


def _anchored(template: str, anchor: str | None, kind: ConceptKind) -> Prompt:
    return without_style(template) if anchor is None else fill(template, anchor, kind)


def anchor_of(
    erasure: Erasure,
    kept: Sequence[KeptConcept],
    gone: Sequence[str],
    templates: Templates,
    *,
    encoder: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
) -> str | None:
    """Choose the phrase that the concept turns into; None is "nothing", for a style.

    The document's anchor wins. Without one: the kept concept of the same kind whose hidden states lie
    nearest; without such, a generic subject. A style without an anchor turns into no style.
    """
    concept = erasure.concept
    if concept.anchor:
        return concept.anchor
    if concept.kind is ConceptKind.STYLE:
        return None
    candidates = [k.name for k in kept if k.kind is concept.kind and not mentions(k.name, gone)]
    if not candidates:
        return GENERIC[concept.kind][0]
    return nearest_first(concept, candidates, templates, encoder=encoder, tokenizer=tokenizer)[0]


def nearest_first(
    concept: KeptConcept,
    others: Sequence[str],
    templates: Templates,
    *,
    encoder: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
) -> list[str]:
    """Sort names of the concept's kind by the distance of their hidden states to its own, nearest first."""
    template = templates.training(concept.kind)[0]
    prompts = [fill(template, name, concept.kind) for name in (concept.name, *others)]
    states = phrase_states(encoder, tokenizer, prompts)
    distances = torch.linalg.vector_norm(states[1:] - states[:1], dim=1)
    return [others[int(i)] for i in distances.argsort(stable=True)]


@torch.no_grad()
def phrase_states(
    encoder: nn.Module, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Prompt]
) -> Tensor:
    """Return the hidden state at the last token of each prompt's phrase, shape (N, D), float32."""
    tokens = [tokenise(tokenizer, prompt) for prompt in prompts]
    device = next(encoder.parameters()).device
    states = hidden_states(encoder, stack(tokens).to(device))
    last = torch.tensor([max(t.stop - 1, 0) for t in tokens], device=device)
    return states[torch.arange(len(tokens), device=device), last].float()
