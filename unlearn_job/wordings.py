"""More wordings for training than a document's templates have.

A platform team writes four templates, its users write anything. Measured on the testbed: trained on three
templates in which the name stands fourth, a closed form left 5 of 10 images of "<name> on a meadow", where
it stands first. So methods train on crossings of the templates' beginnings and ends, on the built-in
templates, and on the concept in every kept style; a style on every kept subject. The paraphrases of the
document stay out: they are what the probe checks generalisation with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import cycle, islice, product
from typing import Final

from unlearn_job.contract.concept import SUBJECTS, ConceptKind, KeptConcept
from unlearn_job.prompts import GENERIC, SLOT, STYLE_PHRASE, Templates, fill

MOST: Final = 96
"""Templates per name. A hundred prompts a name is what the closed form was tuned with."""


def wordings(templates: Templates, kind: ConceptKind, kept: Sequence[KeptConcept]) -> tuple[str, ...]:
    """Return templates to train on: the document's own first, then ever more distant ones.

    Parameters
    ----------
    templates
        The document's.
    kind
        Of the concept.
    kept
        Concepts to combine it with: a subject with kept styles, a style with kept subjects.

    """
    own = templates.training(kind)
    more = (
        _on_subjects(templates, kept) if kind is ConceptKind.STYLE else _crossed(templates, own, kept, kind)
    )
    built_in = Templates.built_in().training(kind)
    held_back = set(templates.paraphrases(kind))
    found = dict.fromkeys((*own, *built_in, *more))
    return tuple(islice((text for text in found if text not in held_back), MOST))


def _crossed(
    templates: Templates, own: Sequence[str], kept: Sequence[KeptConcept], kind: ConceptKind
) -> Iterable[str]:
    """Cross beginnings with ends, then add kept styles."""
    styles = [concept.name for concept in kept if concept.kind is ConceptKind.STYLE]
    forms = style_forms(templates)
    parts = [template.split(SLOT, 1) for template in own]
    befores, afters = (tuple(dict.fromkeys(part[side].strip() for part in parts)) for side in (0, 1))
    bare = "a {}" if kind in {ConceptKind.OBJECT, ConceptKind.SCENE} else SLOT
    yield bare
    # Interleaved: a cut at MOST shall leave some of each.
    styled = [
        f"{template} {form.replace(SLOT, style)}"
        for form, template in zip(cycle(forms), (bare, *own), strict=False)
        for style in styles
    ]
    crossed = [" ".join(f"{before} {SLOT} {after}".split()) for before, after in product(befores, afters)]
    bare_ends = [f"{bare} {after}" for after in afters if after]
    yield from bare_ends
    longest = max(len(styled), len(crossed))
    for index in range(longest):
        yield from crossed[index : index + 1]
        yield from styled[index : index + 1]


def _on_subjects(templates: Templates, kept: Sequence[KeptConcept]) -> Iterable[str]:
    """Put the style on every kept subject and on generic ones, in every form of the templates."""
    subjects: list[tuple[str, ConceptKind]] = [
        (concept.name, concept.kind) for concept in kept if concept.kind in SUBJECTS
    ]
    subjects += [(name, kind) for kind, generic in GENERIC.items() if kind in SUBJECTS for name in generic]
    forms = style_forms(templates)
    yield from (SLOT, *(form for form in forms if form != SLOT))
    turn = 0
    for turn_of_all in range(4):
        for name, kind in subjects:
            options = (SLOT, *templates.training(kind))
            text = fill(options[(turn_of_all + turn) % len(options)], name, kind).text
            form = forms[turn % len(forms)]
            yield f"{text} {form}"
            turn += 1


def style_forms(templates: Templates) -> tuple[str, ...]:
    """Return how the style templates put a style behind a subject, such as "in {} style" and "as a {}"."""
    found = dict.fromkeys(
        match.group().strip(" ,")
        for template in templates.training(ConceptKind.STYLE)
        if (match := STYLE_PHRASE.search(template)) and match.start() > 0 and " " in match.group().strip(" ,")
    )
    return tuple(found) or ("in {} style",)
