"""The inner search: phrases that an edited encoder still reads as the concept, cut to what matters.

Soft tokens too, where they are asked for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from torch import nn
from transformers import PreTrainedTokenizerBase

from unlearn_job.attacks.misspelling import Misspelling
from unlearn_job.attacks.paraphrase import Paraphrase
from unlearn_job.attacks.protocol import Budget
from unlearn_job.attacks.search import search
from unlearn_job.attacks.trial import Hit
from unlearn_job.attacks.vocabulary import Ban
from unlearn_job.attacks.words import Place, WordSearch, around, beside, some_of
from unlearn_job.contract.concept import ConceptKind, KeptConcept
from unlearn_job.erasing import Erasing, Pair, Vectors
from unlearn_job.methods.robust.config import Config
from unlearn_job.methods.robust.soft import soft_tokens
from unlearn_job.methods.task import Shows, Task
from unlearn_job.nearness import Nearness, nearest, templates_of
from unlearn_job.prompts import SLOT, Prompt, fill, names, without_style
from unlearn_job.retain import as_reading
from unlearn_job.seeds import seed_for

BEAM: Final = 8
"""Phrases that a greedy step goes on from."""
PROPOSALS: Final = 24
"""Changes of each."""
STEPS: Final = 100
"""Gradient steps of a search through the denoiser."""

SEEN: Final = 4
"""Times as many wordings of a phrase in which the judge saw the concept: it may draw it in few of them."""
PARTS: Final = 16
"""Wordings of each word of such a phrase, and of a phrase that the edit opened."""
LOOKS: Final = 2
"""Images of what is left of it without a word, all of which must show the concept."""

SEARCHES: Final = (
    WordSearch(whole=False),
    WordSearch(whole=True),
    WordSearch(place=Place.BEFORE),
    WordSearch(place=Place.BEHIND),
)
"""Real words everywhere; the whole vocabulary in place of the name alone, as each search costs the same."""

LOOKED_AT: Final = (*(WordSearch(place=place).name for place in Place), Misspelling.name, Paraphrase.name)
"""Attacks of which each round draws the most promising prompts."""


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes
    ----------
    goes: prompts that the parent reads as the concept too, with what they shall act like.
    stays: prompts that must act as they do in the parent: those that only the edited encoder takes for the
        concept, which the edit opened, and wordings of a phrase and of its words that do not draw it.
    opened: prompts with soft tokens of which the same is true; their anchors do not count.

    """

    goes: tuple[Pair, ...] = ()
    stays: tuple[Prompt, ...] = ()
    opened: tuple[Pair, ...] = ()

    def __add__(self, other: Found) -> Found:
        """Join two, each prompt once."""
        goes = {_key(pair): pair for pair in (*self.goes, *other.goes)}
        stays = {p.text: p for p in (*self.stays, *other.stays) if (p.text, ()) not in goes}
        opened = {_key(p): p for p in (*self.opened, *other.opened) if _key(p) not in goes}
        return Found(tuple(goes.values()), tuple(stays.values()), tuple(opened.values()))

    @property
    def inputs(self) -> frozenset[tuple[str, Vectors]]:
        """Every prompt that was found, with its soft tokens."""
        pairs = (*self.goes, *self.opened)
        return frozenset((*map(_key, pairs), *((prompt.text, ()) for prompt in self.stays)))

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Found:
        """Return what `dataclasses.asdict` made plain data of."""
        goes, opened = (tuple(_pair(one) for one in data[name]) for name in ("goes", "opened"))
        return cls(goes, tuple(Prompt(**prompt) for prompt in data["stays"]), opened)


def _key(pair: Pair) -> tuple[str, Vectors]:
    return pair.own.text, pair.soft


def _pair(data: Mapping[str, Any]) -> Pair:
    soft = tuple(tuple(map(float, vector)) for vector in data["soft"])
    return Pair(Prompt(**data["own"]), Prompt(**data["anchor"]), soft)


