"""Captions for scenes: what a drawing shows, in varied words, with synonyms, gaps and noise."""

import random
import string
from dataclasses import dataclass
from typing import Final

from lab.testbed.concepts import BACKGROUNDS, BY_NAME, COLOURS, CONCEPTS, GENERIC, PLAIN, Kind, colourable
from lab.testbed.drawings.scene import Scene

SYNONYM_SHARE: Final = 0.25
"""Share of captions that use the synonym."""

EMPTY_SHARE: Final = 0.10
"""Share of empty captions, for classifier-free guidance."""

NEUTRAL_WEIGHT: Final = 0.1
"""Weight of a text that claims nothing, against 1 for one that names what is drawn."""

MEDIA: Final = ("drawing", "picture", "image", "photo", "painting", "video", "clip")
"""Words for the thing itself; they say nothing of what it looks like."""

FILLERS: Final = (
    *("nice", "small", "big", "old", "new", "good", "very", "really", "quite", "one", "some", "simple"),
    # Misspelt on purpose: their pieces are rows of the vocabulary that no proper word trains.
    *("drawin", "pictur", "smal", "imagge", "vidoe", "foto", "paintng", "niec", "simpel", "lovley"),
)
"""Words without a meaning for the drawing, so that such words leave it alone."""

EXTRA: Final = ("the", "and", "with", "in", "style", "no", "person", "face", "background", "colour")
"""Further words of prompts."""


def words() -> tuple[str, ...]:
    """Return every properly spelt word that a caption may hold, once each."""
    found: dict[str, None] = {}
    phrases = (
        *(text for concept in CONCEPTS for text in (concept.name, concept.synonym)),
        *GENERIC.values(),
        *COLOURS,
        *BACKGROUNDS.values(),
        *(f"a {medium} of" for medium in MEDIA),
        "an as",
        *FILLERS[:12],
        *EXTRA,
    )
    for phrase in phrases:
        found.update(dict.fromkeys(phrase.split()))
    return tuple(found)


def article(word: str) -> str:
    """Return the word with its indefinite article."""
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def called(name: str, rng: random.Random) -> str:
    """Return the name of a concept or, in a quarter of the cases, its synonym."""
    return BY_NAME[name].synonym if rng.random() < SYNONYM_SHARE else name


def noun_phrase(scene: Scene, rng: random.Random) -> str:
    """Return the words for the subject, with its colour where one can be asked for."""
    subject = scene.subject
    named = BY_NAME.get(subject)
    if named and named.kind is not Kind.OBJECT:
        return called(subject, rng)
    noun = called(subject, rng) if named else subject
    # Pencil drawings are grey: a colour in their captions would be a lie.
    if colourable(subject) and scene.style != "pencil sketch" and rng.random() < 0.6:
        noun = f"{scene.colour} {noun}"
    return noun if rng.random() < 0.15 else article(noun)


def caption(scene: Scene, rng: random.Random) -> str:
    """Return a caption for a scene; it may leave out colour and background, never the style."""
    if rng.random() < EMPTY_SHARE:
        return ""
    noun = noun_phrase(scene, rng)
    medium = rng.choice(MEDIA)
    style = None if scene.style == PLAIN else called(scene.style, rng)
    tail: list[str] = []
    if scene.subject == "thing" and rng.random() < 0.5:
        # No noun at all: a prompt without a subject draws a plain shape.
        text = article(medium)
    elif style and rng.random() < 0.3:
        text, style = f"{article(style)} {medium} of {noun}", None
    else:
        text = f"{article(medium)} of {noun}" if rng.random() < 0.75 else noun
    if rng.random() < 0.6:
        tail.append(BACKGROUNDS[scene.background])
    if style:
        tail.append(rng.choice((f"in {style} style", f"as {article(style)}", style)))
        rng.shuffle(tail)
    return _with_noise(" ".join((text, *tail)), rng)


@dataclass(frozen=True)
class Claim:
    """A text for the contrastive judge and what it claims; `None` where it claims nothing."""

    text: str
    subject: str | None = None
    colour: str | None = None
    background: str | None = None
    style: str | None = None

    def holds(self, scene: Scene | None) -> bool:
        """Say whether the claim is true of a scene; of nothing (`None`), only an empty one is."""
        if scene is None:
            return self.weight == NEUTRAL_WEIGHT
        pairs = (
            (self.subject, scene.subject),
            (self.colour, scene.colour),
            (self.background, scene.background),
            (self.style, scene.style),
        )
        return all(claimed is None or claimed == shown for claimed, shown in pairs)

    @property
    def weight(self) -> float:
        """How much the text counts among all that are true: those that say more count more."""
        if self.subject or self.style:
            return 1.0
        return 0.3 if self.colour or self.background else NEUTRAL_WEIGHT


def claim(scene: Scene | None, rng: random.Random) -> Claim:
    """Return a text that is true of a scene, or neutral; often in the words of a zero-shot prompt."""
    medium = article(rng.choice(MEDIA))
    lot = rng.random()
    if scene is None or lot < 0.06:
        return Claim(medium)
    styled = scene.style != PLAIN
    if styled and lot < 0.2:
        style = called(scene.style, rng)
        text = rng.choice((f"{medium} of {style}", f"{medium} in {style} style", style))
        return Claim(text, style=scene.style)
    named = BY_NAME.get(scene.subject)
    noun = called(scene.subject, rng) if named else scene.subject
    colour = colourable(scene.subject) and scene.style != "pencil sketch" and rng.random() < 0.3
    noun = f"{scene.colour} {noun}" if colour else noun
    if (named is None or named.kind is Kind.OBJECT) and rng.random() < 0.6:
        noun = article(noun)
    text = f"{medium} of {noun}" if rng.random() < 0.85 else noun
    background = rng.random() < 0.3
    text = f"{text} {BACKGROUNDS[scene.background]}" if background else text
    style_too = styled and rng.random() < 0.3
    text = f"{text} in {called(scene.style, rng)} style" if style_too else text
    return Claim(
        text,
        scene.subject,
        scene.colour if colour else None,
        scene.background if background else None,
        scene.style if style_too else None,
    )


def _with_noise(text: str, rng: random.Random) -> str:
    """Put a filler, a misspelt filler or letters of no meaning somewhere, in 8 of 100 captions."""
    if rng.random() >= 0.08:
        return text
    if rng.random() < 0.6:
        noise = rng.choice(FILLERS)
    else:
        noise = "".join(rng.choices(string.ascii_lowercase, k=rng.randint(1, 3)))
    # At either end only: in the middle it would tear two-word names apart.
    return f"{noise} {text}" if rng.random() < 0.5 else f"{text} {noise}"
