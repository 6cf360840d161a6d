"""The inner search: phrases that an edited encoder still reads as the concept, cut to what matters.

Soft tokens too, where they are asked for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from torch import nn

from unlearn_job.attacks.search import search
from unlearn_job.attacks.words import Place, WordSearch
from unlearn_job.erasing import Erasing, Pair
from unlearn_job.methods.robust.config import Config
from unlearn_job.methods.robust.effort import budget
from unlearn_job.methods.robust.found import Found
from unlearn_job.methods.robust.soft import soft_tokens
from unlearn_job.methods.robust.worded import Worded
from unlearn_job.nearness import Nearness, nearest
from unlearn_job.prompts import SLOT, Prompt
from unlearn_job.retain import as_reading
from unlearn_job.seeds import seed_for

SEARCHES: Final = (
    WordSearch(whole=False),
    WordSearch(whole=True),
    WordSearch(place=Place.BEFORE),
    WordSearch(place=Place.BEHIND),
)
"""Real words everywhere; the whole vocabulary in place of the name alone, as each search costs the same."""


@dataclass(frozen=True)
class Searching:
    """What the searches of one erasure in the encoder need.

    Attributes
    ----------
    worded: wordings of the erasure; names of what it preserves are never searched.
    start: the parent's encoder, which knows the concept.
    nearness: decides what counts as found.
    settings: how much is searched.

    """

    worded: Worded
    start: nn.Module
    nearness: Nearness
    settings: Config

    def found(self, encoder: nn.Module, seed: int) -> Found:
        """Search everywhere with one seed for prompts that an edited encoder reads as the concept."""
        total = Found()
        for attack in SEARCHES:
            total += self._found(encoder, attack, seed_for(seed, attack.name))
        return total

    def soft(self, encoder: nn.Module, seed: int) -> Found:
        """Train soft tokens in the encoder, and put those that bring the concept back into wordings."""
        if self.settings.soft != "encoder":
            return Found()
        worded = self.worded.phrase(self._erasing.erasure.concept.name, self.settings.wordings)
        prompts = [pair.own for pair in worded]
        trained = soft_tokens(encoder, self.start, self.worded.tokenizer, prompts, seed)
        return self._softly(
            encoder, [dataclasses.replace(pair, soft=vectors) for vectors in trained for pair in worded]
        )

    def _softly(self, encoder: nn.Module, pairs: Sequence[Pair]) -> Found:
        """Keep what the edited encoder reads as the concept, parted by whether the parent does."""
        tokenizer = self.worded.tokenizer
        readings = [as_reading(tokenizer, pair.own, pair.soft) for pair in pairs]
        now, before = (
            (nearest(e, tokenizer, readings, [self.nearness]) < float(self.settings.nearness)).tolist()
            for e in (encoder, self.start)
        )
        hits = [(pair, known) for pair, hit, known in zip(pairs, now, before, strict=True) if hit]
        return Found(
            goes=tuple(pair for pair, known in hits if known),
            opened=tuple(pair for pair, known in hits if not known),
        )

    def _found(self, encoder: nn.Module, attack: WordSearch, seed: int) -> Found:
        settings, worded = self.settings, self.worded
        attack = dataclasses.replace(attack, spared=worded.kept)
        space = attack.space(worded.tokenizer, worded.templates, self._erasing.erasure.concept, self._spoken)
        best = search(
            space,
            lambda prompts: self.nearness.of(encoder, prompts),
            budget(settings, settings.found),
            seed,
            settings.longest,
        )
        hits = [c.prompt for c in best if c.score < float(settings.nearness)]
        if attack.place is not Place.INSTEAD:
            return Found(tuple(map(worded.alone, hits)))
        phrases = dict.fromkeys(
            phrase for prompt in hits for phrase in (prompt.phrase, self._core(encoder, prompt.phrase))
        )
        return self._parted([pair for phrase in phrases for pair in worded.phrase(phrase, settings.wordings)])

    def _parted(self, pairs: Sequence[Pair]) -> Found:
        """Part what the parent reads as the concept from what the edit opened."""
        ratios = self.nearness.of(self.start, [pair.own for pair in pairs]).tolist()
        return Found.parted(pairs, [ratio < float(self.settings.nearness) for ratio in ratios])

    def _core(self, encoder: nn.Module, phrase: str) -> str:
        """Drop words as long as the rest is still the concept: "comet ace" leaves "comet"."""
        while shorter := self.worded.shorter(phrase):
            ratios = self.nearness.of(encoder, [Prompt("", text, "") for text in shorter]).tolist()
            ratio, rest = min(zip(ratios, shorter, strict=True))
            if ratio >= float(self.settings.nearness):
                break
            phrase = rest
        return phrase

    @property
    def _erasing(self) -> Erasing:
        return self.worded.erasing

    @property
    def _spoken(self) -> tuple[str, ...]:
        """Texts whose words count as real ones."""
        texts = (*self.worded.templates, *self._erasing.names, *self.worded.kept)
        return tuple(text.replace(SLOT, "") for text in texts)
