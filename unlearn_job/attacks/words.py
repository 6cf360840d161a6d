"""Search for words or tokens that draw the concept: in place of its name, before it, or behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from transformers import PreTrainedTokenizerBase

from unlearn_job.attacks.protocol import Budget, Candidate, Target
from unlearn_job.attacks.screen import Screen
from unlearn_job.attacks.search import Frame, Space, search
from unlearn_job.attacks.vocabulary import Ban, Pieces, real_words, whole_vocabulary
from unlearn_job.contract.concept import Concept, KeptConcept
from unlearn_job.prompts import SLOT, Prompt, fill, names
from unlearn_job.seeds import seed_for

SURROUNDINGS: Final = 5
"""Templates that a phrase is put into, the bare phrase included."""
REFERENCES: Final = 4
"""Prompts of the name and of each alias that candidates are compared with."""


class Place(StrEnum):
    """Where the searched phrase stands."""

    INSTEAD = "instead"
    """In place of the name: the prompt must not hold it."""
    BEFORE = "before"
    """Before a prompt that names the concept."""
    BEHIND = "behind"
    """Behind such a prompt."""


@dataclass(frozen=True)
class WordSearch:
    """A search over real words or over the whole vocabulary, screened in the encoder alone.

    Attributes
    ----------
    whole: every token that can be typed instead of real words.
    place: where the phrase stands.
    spared: names besides the concept's own that no searched phrase may hold.

    """

    whole: bool = False
    place: Place = Place.INSTEAD
    spared: tuple[str, ...] = ()
    joint: bool = False

    @property
    def name(self) -> str:
        """Its name in reports."""
        pieces = "vocabulary" if self.whole else "words"
        return pieces if self.place is Place.INSTEAD else f"{pieces}-{self.place.value}"

    @property
    def names_concept(self) -> bool:
        """Whether its prompts hold the concept's name."""
        return self.place is not Place.INSTEAD

    def search(self, target: Target, budget: Budget, seed: int) -> Sequence[Candidate]:
        """Search with the distance of the edited encoder's states to the base's of the name."""
        concept = target.erasure.concept
        templates = target.templates.training(concept.kind)
        space = self.space(target.tokenizer, templates, concept, spoken_words(target))
        prompts = reference_prompts(templates, concept)
        screen = Screen(target.edited, target.base, target.tokenizer, prompts)
        return search(space, screen, budget, seed_for(seed, self.name))

    def space(
        self,
        tokenizer: PreTrainedTokenizerBase,
        templates: Sequence[str],
        concept: Concept,
        spoken: Sequence[str],
    ) -> Space:
        """Return what to search: pieces, surroundings and the ban on the concept's names.

        Parameters
        ----------
        tokenizer
            The encoders' own.
        templates
            Some are chosen as surroundings.
        concept
            Whose names are banned.
        spoken
            Texts whose words count as real ones.

        """
        pieces: Pieces = whole_vocabulary(tokenizer) if self.whole else real_words(tokenizer, spoken)
        make, count = frames(templates, concept, self.place)
        instead = self.place is Place.INSTEAD
        spares = Ban(tokenizer, self.spared) if self.spared else None
        return Space(pieces, make, count, Ban(tokenizer, names(concept)), bans_prompt=instead, spares=spares)


def spoken_words(target: Target) -> tuple[str, ...]:
    """Return texts that the document itself uses: its templates and all its names."""
    doc = target.doc
    return (
        *(t.replace(SLOT, "") for kind in target.templates.kinds for t in target.templates.probing(kind)),
        *(name for erasure in (*doc.adds, *doc.holds) for name in names(erasure.concept)),
        *(kept.name for erasure in (*doc.adds, *doc.holds) for kept in erasure.preserve),
        *(kept.name for kept in doc.holdout),
    )


def reference_prompts(templates: Sequence[str], concept: Concept) -> tuple[Prompt, ...]:
    """Return plain prompts of the name and of each alias."""
    training = some_of(templates, REFERENCES)
    return tuple(fill(t, name, concept.kind) for name in names(concept) for t in training)


def frames(templates: Sequence[str], concept: Concept, place: Place) -> tuple[Frame, int]:
    """Return what puts a phrase into a prompt, and how many surroundings it has."""
    some = some_of(templates, SURROUNDINGS - 1)
    makers: dict[Place, Callable[[str, str], Prompt]] = {
        Place.INSTEAD: lambda phrase, template: fill(template, phrase, concept.kind),
        Place.BEFORE: lambda phrase, template: around(template, concept, before=phrase),
        Place.BEHIND: lambda phrase, template: around(template, concept, behind=phrase),
    }
    make = makers[place]
    # Bare, because an object's templates put an article before everything.
    bare = 1 if place is Place.INSTEAD else 0

    def frame(phrase: str, number: int) -> Prompt:
        if number < bare:
            return Prompt("", phrase, "")
        return make(phrase, some[number - bare])

    return frame, len(some) + bare


def around(template: str, concept: KeptConcept, before: str = "", behind: str = "") -> Prompt:
    """Put a concept's name into a template, and words before and behind all of it."""
    inner = fill(template, concept.name, concept.kind)
    return Prompt(f"{before} {inner.before}".strip(), inner.phrase, f"{inner.after} {behind}".strip())


def beside(prompt: Prompt, templates: Sequence[str], concept: Concept) -> tuple[str, str]:
    """Return what `around` put before and behind one of the templates: the fewest words that fit."""
    inner = [fill(template, concept.name, concept.kind) for template in templates]
    fits = [
        (prompt.before.removesuffix(own.before).strip(), prompt.after.removeprefix(own.after).strip())
        for own in inner
        if prompt.before.endswith(own.before) and prompt.after.startswith(own.after)
    ]
    return min(fits, key=lambda words: len(" ".join(words)), default=(prompt.before, prompt.after))


def some_of(templates: Sequence[str], count: int) -> tuple[str, ...]:
    """Return templates spread over the list."""
    step = max(1, len(templates) // count)
    return tuple(templates[::step][:count])
