"""What people write around a name and instead of it: more prompts that must go.

Templates put a name into tidy sentences. Measured on the testbed, an edit that is only told of those leaves
"a house peter", "ghost captain kitty" and "berg yellow anna": words beside the name move its states out of
what was solved for. So a method is also told of the name with other words beside it, and of phrases near
the name (misspelt, its words in another order or with others between them) wherever the parent's encoder
reads them like the concept. Those that it does not read so are hard negatives (`unlearn_job.negatives`).
And of phrases of other words that it reads so, which nobody would call a name: a search finds them as an
attacker's would.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from typing import Final

import structlog
from torch import nn
from transformers import PreTrainedTokenizerBase

from unlearn_job.attacks.protocol import Budget
from unlearn_job.attacks.search import search
from unlearn_job.attacks.vocabulary import Ban
from unlearn_job.attacks.words import WordSearch
from unlearn_job.erasing import Erasing, Pair
from unlearn_job.nearness import NEAR, Nearness, templates_of
from unlearn_job.prompts import Prompt
from unlearn_job.seeds import seed_for
from unlearn_job.slips import slips

log = structlog.get_logger()

BESIDE: Final = 96
"""Prompts of each name with other words beside it."""
INSTEAD: Final = 192
"""Phrases near each name that the encoder is asked about."""
ALONE: Final = 48
"""Prompts of each word that is erased where it stands alone."""
UNNAMED: Final = Budget(screened=384, rounds=2, beam=6, proposals=16, judged=32)
"""What the search for phrases that name nobody may spend; `judged` is how many of them count."""
PHRASED: Final = 4
"""Prompts of each of those."""
MOST_WORDS: Final = 3
"""Other words beside or within a name."""


class Variations:
    """Adds prompts to erasures; the same for the same seed.

    Parameters
    ----------
    start, tokenizer
        The parent's encoder, which knows the concept, and its tokenizer.
    words
        Words to mix in.
    taken
        Names that no phrase may hold: what is preserved.
    seed
        In [0, 2**31).

    """

    def __init__(
        self,
        start: nn.Module,
        tokenizer: PreTrainedTokenizerBase,
        *,
        words: Sequence[str],
        taken: Sequence[str],
        seed: int,
    ) -> None:
        self._start = start
        self._tokenizer = tokenizer
        self._words = tuple(words)
        self._taken = tuple(taken)
        self._ban = Ban(tokenizer, taken)
        self._seed = seed
        self._choice = random.Random(seed)  # noqa: S311 - training data, not secrets

    def widened(self, erasing: Erasing, nearness: Nearness, alone: Sequence[str] = ()) -> Erasing:
        """Return the erasure with more prompts that must go.

        Parameters
        ----------
        erasing
            The erasure with its names in templates.
        nearness
            Of its concept.
        alone
            Words that draw the concept where they stand alone.

        """
        # Of its own, so that what is erased beside it changes nothing.
        self._choice.seed(seed_for(self._seed, erasing.erasure.digest))
        found: dict[str, Pair] = {}
        for name in erasing.names:
            own = [pair for pair in erasing.pairs if pair.own.phrase == name]
            if own and self._words:
                beside = [self._beside(self._choice.choice(own)) for _ in range(BESIDE)]
                found |= {pair.own.text: pair for pair in beside}
            if own:
                found |= {pair.own.text: pair for pair in self._instead(name, own, nearness)}
        for word in alone:
            some = self._choice.sample(erasing.pairs, min(ALONE, len(erasing.pairs)))
            pairs = [Pair(dataclasses.replace(pair.own, phrase=word), pair.anchor) for pair in some]
            found |= {pair.own.text: pair for pair in pairs}
        found |= {pair.own.text: pair for pair in self._unnamed(erasing, nearness)}
        known = {pair.own.text for pair in erasing.pairs}
        new = [pair for text, pair in found.items() if text not in known]
        free = self._ban.allowed([pair.own.text for pair in new])
        more = tuple(pair for pair, ok in zip(new, free, strict=True) if ok)
        wider = dataclasses.replace(erasing, varied=more)
        if wider.phrases:
            name, told = erasing.erasure.concept.name, " | ".join(wider.phrases)
            log.info("phrases read like an erased concept go with it", concept=name, phrases=told)
        return wider

    def _beside(self, pair: Pair) -> Pair:
        """Put the same words before a prompt, right behind the name, or behind the prompt, on both sides."""
        words = " ".join(self._some_words(1))
        place = self._choice.choice(("before", "next", "behind"))

        def put(prompt: Prompt) -> Prompt:
            before, after = prompt.before, prompt.after
            if place == "before":
                return Prompt(f"{words} {before}".strip(), prompt.phrase, after)
            return Prompt(
                before,
                prompt.phrase,
                f"{words} {after}".strip() if place == "next" else f"{after} {words}".strip(),
            )

        return Pair(put(pair.own), put(pair.anchor))

    def _instead(self, name: str, own: Sequence[Pair], nearness: Nearness) -> list[Pair]:
        """Put phrases near the name in its place, and keep those that the encoder takes for it."""
        phrases = list(dict.fromkeys(self._near(name) for _ in range(INSTEAD)))
        pairs = []
        for phrase in phrases:
            pair = self._choice.choice(own)
            pairs.append(Pair(dataclasses.replace(pair.own, phrase=phrase), pair.anchor))
        return self._read_like_it(pairs, nearness)

    def _unnamed(self, erasing: Erasing, nearness: Nearness) -> list[Pair]:
        """Put phrases of other words in a name's place, where the encoder takes them for the concept."""
        concept, spoken = erasing.erasure.concept, (*erasing.names, *self._words)
        words = WordSearch(spared=self._taken)
        space = words.space(self._tokenizer, templates_of(erasing), concept, spoken)
        seed = seed_for(self._seed, erasing.erasure.digest, "unnamed")
        best = search(space, lambda prompts: nearness.of(self._start, prompts), UNNAMED, seed)
        phrases = dict.fromkeys(found.prompt.phrase for found in best if found.score < NEAR)
        pairs = [
            Pair(dataclasses.replace(pair.own, phrase=phrase), pair.anchor)
            for phrase in phrases
            for pair in self._choice.sample(erasing.pairs, min(PHRASED, len(erasing.pairs)))
        ]
        return self._read_like_it(pairs, nearness)

    def _read_like_it(self, pairs: Sequence[Pair], nearness: Nearness) -> list[Pair]:
        """Leave out what the encoder does not take for the concept."""
        ratios = nearness.of(self._start, [pair.own for pair in pairs]).tolist()
        return [pair for pair, ratio in zip(pairs, ratios, strict=True) if ratio < NEAR]

    def _near(self, name: str) -> str:
        words = name.split()
        if len(words) == 1 or self._choice.random() < 0.5:
            phrase = name
            for _ in range(self._choice.randint(1, 2)):
                phrase = self._choice.choice([text for text in slips(phrase) if text.strip()] or [phrase])
            return " ".join(phrase.split())
        self._choice.shuffle(words)
        for word in self._some_words(0):
            words.insert(self._choice.randint(0, len(words)), word)
        return " ".join(words)

    def _some_words(self, least: int) -> list[str]:
        count = self._choice.randint(least, MOST_WORDS) if self._words else 0
        return self._choice.choices(self._words, k=count) if count else []
