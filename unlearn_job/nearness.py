"""Decide in the encoder whether a prompt still gives the concept: nearer to it than to all that stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from unlearn_job.attacks.screen import BATCH, Read, distance, encoded, encoded_readings, references, typed
from unlearn_job.attacks.words import reference_prompts, some_of
from unlearn_job.contract.concept import ConceptKind
from unlearn_job.erasing import Erasing
from unlearn_job.judges.judge import same_axis
from unlearn_job.methods.replay import Prefix
from unlearn_job.prompts import GENERIC, SLOT, Prompt, fill
from unlearn_job.retain import Reading

FRAMES: Final = 3
"""Prompts of each concept that stays."""


NEAR: Final = 0.8
"""Ratio below which a prompt counts as one of the concept, where no parameter says another."""


class Nearness:
    """Ratio of two distances: to the concept, and to the nearest of all that stays.

    Below one a prompt is nearer to the erased concept than to any kept concept, anchor or nameless
    subject, and nearer than the nearest of those is to the concept itself; without the second half a
    prompt far from everything would count. A ratio needs no scale, so the same threshold serves encoders
    of any size. Measured on the
    testbed against the judge, edited encoder, random prompts around "captain comet": below 1 lie 88 % of
    the prompts that draw him, and 65 % of those below draw him.

    Parameters
    ----------
    start
        Encoder that knows the concept.
    tokenizer
        Its own.
    erasing
        The concept, with its prompts, its anchor and what is preserved beside it.

    """

    def __init__(self, start: nn.Module, tokenizer: PreTrainedTokenizerBase, erasing: Erasing) -> None:
        self._tokenizer = tokenizer
        own = reference_prompts(templates_of(erasing), erasing.erasure.concept)
        self._own = references(start, tokenizer, own)
        self._rest = references(start, tokenizer, _what_stays(erasing))
        self._reach = float(distance(encoded(start, tokenizer, own), self._rest).min())

    def of(self, encoder: nn.Module, prompts: Sequence[Prompt]) -> Tensor:
        """Return the ratio of prompts as an encoder reads them, shape (N,), on the CPU."""
        return _by_length(
            [tokens.end for tokens in typed(self._tokenizer, prompts)],
            lambda some: self.ratio(encoded(encoder, self._tokenizer, [prompts[i] for i in some])),
        )

    def ratio(self, found: Read) -> Tensor:
        """Return the ratio of what a pipeline reads of N prompts, shape (N,), on the CPU."""
        rest = distance(found, self._rest).clamp(1e-12, max(self._reach, 1e-12))
        return (distance(found, self._own) / rest).cpu()


def nearest(
    encoder: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    readings: Sequence[Reading],
    concepts: Sequence[Nearness],
    prefix: Prefix | None = None,
) -> Tensor:
    """Return the ratio of readings to the concept nearest to each, shape (N,), on the CPU.

    What leaves the first layers on the way is kept in `prefix`, for those who need these states later.
    """

    def ratio(some: Sequence[int]) -> Tensor:
        found = encoded_readings(encoder, tokenizer, [readings[i] for i in some], prefix)
        return torch.stack([concept.ratio(found) for concept in concepts]).amin(0)

    return _by_length([reading.tokens.end for reading in readings], ratio)


def _by_length(lengths: Sequence[int], ratio: Callable[[Sequence[int]], Tensor]) -> Tensor:
    """Ask for the ratios of a batch at a time, shortest first: a batch is as long as its longest prompt."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    found = torch.empty(len(order))
    for at in range(0, len(order), BATCH):
        some = order[at : at + BATCH]
        found[some] = ratio(some)
    return found


def templates_of(erasing: Erasing) -> tuple[str, ...]:
    """Return the surroundings of the concept's training prompts as templates, plain ones first."""
    name = erasing.erasure.concept.name
    prompts = (*erasing.plain, *(pair.own for pair in erasing.pairs if pair.own.phrase == name))
    found = dict.fromkeys(f"{p.before} {SLOT} {p.after}".strip() for p in prompts)
    return tuple(found) or (SLOT,)


def _what_stays(erasing: Erasing) -> list[Prompt]:
    """Return prompts of kept concepts that exclude the erased one in a picture, and of nobody."""
    kind = erasing.erasure.concept.kind
    templates = some_of(templates_of(erasing), FRAMES)
    kept = [k for k in erasing.erasure.kept if same_axis(k.kind, kind)]
    prompts = [fill(t, k.name, k.kind) for k in kept for t in templates]
    generic = GENERIC[kind] if kind is not ConceptKind.STYLE else ()
    prompts += [fill(t, name, kind) for name in generic for t in templates]
    step = max(1, len(erasing.pairs) // (2 * FRAMES))
    prompts += [pair.anchor for pair in erasing.pairs[::step]]
    return list({prompt.text: prompt for prompt in prompts}.values())
