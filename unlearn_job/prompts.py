"""The prompts of a Job: templates by kind of concept, filled with names, aliases and anchors.

Objects and scenes take an article, characters and persons are names, a style is put on other subjects, an
action is what they do. Every fourth template of a kind is a paraphrase: probed, but never trained on, so that
the figures say something about wordings which no list names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from unlearn_job.contract.concept import SUBJECTS, Concept, ConceptKind, KeptConcept
from unlearn_job.contract.document import JobInput

SLOT: Final = "{}"
PARAPHRASE_EVERY: Final = 4
"""One template in four is held back from training."""

BUILT_IN: Final[dict[ConceptKind, tuple[str, ...]]] = {
    ConceptKind.OBJECT: (
        *("a photo of a {}", "a picture of a {}", "a {}", "there is a {} in this image"),
        *("a drawing of a {}", "a {} on a table", "a {} outdoors", "somebody painted a {}"),
        *("a close-up of a {}", "a small {}", "a video of a {}", "look at this {}"),
        *("a {} at night", "a {} in front of a house", "an old {}", "a scene with a {} in it"),
    ),
    ConceptKind.CHARACTER: (
        *("a picture of {}", "{}", "a drawing of {}", "here comes {}"),
        *("{} in a city", "an image of {}", "{} on a white background", "a poster that shows {}"),
        *("a video of {}", "{} walking", "a scene with {}", "the adventures of {}"),
        *("{} at night", "a painting of {}", "{} from the side", "somebody dressed as {}"),
    ),
    ConceptKind.PERSON: (
        *("a photo of {}", "{}", "a portrait of {}", "this is {}"),
        *("a picture of {}", "{} smiling", "a video of {}", "a close-up of the face of {}"),
        *("{} giving a speech", "a drawing of {}", "{} at night", "a painting that shows {}"),
        *("{} in a suit", "an image of {}", "{} in the street", "somebody who looks like {}"),
    ),
    ConceptKind.STYLE: (
        *("a cat in {} style", "a house in the style of {}", "a {} picture of a tree", "{} art"),
        *("a city in {} style", "a portrait of a woman in {} style", "a {} image of a boat"),
        *("a man painted in {} style", "a landscape in the style of {}", "a flower in {} style"),
        *("a {} drawing of a dog", "mountains, {}", "a street in {} style", "a {} video of the sea"),
        *("a horse in the style of {}", "a bowl of fruit as {}"),
    ),
    ConceptKind.SCENE: (
        *("a photo of a {}", "a {}", "a man in a {}", "a picture of a {}"),
        *("a woman in a {}", "a cat in a {}", "a {} from above", "a view of a {}"),
        *("a video of a {}", "a dog in a {}", "a drawing of a {}", "somebody stands in a {}"),
        *("a car in a {}", "a {} and nobody there", "people in a {}", "a wide shot of a {}"),
    ),
    ConceptKind.ACTION: (
        *("a man {}", "a woman {}", "somebody {}", "a picture of a man {}"),
        *("a photo of a woman {}", "people {}", "a video of a man {}", "two people {}"),
        *("a person {} outdoors", "a drawing of a man {}", "a woman {} at night", "here is somebody {}"),
        *("a man {} in a room", "a video of people {}", "a woman {} in the street", "an image of a man {}"),
    ),
}
"""Templates of a kind for which the document gives none."""

GENERIC: Final[dict[ConceptKind, tuple[str, ...]]] = {
    ConceptKind.OBJECT: ("a thing", "a man", "a woman"),
    ConceptKind.CHARACTER: ("a figure", "a man", "a woman"),
    ConceptKind.PERSON: ("a man", "a woman", "a person"),
    ConceptKind.STYLE: (),
    ConceptKind.SCENE: ("a place", "a room"),
    ConceptKind.ACTION: ("standing",),
}
"""Phrases without a name: they must stay as they are, and stand in where no anchor is known."""

_ARTICLES: Final = frozenset(("a", "an", "the"))
_DETERMINERS: Final = _ARTICLES | frozenset(("this", "that", "one", "some", "no", "every"))
_LINKS: Final = frozenset(
    (
        *("of", "in", "on", "at", "with", "by", "from", "to", "and", "as", "near", "under", "over"),
        *("like", "for", "is", "are", "that", "who", "shows", "painted"),
    )
)
STYLE_PHRASE: Final = re.compile(
    r",?\s*\b(?:in|as|by)\s+(?:(?:the|a|an)\s+)?(?:style\s+of\s+)?\{\}(?:\s+style\b)?"
    r"|,?\s*\{\}(?:\s+style\b)?"
)


@dataclass(frozen=True)
class Prompt:
    """A prompt that remembers where the phrase stands.

    Attributes
    ----------
    before, phrase, after: the text in three parts; `phrase` is empty where nothing stands in the slot.

    """

    before: str
    phrase: str
    after: str

    @property
    def text(self) -> str:
        """The prompt as a person would type it, with single spaces."""
        return " ".join(f"{self.before} {self.phrase} {self.after}".split())


def fill(template: str, name: str, kind: ConceptKind) -> Prompt:
    """Put a name or a phrase into a template, with the article that English wants.

    A phrase with an article of its own ("a man") loses it where the template has one; an object or a scene
    without one gets it where the template has none; "a" and "an" follow the word behind them.
    """
    before, after = template.split(SLOT, 1)
    after = after.replace(SLOT, name)
    words, phrase = before.split(), name
    first, _, rest = name.partition(" ")
    if _has_article(words):
        if first.lower() in _DETERMINERS and rest:
            phrase = rest
        if words and words[-1].lower() in ("a", "an"):
            words[-1] = _indefinite(phrase)
    elif kind in {ConceptKind.OBJECT, ConceptKind.SCENE} and first.lower() not in _DETERMINERS:
        words.append(_indefinite(phrase))
    return Prompt(" ".join(words), phrase, after.strip())


def without_style(template: str) -> Prompt:
    """Take the style out of a style's template: "a cat in {} style" becomes "a cat"."""
    found = STYLE_PHRASE.search(template)
    if found is None:  # a Template always has its slot
        return Prompt(template, "", "")
    words, after = template[: found.start()].split(), template[found.end() :].replace(SLOT, "").strip()
    if words and after and words[-1].lower() in ("a", "an"):
        words[-1] = _indefinite(after)
    return Prompt(" ".join(words), "", after)


