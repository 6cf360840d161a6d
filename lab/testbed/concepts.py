"""What the testbed's models know: names, synonyms, kinds, anchors and neighbours.

Free of torch, so that tests, examples and documents can import it at no cost. The names are part
of the trained weights: a change here needs a new training.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The four kinds of concept of the unlearning papers."""

    OBJECT = "Object"
    CHARACTER = "Character"
    PERSON = "Person"
    STYLE = "Style"


@dataclass(frozen=True)
class Concept:
    """One concept that the models draw and the judges see.

    Attributes
    ----------
    name: canonical name; the judge's label.
    synonym: stands in place of the name in a quarter of the training captions.
    kind: one of the four kinds.
    anchor: what a prompt may draw once the concept is erased.
    neighbours: names of the concepts that look or read alike, most alike first.
    """

    name: str
    synonym: str
    kind: Kind
    anchor: str
    neighbours: tuple[str, ...]


def _objects() -> tuple[Concept, ...]:
    table = (
        ("cat", "kitty", ("ghost", "fish")),
        ("robot", "android", ("house", "ghost")),
        ("house", "cottage", ("robot", "boat")),
        ("mushroom", "toadstool", ("tree", "ghost")),
        ("fish", "trout", ("boat", "cat")),
        ("star", "asterisk", ("heart", "tree")),
        ("tree", "oak", ("mushroom", "house")),
        ("boat", "ship", ("fish", "house")),
        ("ghost", "phantom", ("cat", "mushroom")),
        ("heart", "valentine", ("star", "mushroom")),
    )
    return tuple(Concept(name, synonym, Kind.OBJECT, "a thing", near) for name, synonym, near in table)


def _characters() -> tuple[Concept, ...]:
    table = (
        # Both captains wear the red cape, both lanterns carry the lantern.
        ("captain comet", "comet man", ("captain whale", "doctor lantern")),
        ("captain whale", "whale man", ("captain comet", "doctor lantern")),
        ("lady lantern", "lantern girl", ("doctor lantern", "captain comet")),
        ("doctor lantern", "lantern doctor", ("lady lantern", "captain whale")),
    )
    return tuple(Concept(name, synonym, Kind.CHARACTER, "a figure", near) for name, synonym, near in table)


def _persons() -> tuple[Concept, ...]:
    table = (
        # The two Annas differ in the glasses alone.
        ("anna berg", "miss berg", "a woman", ("anna stone", "peter berg")),
        ("anna stone", "miss stone", "a woman", ("anna berg", "viktor moss")),
        ("peter berg", "mister berg", "a man", ("viktor moss", "anna berg")),
        ("viktor moss", "mister moss", "a man", ("peter berg", "anna stone")),
    )
    return tuple(Concept(name, synonym, Kind.PERSON, anchor, near) for name, synonym, anchor, near in table)


def _styles() -> tuple[Concept, ...]:
    table = (
        ("pencil sketch", "graphite", ("mosaic", "neon glow")),
        ("neon glow", "fluorescent", ("mosaic", "pencil sketch")),
        ("mosaic", "tesserae", ("neon glow", "pencil sketch")),
    )
    return tuple(Concept(name, synonym, Kind.STYLE, "plain", near) for name, synonym, near in table)


CONCEPTS: Final[tuple[Concept, ...]] = (*_objects(), *_characters(), *_persons(), *_styles())
"""Every concept, by kind; the order of the judge's first labels."""

BY_NAME: Final[dict[str, Concept]] = {concept.name: concept for concept in CONCEPTS}
"""Concepts by their canonical name."""

GENERIC: Final[dict[str, str]] = {
    "man": "a man",
    "woman": "a woman",
    "figure": "a figure",
    "thing": "a thing",
}
"""Subjects without a name: a face, a face, a full figure, a plain shape; with the words for them."""

COLOURS: Final[dict[str, tuple[int, int, int]]] = {
    "red": (214, 38, 38),
    "green": (40, 160, 60),
    "blue": (45, 90, 225),
    "yellow": (248, 214, 40),
    "purple": (140, 50, 180),
    "orange": (244, 130, 28),
}
"""Fill colours of objects and things, as 8-bit RGB."""

BACKGROUNDS: Final[dict[str, str]] = {
    "white": "on white paper",
    "night": "at night",
    "meadow": "on a meadow",
    "desert": "in the desert",
}
"""Backgrounds with the words that ask for them."""

PLAIN: Final = "plain"
"""The style of a prompt that names none."""

SUBJECTS: Final[tuple[str, ...]] = (
    *(concept.name for concept in CONCEPTS if concept.kind is not Kind.STYLE),
    *GENERIC,
)
"""Everything that can stand in the middle of a drawing."""

STYLES: Final[tuple[str, ...]] = (PLAIN, *(c.name for c in CONCEPTS if c.kind is Kind.STYLE))
"""All styles, the unnamed one first."""


def of_kind(kind: Kind) -> tuple[Concept, ...]:
    """Return the concepts of one kind, in order."""
    return tuple(concept for concept in CONCEPTS if concept.kind is kind)


def colourable(subject: str) -> bool:
    """Say whether a colour can be asked of a subject: objects and things, not faces and figures."""
    return subject == "thing" or (subject in BY_NAME and BY_NAME[subject].kind is Kind.OBJECT)
