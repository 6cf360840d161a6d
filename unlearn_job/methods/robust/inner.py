"""The inner search: phrases that an edited encoder still reads as the concept, cut to what matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from torch import nn
from transformers import PreTrainedTokenizerBase

from unlearn_job.attacks.protocol import Budget
from unlearn_job.attacks.search import search
from unlearn_job.attacks.vocabulary import Ban
from unlearn_job.attacks.words import Place, WordSearch, some_of
from unlearn_job.contract.concept import ConceptKind
from unlearn_job.erasing import Erasing, Pair
from unlearn_job.methods.robust.config import Config
from unlearn_job.methods.robust.nearness import Nearness, templates_of
from unlearn_job.prompts import SLOT, Prompt, fill, names, without_style
from unlearn_job.seeds import seed_for

BEAM: Final = 8
"""Phrases that a greedy step goes on from."""
PROPOSALS: Final = 24
"""Changes of each."""


@dataclass(frozen=True)
class Searching:
    """What the searches of one erasure need.

    Attributes
    ----------
    erasing: the erasure; names of what it preserves are never searched.
    nearness: decides what counts as found.
    tokenizer: the encoder's.
    settings: how much is searched.

    """

    erasing: Erasing
    nearness: Nearness
    tokenizer: PreTrainedTokenizerBase
    settings: Config

    def found(self, encoder: nn.Module, seed: int) -> tuple[Pair, ...]:
        """Search everywhere with one seed; return prompts that are still the concept, with their anchors."""
        pairs: dict[str, Pair] = {}
        for place in Place:
            for whole in (False, True):
                for pair in self._found(
                    encoder, WordSearch(whole, place), seed_for(seed, place.value, int(whole))
                ):
                    pairs.setdefault(pair.own.text, pair)
        return tuple(pairs.values())

    def _found(self, encoder: nn.Module, attack: WordSearch, seed: int) -> list[Pair]:
        settings, concept = self.settings, self.erasing.erasure.concept
        kept = tuple(k.name for k in self.erasing.erasure.preserve)
        spoken = (*templates_of(self.erasing), *self.erasing.names, *kept)
        spoken = tuple(text.replace(SLOT, "") for text in spoken)
        space = attack.space(self.tokenizer, templates_of(self.erasing), concept, spoken, kept)
        budget = Budget(
            screened=settings.candidates,
            rounds=settings.greedy,
            beam=BEAM,
            proposals=PROPOSALS,
            judged=settings.found,
        )
        limit = float(settings.nearness)
        best = search(
            space, lambda prompts: self.nearness.of(encoder, prompts), budget, seed, settings.longest
        )
        hits = [c.prompt for c in best if c.score < limit]
        if attack.place is not Place.INSTEAD:
            return [self._named(prompt) for prompt in hits]
        phrases = dict.fromkeys(
            phrase for prompt in hits for phrase in (prompt.phrase, self._core(encoder, prompt.phrase, kept))
        )
        return [pair for phrase in phrases for pair in self._worded(phrase)]

    def _core(self, encoder: nn.Module, phrase: str, kept: Sequence[str]) -> str:
        """Drop words as long as the rest is still the concept: "comet ace" leaves "comet"."""
        words, ban = phrase.split(), Ban(self.tokenizer, (*names(self.erasing.erasure.concept), *kept))
        while len(words) > 1:
            shorter = [" ".join((*words[:at], *words[at + 1 :])) for at in range(len(words))]
            ratios = self.nearness.of(encoder, [Prompt("", text, "") for text in shorter]).tolist()
            allowed = ban.allowed(shorter)
            options = [(r, t) for r, t, ok in zip(ratios, shorter, allowed, strict=True) if ok]
            if not options or min(options)[0] >= float(self.settings.nearness):
                break
            words = min(options)[1].split()
        return " ".join(words)

    def _worded(self, phrase: str) -> list[Pair]:
        """Put a phrase into training wordings, bare first, each with what it shall act like."""
        kind = self.erasing.erasure.concept.kind
        templates = some_of(templates_of(self.erasing), max(1, self.settings.wordings - 1))
        bare = Pair(Prompt("", phrase, ""), self._anchored(SLOT))
        worded = [Pair(fill(t, phrase, kind), self._anchored(t)) for t in templates]
        return [bare, *worded][: self.settings.wordings]

    def _named(self, prompt: Prompt) -> Pair:
        """Pair a prompt that names the concept with the same one around the anchor."""
        return Pair(prompt, self._anchored(f"{prompt.before} {SLOT} {prompt.after}".strip()))

    def _anchored(self, template: str) -> Prompt:
        kind, anchor = self.erasing.erasure.concept.kind, self.erasing.anchor
        if anchor is None or kind is ConceptKind.STYLE:
            return without_style(template) if anchor is None else fill(template, anchor, kind)
        return fill(template, anchor, kind)
