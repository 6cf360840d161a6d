"""A discrete search for phrases with a small score: singles, random phrases, then greedy rounds.

No gradient: a score may be a distance in the encoder or anything else. Every piece is first scored alone;
later phrases take half of their pieces from the best of those, and half from all.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from torch import Tensor

from unlearn_job.attacks.protocol import Budget, Candidate
from unlearn_job.attacks.vocabulary import Ban, Pieces
from unlearn_job.prompts import Prompt

Score = Callable[[Sequence[Prompt]], Tensor]
"""Prompts to scores, shape (N,); smaller is better."""
Frame = Callable[[str, int], Prompt]
"""Puts a phrase into one of several surroundings, chosen by a number."""
Phrase = tuple[tuple[int, ...], int]
"""Pieces, and the number of the surroundings."""

LONGEST: Final = 5
"""Pieces of a phrase."""
PROMISING: Final = 48
"""Best single pieces that half of all draws come from."""
ALIKE: Final = 0.5
"""Share of common words from which on two candidates are the same idea."""


@dataclass(frozen=True)
class Space:
    """Where to search.

    Attributes
    ----------
    pieces: what phrases are made of.
    frame: puts a phrase into a prompt.
    frames: how many surroundings there are.
    ban: texts that do not count.
    bans_prompt: whether the whole prompt is looked at, or the phrase alone.
    spares: names that no phrase may hold; what surrounds it may.

    """

    pieces: Pieces
    frame: Frame
    frames: int
    ban: Ban
    bans_prompt: bool = True
    spares: Ban | None = None


def search(space: Space, score: Score, budget: Budget, seed: int, longest: int = LONGEST) -> list[Candidate]:
    """Return the best phrases in their prompts, spread over different ideas, best first.

    Parameters
    ----------
    space, score
        Where, and for what.
    budget
        `screened`, `rounds`, `beam`, `proposals` and `judged` are used.
    seed
        Decides all chance.
    longest
        Most pieces of a phrase.

    """
    hunt = _Hunt(space, score, random.Random(seed), longest)  # noqa: S311 - a search, not secrets
    hunt.singles(budget.screened // 2)
    hunt.score([hunt.drawn() for _ in range(budget.screened - len(hunt.seen))])
    for _ in range(budget.rounds):
        beam = hunt.best()[: budget.beam]
        hunt.score([hunt.changed(phrase) for phrase in beam for _ in range(budget.proposals)])
    found = [Candidate(hunt.prompts[phrase], hunt.seen[phrase]) for phrase in hunt.best()]
    return spread(found, budget.judged)


def spread(candidates: Sequence[Candidate], count: int) -> list[Candidate]:
    """Choose candidates that differ in their words, in order; fill up with the best of the rest."""
    chosen: list[Candidate] = []
    words: list[frozenset[str]] = []
    rest = []
    for candidate in candidates:
        own = frozenset(candidate.prompt.text.split())
        if len(chosen) < count and all(len(own & w) < ALIKE * len(own | w) for w in words):
            chosen.append(candidate)
            words.append(own)
        else:
            rest.append(candidate)
    return sorted((*chosen, *rest[: count - len(chosen)]), key=lambda c: c.score)


class _Hunt:
    """Everything scored so far."""

    def __init__(self, space: Space, score: Score, choice: random.Random, longest: int) -> None:
        self._space = space
        self._score = score
        self._choice = choice
        self._longest = longest
        self._promising: list[int] = []
        self._texts: set[str] = set()
        self.seen: dict[Phrase, float] = {}
        self.prompts: dict[Phrase, Prompt] = {}

    def best(self) -> list[Phrase]:
        """Return all phrases, best first."""
        return sorted(self.seen, key=lambda phrase: self.seen[phrase])

    def singles(self, most: int) -> None:
        """Score pieces alone: all of them, or as many as the budget has."""
        pieces = range(len(self._space.pieces.texts))
        some = pieces if len(pieces) <= most else self._choice.sample(pieces, most)
        self.score([((piece,), self._choice.randrange(self._space.frames)) for piece in some])
        self._promising = [phrase[0][0] for phrase in self.best()[:PROMISING]]

    def drawn(self) -> Phrase:
        """Draw a phrase of any length."""
        length = self._choice.randint(1, self._longest)
        pieces = tuple(self._piece() for _ in range(length))
        return pieces, self._choice.randrange(self._space.frames)

    def changed(self, phrase: Phrase) -> Phrase:
        """Replace, insert, drop or swap a piece, or put the phrase elsewhere."""
        pieces, frame = list(phrase[0]), phrase[1]
        at = self._choice.randrange(len(pieces))
        change = self._choice.choice(("replace", "replace", "insert", "drop", "swap", "frame"))
        if change == "insert" and len(pieces) < self._longest:
            pieces.insert(self._choice.randint(0, len(pieces)), self._piece())
        elif change == "drop" and len(pieces) > 1:
            del pieces[at]
        elif change == "swap" and len(pieces) > 1:
            other = self._choice.randrange(len(pieces))
            pieces[at], pieces[other] = pieces[other], pieces[at]
        elif change == "frame" and self._space.frames > 1:
            frame = self._choice.randrange(self._space.frames)
        else:
            pieces[at] = self._piece()
        return tuple(pieces), frame

    def score(self, phrases: Sequence[Phrase]) -> None:
        """Score what is new, allowed and typed differently from all before."""
        new: dict[Phrase, Prompt] = {}
        looked_at, texts = [], []
        for phrase in phrases:
            text = self._space.pieces.join(phrase[0])
            prompt = self._space.frame(text, phrase[1])
            if text and phrase not in new and prompt.text not in self._texts:
                self._texts.add(prompt.text)
                new[phrase] = prompt
                looked_at.append(prompt.text if self._space.bans_prompt else text)
                texts.append(text)
        allowed = self._space.ban.allowed(looked_at)
        spared = self._space.spares.allowed(texts) if self._space.spares else allowed
        fresh = {phrase: new[phrase] for phrase, *ok in zip(new, allowed, spared, strict=True) if all(ok)}
        if fresh:
            scores = self._score(list(fresh.values())).tolist()
            self.seen |= dict(zip(fresh, scores, strict=True))
            self.prompts |= fresh

    def _piece(self) -> int:
        if self._promising and self._choice.random() < 0.5:
            return self._choice.choice(self._promising)
        return self._choice.randrange(len(self._space.pieces.texts))