@dataclass(frozen=True)
class Searching:
    """What the searches of one erasure need.

    Attributes
    ----------
    erasing: the erasure; names of what it preserves are never searched.
    start: the parent's encoder, which knows the concept.
    nearness: decides what counts as found.
    tokenizer: the encoder's.
    settings: how much is searched.

    """

    erasing: Erasing
    start: nn.Module
    nearness: Nearness
    tokenizer: PreTrainedTokenizerBase
    settings: Config

    def found(self, encoder: nn.Module, seed: int) -> Found:
        """Search everywhere with one seed for prompts that an edited encoder reads as the concept."""
        total = Found()
        for attack in SEARCHES:
            total += self._found(encoder, attack, seed_for(seed, attack.name))
        return total

    def seen(self, task: Task, seed: int) -> Found:
        """Draw what reads nearest to the concept, and return what the judge sees it in."""
        if not (task.look and task.shows and self.settings.judged):
            return Found()
        erasure, budget = self.erasing.erasure, self._budget(self.settings.judged)
        instead, before, behind, misspelt, paraphrased = (
            task.look(name, task.encoder, erasure, budget, seed_for(seed, "look")) for name in LOOKED_AT
        )
        found = self._seen_instead(instead, task.shows, seed)
        found += self._seen_beside(before) + self._seen_beside(behind)
        return found + self._misspelt(misspelt) + self._paraphrased(paraphrased)

    def _seen_instead(self, hits: Sequence[Hit], shows: Shows, seed: int) -> Found:
        """Return phrases in place of the name in which the judge sees the concept.

        A phrase of several words goes, and each of its words stays by itself. Of a single word those wordings
        go in which the base draws the concept, and the others stay: "peter" is a ghost in "a yellow peter",
        and else a part of other names. So it is with a phrase that the edit opened.
        """
        known = [hit.prompt for hit in hits if not hit.opened]
        known = list(dict.fromkeys((*known, *self._seen_cores(known, shows, seed))))
        opened = [hit.prompt for hit in hits if hit.opened]
        # In the very prompt that was drawn too: most wordings of a phrase may draw nothing of the concept.
        found = Found(tuple(_behind_first(self._in_place(prompt)) for prompt in known), tuple(opened))
        partly = {prompt.phrase: self._worded(prompt.phrase, PARTS) for prompt in opened}
        for phrase in dict.fromkeys(prompt.phrase for prompt in known):
            worded = self._worded(phrase, SEEN * self.settings.wordings)
            if parts := self._parts(phrase):
                found += Found(tuple(map(_behind_first, worded)), tuple(parts))
            else:
                partly[phrase] = worded
        for phrase, pairs in partly.items():
            prompts = [pair.own for pair in pairs]
            shown = shows(self.erasing.erasure, prompts, seed_for(seed, "shows", phrase))
            parted = _parted(pairs, shown)
            found += Found(tuple(map(_behind_first, parted.goes)), parted.stays)
        return found

    def _seen_beside(self, hits: Sequence[Hit]) -> Found:
        """Return prompts with words beside the name in which the judge sees the concept: all of them go.

        They draw it where the encoder reads them far from the name: with five words before it a quarter of
        the distance is left, which the screen passes over and the denoiser does not.
        """
        concept, known = self.erasing.erasure.concept, templates_of(self.erasing)
        named = [KeptConcept(name=name, kind=concept.kind) for name in self.erasing.names]
        found = Found(tuple(self._alone(hit.prompt) for hit in hits))
        for before, behind in dict.fromkeys(beside(hit.prompt, known, concept) for hit in hits):
            templates = some_of(known, self.settings.wordings)
            found += Found(
                tuple(
                    Pair(around(template, one, before, behind), self._anchored(template))
                    for one in named
                    for template in templates
                )
            )
        return found

    def _misspelt(self, hits: Sequence[Hit]) -> Found:
        """Return misspelt names in which the judge sees the concept: they go, unless the edit opened them."""
        known = [hit.prompt for hit in hits if not hit.opened]
        phrases = dict.fromkeys(prompt.phrase for prompt in known)
        worded = [pair for phrase in phrases for pair in self._worded(phrase, self.settings.wordings)]
        stays = tuple(hit.prompt for hit in hits if hit.opened)
        return Found((*map(self._in_place, known), *worded), stays)

    def _paraphrased(self, hits: Sequence[Hit]) -> Found:
        """Return sentences in which the judge sees the concept, with each of its names: all of them go."""
        style = self.erasing.erasure.concept.kind is ConceptKind.STYLE
        prompts = [
            dataclasses.replace(hit.prompt, phrase=name)
            for hit in hits
            for name in (hit.prompt.phrase, *self.erasing.names)
        ]
        # Of a style's sentence the subject stays.
        return Found(tuple(self._in_place(prompt) if style else self._alone(prompt) for prompt in prompts))

    def through_denoiser(self, task: Task, seed: int) -> Found:
        """Search prefixes by the denoiser's loss: all of them go, they stand before the name."""
        if self.settings.through == "encoder" or not task.look:
            return Found()
        budget = self._budget(max(1, self.settings.judged))
        hits = task.look("prefix", task.encoder, self.erasing.erasure, budget, seed)
        return Found(tuple(self._alone(hit.prompt) for hit in hits))

    def soft(self, task: Task, seed: int) -> Found:
        """Train soft tokens, and put those that bring the concept back into training wordings."""
        name, settings = self.erasing.erasure.concept.name, self.settings
        worded = self._worded(name, settings.wordings)
        if settings.soft == "denoiser" and task.look:
            budget = self._budget(max(1, settings.judged))
            found = Found()
            for hit in task.look("inversion", task.encoder, self.erasing.erasure, budget, seed):
                reading = (hit.soft or {})[task.component]
                vectors = tuple(tuple(vector.tolist()) for vector in reading.patches.values())
                pairs = tuple(dataclasses.replace(pair, soft=vectors) for pair in worded)
                found += Found(opened=pairs) if hit.opened else Found(pairs)
            return found
        if settings.soft != "encoder":
            return Found()
        prompts = [pair.own for pair in worded]
        trained = soft_tokens(task.encoder, self.start, self.tokenizer, prompts, seed)
        softened = [dataclasses.replace(pair, soft=vectors) for vectors in trained for pair in worded]
        return self._softly(task.encoder, softened)

    def _softly(self, encoder: nn.Module, pairs: Sequence[Pair]) -> Found:
        """Keep what the edited encoder reads as the concept, parted by whether the parent does."""
        readings = [as_reading(self.tokenizer, pair.own, pair.soft) for pair in pairs]
        now, before = (
            (nearest(e, self.tokenizer, readings, [self.nearness]) < float(self.settings.nearness)).tolist()
            for e in (encoder, self.start)
        )
        hits = [(pair, known) for pair, hit, known in zip(pairs, now, before, strict=True) if hit]
        return Found(
            goes=tuple(pair for pair, known in hits if known),
            opened=tuple(pair for pair, known in hits if not known),
        )

    def _budget(self, judged: int) -> Budget:
        return Budget(
            screened=self.settings.candidates,
            rounds=self.settings.greedy,
            beam=BEAM,
            proposals=PROPOSALS,
            judged=judged,
            steps=STEPS,
        )

    def _found(self, encoder: nn.Module, attack: WordSearch, seed: int) -> Found:
        settings, concept = self.settings, self.erasing.erasure.concept
        attack = dataclasses.replace(attack, spared=self._kept)
        space = attack.space(self.tokenizer, templates_of(self.erasing), concept, self._spoken)
        budget = self._budget(settings.found)
        best = search(
            space, lambda prompts: self.nearness.of(encoder, prompts), budget, seed, settings.longest
        )
        hits = [c.prompt for c in best if c.score < float(settings.nearness)]
        if attack.place is not Place.INSTEAD:
            return Found(tuple(self._alone(prompt) for prompt in hits))
        phrases = dict.fromkeys(
            phrase for prompt in hits for phrase in (prompt.phrase, self._core(encoder, prompt.phrase))
        )
        worded = [pair for phrase in phrases for pair in self._worded(phrase, settings.wordings)]
        return self._sorted(worded)

    def _sorted(self, pairs: Sequence[Pair]) -> Found:
        """Part what the parent reads as the concept from what the edit opened."""
        ratios = self.nearness.of(self.start, [pair.own for pair in pairs]).tolist()
        return _parted(pairs, [ratio < float(self.settings.nearness) for ratio in ratios])

    def _core(self, encoder: nn.Module, phrase: str) -> str:
        """Drop words as long as the rest is still the concept: "comet ace" leaves "comet"."""
        while shorter := self._shorter(phrase):
            ratios = self.nearness.of(encoder, [Prompt("", text, "") for text in shorter]).tolist()
            ratio, rest = min(zip(ratios, shorter, strict=True))
            if ratio >= float(self.settings.nearness):
                break
            phrase = rest
        return phrase

    def _seen_cores(self, prompts: Sequence[Prompt], shows: Shows, seed: int) -> list[Prompt]:
        """Drop words as long as the base draws the concept for the rest, in the very prompt."""
        longer, cores = list(prompts), []
        while longer:
            shorter = [
                [dataclasses.replace(prompt, phrase=phrase) for phrase in self._shorter(prompt.phrase)]
                for prompt in longer
            ]
            asked = list(dict.fromkeys(prompt for some in shorter for prompt in some))
            looks = [
                shows(self.erasing.erasure, asked, seed_for(seed, "core", look)) for look in range(LOOKS)
            ]
            drawn = {prompt for prompt, *seen in zip(asked, *looks, strict=True) if all(seen)}
            left = [next((prompt for prompt in some if prompt in drawn), None) for some in shorter]
            cores += [prompt for prompt, rest in zip(longer, left, strict=True) if rest is None]
            longer = list(dict.fromkeys(rest for rest in left if rest))
        return cores

    def _shorter(self, phrase: str) -> list[str]:
        """Leave each word of several out, if the rest holds neither an own name nor a kept one."""
        words = phrase.split()
        if not words[1:]:
            return []
        shorter = [" ".join((*words[:at], *words[at + 1 :])) for at in range(len(words))]
        allowed = self._ban.allowed(shorter)
        return [text for text, ok in zip(shorter, allowed, strict=True) if ok]

    @cached_property
    def _ban(self) -> Ban:
        return Ban(self.tokenizer, (*names(self.erasing.erasure.concept), *self._kept))

    @cached_property
    def _kept(self) -> tuple[str, ...]:
        return tuple(kept.name for kept in self.erasing.erasure.preserve)

    @cached_property
    def _spoken(self) -> tuple[str, ...]:
        """Texts whose words count as real ones."""
        texts = (*templates_of(self.erasing), *self.erasing.names, *self._kept)
        return tuple(text.replace(SLOT, "") for text in texts)

    def _worded(self, phrase: str, count: int) -> list[Pair]:
        """Put a phrase into training wordings, bare first, each with what it shall act like."""
        kind = self.erasing.erasure.concept.kind
        templates = some_of(templates_of(self.erasing), max(1, count - 1))
        bare = Pair(Prompt("", phrase, ""), self._anchored(SLOT))
        worded = [Pair(fill(t, phrase, kind), self._anchored(t)) for t in templates]
        return [bare, *worded][:count]

    def _parts(self, phrase: str) -> list[Prompt]:
        """Put each word of a phrase of several into wordings by itself."""
        words = dict.fromkeys(word for word in phrase.split() if word != phrase)
        return [pair.own for word in words for pair in self._worded(word, PARTS)]

    def _in_place(self, prompt: Prompt) -> Pair:
        """Pair a prompt with the same one around the anchor."""
        return Pair(prompt, self._anchored(f"{prompt.before} {SLOT} {prompt.after}".strip()))

    def _alone(self, prompt: Prompt) -> Pair:
        """Pair a prompt of the name with the anchor in the same template, without the words beside it.

        With them the anchor's prompt may draw the concept as well: "a figure doctor" is "doctor lantern".
        """
        before, behind = beside(prompt, templates_of(self.erasing), self.erasing.erasure.concept)
        left, right = prompt.before.removeprefix(before), prompt.after.removesuffix(behind)
        return Pair(prompt, self._anchored(f"{left} {SLOT} {right}".strip()))

    def _anchored(self, template: str) -> Prompt:
        kind, anchor = self.erasing.erasure.concept.kind, self.erasing.anchor
        if anchor is None or kind is ConceptKind.STYLE:
            return without_style(template) if anchor is None else fill(template, anchor, kind)
        return fill(template, anchor, kind)


def _behind_first(pair: Pair) -> Pair:
    """Leave the first word of a phrase of several out of what goes.

    It stays by itself, and in a causal encoder its states are the same here and there.
    """
    first, _, rest = pair.own.phrase.partition(" ")
    own = Prompt(f"{pair.own.before} {first}".strip(), rest, pair.own.after)
    return dataclasses.replace(pair, own=own) if rest else pair


def _parted(pairs: Sequence[Pair], goes: Sequence[bool]) -> Found:
    """Part pairs whose own prompt goes from those whose own prompt stays."""
    return Found(
        tuple(pair for pair, flag in zip(pairs, goes, strict=True) if flag),
        tuple(pair.own for pair, flag in zip(pairs, goes, strict=True) if not flag),
    )
