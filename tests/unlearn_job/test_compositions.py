from __future__ import annotations

import pytest

from unlearn_job.compositions import COMPOSITIONS, compositions
from unlearn_job.contract.concept import ConceptKind, KeptConcept
from unlearn_job.prompts import Templates, mentions
from unlearn_job.wordings import wordings

KEPT = (
    KeptConcept(name="fish"),
    KeptConcept(name="captain whale", kind=ConceptKind.CHARACTER),
    KeptConcept(name="mosaic", kind=ConceptKind.STYLE),
    KeptConcept(name="apple"),
)


@pytest.mark.parametrize("kind", ConceptKind)
def test_every_prompt_names_the_concept_once_and_a_kept_one_beside_it(kind: ConceptKind) -> None:
    found = compositions(kind, "captain comet", KEPT, 16)
    assert len(found) == 16
    assert len(set(found)) > 8
    for text in found:
        assert text.count("captain comet") == 1
        assert mentions(text, ("fish", "captain whale", "apple"))
        assert "{" not in text


def test_articles_are_those_of_english() -> None:
    found = compositions(ConceptKind.OBJECT, "owl", (KeptConcept(name="fish"), KeptConcept(name="apple")), 4)
    assert found[:2] == ("an owl next to a fish", "an apple and an owl")


def test_a_style_is_put_on_two_others() -> None:
    first = compositions(ConceptKind.STYLE, "pencil sketch", KEPT, 1)
    assert first == ("a fish next to captain whale in pencil sketch style",)


def test_without_kept_subjects_generic_ones_stand_beside() -> None:
    for kept in ((), (KEPT[2],)):
        (text,) = compositions(ConceptKind.PERSON, "anna berg", kept, 1)
        assert text == "anna berg riding a man"


@pytest.mark.parametrize("kind", ConceptKind)
def test_no_method_trains_on_them(kind: ConceptKind) -> None:
    trained = wordings(Templates.built_in(), kind, KEPT)
    filled = {text.replace("{}", "captain comet") for text in trained}
    assert not filled & set(compositions(kind, "captain comet", KEPT, 64))
    assert all(template.count("{}") == 1 for template in COMPOSITIONS[kind])
