from __future__ import annotations

import pytest

from unlearn_job.contract.concept import ConceptKind, KeptConcept
from unlearn_job.prompts import Templates
from unlearn_job.wordings import MOST, style_forms, wordings

KEPT = (
    KeptConcept(name="captain whale", kind=ConceptKind.CHARACTER),
    KeptConcept(name="fish"),
    KeptConcept(name="mosaic", kind=ConceptKind.STYLE),
)
FOUR = ("a drawing of {}", "a picture of {} on paper", "an image of {} at night", "{} on a meadow")
STYLES = ("a cat in {} style", "a house as a {}", "a {} picture of a fish", "a tree in {} style")
TEMPLATES = Templates(
    {
        **Templates.built_in().by_kind,
        ConceptKind.CHARACTER: FOUR,
        ConceptKind.OBJECT: FOUR,
        ConceptKind.STYLE: STYLES,
    }
)


@pytest.mark.parametrize("kind", ConceptKind)
def test_the_documents_own_templates_come_first_and_its_paraphrases_never(kind: ConceptKind) -> None:
    found = wordings(TEMPLATES, kind, KEPT)
    own = TEMPLATES.training(kind)
    assert found[: len(own)] == own
    assert not set(found) & set(TEMPLATES.paraphrases(kind))
    assert len(set(found)) == len(found) <= MOST
    assert all(text.count("{}") == 1 for text in found)


def test_the_name_stands_at_the_beginning_too() -> None:
    found = wordings(TEMPLATES, ConceptKind.CHARACTER, KEPT)
    assert {"{}", "{} at night"} <= set(found)
    assert "a {}" in wordings(TEMPLATES, ConceptKind.OBJECT, KEPT)


def test_beginnings_are_crossed_with_ends() -> None:
    assert "a drawing of {} at night" in wordings(TEMPLATES, ConceptKind.CHARACTER, KEPT)


def test_subjects_are_put_into_kept_styles_and_styles_on_kept_subjects() -> None:
    assert "{} in mosaic style" in wordings(TEMPLATES, ConceptKind.CHARACTER, KEPT)
    styled = wordings(TEMPLATES, ConceptKind.STYLE, KEPT)
    assert any("captain whale" in text for text in styled)
    assert any("a fish" in text for text in styled)


def test_forms_of_styles_are_read_from_the_templates() -> None:
    assert style_forms(TEMPLATES) == ("in {} style", "as a {}")
    assert style_forms(Templates({**TEMPLATES.by_kind, ConceptKind.STYLE: ("{} art",)})) == ("in {} style",)
