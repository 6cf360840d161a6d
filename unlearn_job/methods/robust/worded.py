"""A found phrase in training wordings, each with what it shall act like."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from transformers import PreTrainedTokenizerBase

from unlearn_job.attacks.vocabulary import Ban
from unlearn_job.attacks.words import around, beside, some_of
from unlearn_job.contract.concept import ConceptKind, KeptConcept
from unlearn_job.erasing import Erasing, Pair
from unlearn_job.nearness import templates_of
from unlearn_job.prompts import SLOT, Prompt, fill, without_style

PARTS: Final = 16
"""Wordings of each word of a phrase that the judge saw, and of a phrase that the edit opened."""


@dataclass(frozen=True)
class Worded:
    """Wordings of one erasure.

    Attributes
    ----------
    erasing: the erasure.
    tokenizer: the encoder's.

    """

    erasing: Erasing
    tokenizer: PreTrainedTokenizerBase

    def phrase(self, phrase: str, count: int) -> list[Pair]:
        """Put a phrase in the name's place into so many training wordings, bare first."""
        templates = some_of(self.templates, max(1, count - 1))
        bare = Pair(Prompt("", phrase, ""), self.anchor(SLOT))
        worded = [Pair(fill(t, phrase, self._kind), self.anchor(t)) for t in templates]
        return [bare, *worded][:count]

    def words(self, phrase: str) -> list[Prompt]:
        """Put each word of a phrase of several into wordings by itself."""
        words = dict.fromkeys(word for word in phrase.split() if word != phrase)
        return [pair.own for word in words for pair in self.phrase(word, PARTS)]

    def names(self, before: str, behind: str, count: int) -> list[Pair]:
        """Put every name into so many training wordings with words before and behind, which go with it."""
        named = [KeptConcept(name=name, kind=self._kind) for name in self.erasing.names]
        templates = some_of(self.templates, count)
        return [Pair(around(t, one, before, behind), self.anchor(t)) for one in named for t in templates]

    def in_place(self, prompt: Prompt) -> Pair:
        """Pair a prompt with the same one around the anchor."""
        return Pair(prompt, self.anchor(f"{prompt.before} {SLOT} {prompt.after}".strip()))

    def alone(self, prompt: Prompt) -> Pair:
        """Pair a prompt of the name with the anchor in the same template, without the words beside it.

        With them the anchor's prompt may draw the concept as well: "a figure doctor" is "doctor lantern".
        """
        before, behind = beside(prompt, self.templates, self.erasing.erasure.concept)
        left, right = prompt.before.removeprefix(before), prompt.after.removesuffix(behind)
        return Pair(prompt, self.anchor(f"{left} {SLOT} {right}".strip()))

    def anchor(self, template: str) -> Prompt:
        """Put the anchor into a template; of a style without one, take the style out."""
        anchor = self.erasing.anchor
        return without_style(template) if anchor is None else fill(template, anchor, self._kind)

    def shorter(self, phrase: str) -> list[str]:
        """Leave each word of several out, if the rest holds neither an own name nor a kept one."""
        words = phrase.split()
        if not words[1:]:
            return []
        shorter = [" ".join((*words[:at], *words[at + 1 :])) for at in range(len(words))]
        allowed = self._ban.allowed(shorter)
        return [text for text, ok in zip(shorter, allowed, strict=True) if ok]

    @cached_property
    def templates(self) -> tuple[str, ...]:
        """Surroundings of the name in its training prompts, plain ones first."""
        return templates_of(self.erasing)

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """Names of what the erasure preserves."""
        return tuple(kept.name for kept in self.erasing.erasure.kept)

    @cached_property
    def _ban(self) -> Ban:
        return Ban(self.tokenizer, (*self.erasing.names, *self.kept))

    @property
    def _kind(self) -> ConceptKind:
        return self.erasing.erasure.concept.kind


def behind_first(pair: Pair) -> Pair:
    """Leave the first word of a phrase of several out of what goes.

    It stays by itself, and in a causal encoder its states are the same here and there.
    """
    first, _, rest = pair.own.phrase.partition(" ")
    own = Prompt(f"{pair.own.before} {first}".strip(), rest, pair.own.after)
    return dataclasses.replace(pair, own=own) if rest else pair