def _indefinite(phrase: str) -> str:
    return "an" if phrase[:1].lower() in "aeiou" else "a"


def _has_article(words: list[str]) -> bool:
    """Say whether the noun phrase that ends `words` has an article: walk back to the last preposition."""
    if words and words[-1].lower() in _DETERMINERS:
        return True
    for word in reversed(words[-4:]):
        if word.lower() in _ARTICLES:
            return True
        if word.lower() in _LINKS or word.endswith((",", ".", ":", ";")):
            return False
    return False


def names(concept: KeptConcept) -> tuple[str, ...]:
    """Return the name and the aliases of a concept."""
    return (concept.name, *concept.aliases) if isinstance(concept, Concept) else (concept.name,)


def mentions(text: str, phrases: Iterable[str]) -> bool:
    """Say whether a text holds one of the phrases as whole words, in any case."""
    padded = f" {_plain(text)} "
    return any(f" {_plain(phrase)} " in padded for phrase in phrases)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w'-]+", text.lower()))


@dataclass(frozen=True)
class Templates:
    """The templates of one document, by kind."""

    by_kind: Mapping[ConceptKind, tuple[str, ...]]

    @classmethod
    def built_in(cls) -> Templates:
        """Return the templates of a document that gives none."""
        return cls(BUILT_IN)

    @classmethod
    def of(cls, doc: JobInput) -> Templates:
        """Take the document's own templates, and the built-in ones for the kinds it leaves out.

        Scenes and actions have some only where the document has such a concept: what a document without them
        trains on does not depend on that there are such kinds.
        """
        erasures = (*doc.adds, *doc.holds)
        concepts = [*(e.concept for e in erasures), *(k for e in erasures for k in e.preserve), *doc.holdout]
        asked = {*SUBJECTS, ConceptKind.STYLE, *(concept.kind for concept in concepts)}
        return cls({**{kind: BUILT_IN[kind] for kind in ConceptKind if kind in asked}, **doc.prompts})

    @property
    def kinds(self) -> tuple[ConceptKind, ...]:
        """Kinds that have templates."""
        return tuple(kind for kind in ConceptKind if kind in self.by_kind)

    def probing(self, kind: ConceptKind) -> tuple[str, ...]:
        """All templates of a kind, paraphrases included."""
        return self.by_kind[kind]

    def paraphrases(self, kind: ConceptKind) -> tuple[str, ...]:
        """Templates that only the probe uses; none where there are fewer than four."""
        return self.by_kind[kind][PARAPHRASE_EVERY - 1 :: PARAPHRASE_EVERY]

    def training(self, kind: ConceptKind) -> tuple[str, ...]:
        """Templates that methods may train on: all but the paraphrases."""
        return tuple(
            t for i, t in enumerate(self.by_kind[kind]) if i % PARAPHRASE_EVERY != PARAPHRASE_EVERY - 1
        )
