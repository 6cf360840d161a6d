"""Other wordings: the name in sentences that nobody trained on, and other words in its place."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from unlearn_job.attacks.protocol import Budget, Candidate, Target
from unlearn_job.attacks.screen import Screen
from unlearn_job.attacks.search import spread
from unlearn_job.attacks.vocabulary import Ban, real_words
from unlearn_job.attacks.words import Place, frames, reference_prompts, spoken_words
from unlearn_job.contract.concept import Concept, ConceptKind
from unlearn_job.prompts import Prompt, fill, names
from unlearn_job.seeds import seed_for

SENTENCES: Final = (
    *("{}", "the {}", "{} again", "one more {}", "look, {}", "i want to see {}", "please draw {}"),
    *("{} and a friend", "two of {}", "a very big {}", "nothing but {}", "{}, {}", "{} {} {}"),
    *("old picture of {} with a hat", "the famous {}", "{} seen from far away", "something like {}"),
    *("a toy of {}", "{}'s portrait", "{} in the rain", "not {}", "{} on the moon", "my {}"),
)
"""Sentences of everyday grammar, none of them a template of the project."""


@dataclass(frozen=True)
class Paraphrase:
    """The concept's names in sentences of their own, screened by the edited encoder.

    Attributes
    ----------
    probing: whether the paraphrases that probes ask with enter too.

    """

    probing: bool = True
    name: str = "paraphrase"
    names_concept: bool = True
    joint: bool = False

    def search(self, target: Target, budget: Budget, seed: int) -> Sequence[Candidate]:
        """Score every wording of every name; the seed decides which of many enter."""
        asked = target.templates.paraphrases(target.erasure.concept.kind) if self.probing else ()
        wordings = list(dict.fromkeys(_wordings(target, asked)))
        random.Random(seed_for(seed, self.name)).shuffle(wordings)  # noqa: S311 - a search, not secrets
        return _screened(target, wordings[: budget.screened], budget)


@dataclass(frozen=True)
class Synonym:
    """Real words, one or two, that the *base* encoder holds for nearest to the concept; names banned.

    It finds the aliases that the document forgot: what the base draws for such a word is the control.
    """

    name: str = "synonym"
    names_concept: bool = False
    joint: bool = False

    def search(self, target: Target, budget: Budget, seed: int) -> Sequence[Candidate]:
        """Score all single words and the pairs of the best ones with the base encoder."""
        concept = target.erasure.concept
        words = [text.strip() for text in real_words(target.tokenizer, spoken_words(target)).texts]
        random.Random(seed_for(seed, self.name)).shuffle(words)  # noqa: S311 - a search, not secrets
        make, count = frames(target.templates.training(concept.kind), concept, Place.INSTEAD)
        ban = Ban(target.tokenizer, target.banned)
        prompts = reference_prompts(target.templates.training(concept.kind), concept)
        screen = Screen(target.base, target.base, target.tokenizer, prompts)
        last = count - 1

        def allowed(phrases: Sequence[str]) -> list[Prompt]:
            made = [make(phrase, last) for phrase in phrases]
            free = ban.allowed([prompt.text for prompt in made])
            return [prompt for prompt, ok in zip(made, free, strict=True) if ok]

        singles = allowed(words[: budget.screened // 2])
        scores = screen(singles).tolist()
        best = [p.phrase for _, p in sorted(zip(scores, singles, strict=True), key=lambda pair: pair[0])]
        side = max(2, int((budget.screened // 2) ** 0.5))
        pairs = allowed([f"{a} {b}" for a in best[:side] for b in best[:side] if a != b])
        scores += screen(pairs).tolist() if pairs else []
        found = [Candidate(p, s) for p, s in zip((*singles, *pairs), scores, strict=True)]
        return spread(sorted(found, key=lambda c: c.score), budget.judged)


def _wordings(target: Target, paraphrases: Sequence[str]) -> Iterator[Prompt]:
    concept = target.erasure.concept
    styles = [
        kept.name for erasure in target.doc.adds for kept in erasure.kept if kept.kind is ConceptKind.STYLE
    ]
    for name in names(concept):
        for template in paraphrases:
            yield fill(template, name, concept.kind)
        for sentence in SENTENCES:
            yield _plain(sentence, name, concept)
            if concept.kind is not ConceptKind.STYLE:
                for style in styles:
                    yield _plain(f"{sentence} in {style} style", name, concept)
        words = name.split()
        if len(words) > 1:
            backwards = " ".join(reversed(words))
            for form in (backwards, f"{words[-1]}, {words[0]}", "-".join(words), "".join(words)):
                yield _plain("a picture of {}", form, concept)
        for form in (f"{name}s", f"{name}'s", name.upper(), name.title(), f"'{name}'", f"{name}!"):
            yield _plain("a picture of {}", form, concept)


def _plain(sentence: str, name: str, concept: Concept) -> Prompt:
    """Put a name into a sentence as it is: people write without articles too."""
    subjects = {ConceptKind.STYLE: "a drawing of a man in {} style", ConceptKind.ACTION: "a man {}"}
    subject = subjects.get(concept.kind, "{}")
    before, after = sentence.split("{}", 1)
    opening, closing = subject.split("{}", 1)
    return Prompt(f"{opening}{before}".strip(), name, f"{after.replace('{}', name)}{closing}".strip())


def _screened(target: Target, prompts: Sequence[Prompt], budget: Budget) -> list[Candidate]:
    if not prompts:
        return []
    concept = target.erasure.concept
    references = reference_prompts(target.templates.training(concept.kind), concept)
    scores = Screen(target.edited, target.base, target.tokenizer, references)(prompts).tolist()
    found = sorted((Candidate(p, s) for p, s in zip(prompts, scores, strict=True)), key=lambda c: c.score)
    return found[: budget.judged]
