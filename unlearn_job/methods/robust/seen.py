"""What the judge sees in pictures: phrases that draw the concept though they read like nothing of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from unlearn_job.attacks.misspelling import Misspelling
from unlearn_job.attacks.paraphrase import Paraphrase
from unlearn_job.attacks.trial import Hit
from unlearn_job.attacks.words import Place, WordSearch, beside
from unlearn_job.contract.concept import ConceptKind
from unlearn_job.methods.robust.config import Config
from unlearn_job.methods.robust.effort import budget
from unlearn_job.methods.robust.found import Found
from unlearn_job.methods.robust.worded import PARTS, Worded, behind_first
from unlearn_job.methods.task import Shows, Task
from unlearn_job.prompts import Prompt
from unlearn_job.seeds import seed_for

WORDINGS: Final = 4
"""Times as many wordings of a phrase in place of the name: it may draw the concept in few of them."""
LOOKS: Final = 2
"""Images of what is left of it without a word, all of which must show the concept."""

LOOKED_AT: Final = (*(WordSearch(place=place).name for place in Place), Misspelling.name, Paraphrase.name)
"""Attacks of which each round draws the most promising prompts."""


@dataclass(frozen=True)
class Seeing:
    """Draws what searches for one erasure hold for promising, and keeps what the judge sees it in.

    Attributes
    ----------
    worded: wordings of the erasure; names of what it preserves are never searched.
    settings: how much is searched.

    """

    worded: Worded
    settings: Config

    def found(self, task: Task, seed: int) -> Found:
        """Draw what reads nearest to the concept, and return what the judge sees it in."""
        if not (task.look and task.shows and self.settings.judged):
            return Found()
        erasure, some = self.worded.erasing.erasure, budget(self.settings, self.settings.judged)
        instead, before, behind, misspelt, paraphrased = (
            task.look(name, task.encoder, erasure, some, seed_for(seed, "look")) for name in LOOKED_AT
        )
        found = self._instead(instead, task.shows, seed)
        found += self._beside(before) + self._beside(behind)
        return found + self._misspelt(misspelt) + self._paraphrased(paraphrased)

    def through_denoiser(self, task: Task, seed: int) -> Found:
        """Search prefixes by the denoiser's loss: all of them go, they stand before the name."""
        if self.settings.through == "encoder" or not task.look:
            return Found()
        some = budget(self.settings, max(1, self.settings.judged))
        hits = task.look("prefix", task.encoder, self.worded.erasing.erasure, some, seed)
        return Found(tuple(self.worded.alone(hit.prompt) for hit in hits))

    def soft(self, task: Task, seed: int) -> Found:
        """Train soft tokens through the denoiser, and put those that the judge sees into wordings."""
        if self.settings.soft != "denoiser" or not task.look:
            return Found()
        erasure, some = self.worded.erasing.erasure, budget(self.settings, max(1, self.settings.judged))
        worded = self.worded.phrase(erasure.concept.name, self.settings.wordings)
        found = Found()
        for hit in task.look("inversion", task.encoder, erasure, some, seed):
            reading = (hit.soft or {})[task.component]
            vectors = tuple(tuple(vector.tolist()) for vector in reading.patches.values())
            pairs = tuple(dataclasses.replace(pair, soft=vectors) for pair in worded)
            found += Found(opened=pairs) if hit.opened else Found(pairs)
        return found

    def _instead(self, hits: Sequence[Hit], shows: Shows, seed: int) -> Found:
        """Return phrases in place of the name in which the judge sees the concept.

        A phrase of several words goes, and each of its words stays by itself. Of a single word those wordings
        go in which the base draws the concept, and the others stay: "peter" is a ghost in "a yellow peter",
        and else a part of other names. So it is with a phrase that the edit opened.
        """
        known = [hit.prompt for hit in hits if not hit.opened]
        known = list(dict.fromkeys((*known, *self._cores(known, shows, seed))))
        opened = [hit.prompt for hit in hits if hit.opened]
        # In the very prompt that was drawn too: most wordings of a phrase may draw nothing of the concept.
        found = Found(tuple(behind_first(self.worded.in_place(prompt)) for prompt in known), tuple(opened))
        partly = {prompt.phrase: self.worded.phrase(prompt.phrase, PARTS) for prompt in opened}
        for phrase in dict.fromkeys(prompt.phrase for prompt in known):
            pairs = self.worded.phrase(phrase, WORDINGS * self.settings.wordings)
            if words := self.worded.words(phrase):
                found += Found(tuple(map(behind_first, pairs)), tuple(words))
            else:
                partly[phrase] = pairs
        for phrase, pairs in partly.items():
            prompts = [pair.own for pair in pairs]
            shown = shows(self.worded.erasing.erasure, prompts, seed_for(seed, "shows", phrase))
            parted = Found.parted(pairs, shown)
            found += Found(tuple(map(behind_first, parted.goes)), parted.stays)
        return found

    def _cores(self, prompts: Sequence[Prompt], shows: Shows, seed: int) -> list[Prompt]:
        """Drop words as long as the base draws the concept for the rest, in the very prompt."""
        erasure, longer, cores = self.worded.erasing.erasure, list(prompts), []
        while longer:
            shorter = [
                [dataclasses.replace(prompt, phrase=phrase) for phrase in self.worded.shorter(prompt.phrase)]
                for prompt in longer
            ]
            asked = list(dict.fromkeys(prompt for some in shorter for prompt in some))
            looks = [shows(erasure, asked, seed_for(seed, "core", look)) for look in range(LOOKS)]
            drawn = {prompt for prompt, *seen in zip(asked, *looks, strict=True) if all(seen)}
            left = [next((prompt for prompt in some if prompt in drawn), None) for some in shorter]
            cores += [prompt for prompt, rest in zip(longer, left, strict=True) if rest is None]
            longer = list(dict.fromkeys(rest for rest in left if rest))
        return cores

    def _beside(self, hits: Sequence[Hit]) -> Found:
        """Return prompts with words beside the name in which the judge sees the concept: all of them go.

        They draw it where the encoder reads them far from the name: with five words before it a quarter of
        the distance is left, which the screen passes over and the denoiser does not.
        """
        concept, templates = self.worded.erasing.erasure.concept, self.worded.templates
        found = Found(tuple(self.worded.alone(hit.prompt) for hit in hits))
        for before, behind in dict.fromkeys(beside(hit.prompt, templates, concept) for hit in hits):
            found += Found(tuple(self.worded.names(before, behind, self.settings.wordings)))
        return found

    def _misspelt(self, hits: Sequence[Hit]) -> Found:
        """Return misspelt names in which the judge sees the concept: they go, unless the edit opened them."""
        known = [hit.prompt for hit in hits if not hit.opened]
        phrases = dict.fromkeys(prompt.phrase for prompt in known)
        pairs = [pair for phrase in phrases for pair in self.worded.phrase(phrase, self.settings.wordings)]
        stays = tuple(hit.prompt for hit in hits if hit.opened)
        return Found((*map(self.worded.in_place, known), *pairs), stays)

    def _paraphrased(self, hits: Sequence[Hit]) -> Found:
        """Return sentences in which the judge sees the concept, with each of its names: all of them go."""
        erasing = self.worded.erasing
        # Of a style's sentence the subject stays.
        style = erasing.erasure.concept.kind is ConceptKind.STYLE
        pair = self.worded.in_place if style else self.worded.alone
        prompts = [
            dataclasses.replace(hit.prompt, phrase=name)
            for hit in hits
            for name in (hit.prompt.phrase, *erasing.names)
        ]
        return Found(tuple(map(pair, prompts)))
