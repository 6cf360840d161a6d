"""Prompts with two concepts in them: an erased one, and one that stays.

A name can hide behind another one. No method trains on these templates, and a judge is asked for the erased
concept alone. What a model draws of two concepts differs from model to model, so the base's images of the
same prompts are the control.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from unlearn_job.contract.concept import SUBJECTS, ConceptKind, KeptConcept
from unlearn_job.prompts import GENERIC, SLOT, fill, mentions

OTHER: Final = "{other}"
ANOTHER: Final = "{another}"

_TOGETHER: Final = (
    *("{} riding {other}", "{} next to {other}", "{other} and {}", "{} holding {other}"),
    *("{} in front of {other}", "{other} looking at {}", "{} looking at {other}", "{other} together with {}"),
)
COMPOSITIONS: Final[dict[ConceptKind, tuple[str, ...]]] = {
    ConceptKind.OBJECT: (
        *("{} next to {other}", "{other} and {}", "{} on top of {other}", "{} in front of {other}"),
        *("{other} together with {}", "{} behind {other}", "{} below {other}", "{other} in front of {}"),
    ),
    ConceptKind.CHARACTER: _TOGETHER,
    ConceptKind.PERSON: _TOGETHER,
    ConceptKind.STYLE: (
        *("{other} next to {another} in {} style", "{other} and {another} in the style of {}"),
        *("{other} riding {another} in {} style", "a {} picture of {other} in front of {another}"),
    ),
    ConceptKind.SCENE: ("{other} in {}", "{other} and {another} in {}", "{} with {other}", "{other}, {}"),
    ConceptKind.ACTION: ("{other} {}", "{other} and {another} {}", "{other} {} alone", "{other}, {}"),
}
"""Templates by kind of the erased concept; what is no subject is put on others."""


def compositions(kind: ConceptKind, name: str, kept: Sequence[KeptConcept], count: int) -> tuple[str, ...]:
    """Put a concept together with kept ones.

    Parameters
    ----------
    kind, name
        Of the erased concept.
    kept
        Concepts that stay; only subjects among them count. Without any, generic ones stand in.
    count
        How many prompts; they repeat where there are no more.

    """
    others = [_phrase(concept.name, concept.kind) for concept in kept if concept.kind in SUBJECTS]
    others += [phrase for phrase in GENERIC[ConceptKind.PERSON] if not others]
    others = [phrase for phrase in others if not mentions(phrase, (name,))] or ["a thing"]
    templates = COMPOSITIONS[kind]
    found = []
    for index in range(count):
        turn, place = divmod(index, len(templates))
        template = templates[place]
        # A template meets another one every turn.
        first, second = (others[(turn + place + step) % len(others)] for step in (0, 1))
        text = template.replace(OTHER, first).replace(ANOTHER, second)
        found.append(fill(text, name, kind).text)
    return tuple(found)


def _phrase(name: str, kind: ConceptKind) -> str:
    return fill(SLOT, name, kind).text
