from __future__ import annotations

import pytest

from tests.unlearn_job import tiny
from unlearn_job.contract.concept import Concept, ConceptKind, KeptConcept
from unlearn_job.erasing import anchor_of, erased_names, erasings, phrase_states, usable
from unlearn_job.prompts import Templates, fill

pytestmark = pytest.mark.torch


def _anchor(concept: Concept, *kept: KeptConcept) -> str | None:
    erasure = tiny.erasure(concept, *kept)
    return anchor_of(
        erasure,
        kept,
        (concept.name, *concept.aliases),
        Templates.built_in(),
        encoder=tiny.encoder(),
        tokenizer=tiny.tokenizer(),
    )


def test_the_documents_anchor_wins() -> None:
    assert _anchor(tiny.COMET, tiny.WHALE) == "a figure"


def test_without_an_anchor_the_nearest_kept_concept_of_the_kind_is_taken() -> None:
    comet = Concept(name="captain comet", kind=ConceptKind.CHARACTER)
    lantern = KeptConcept(name="lady lantern", kind=ConceptKind.CHARACTER)
    kept = (tiny.FISH, lantern, tiny.WHALE)
    prompts = [fill("a picture of {}", c.name, c.kind) for c in (comet, lantern, tiny.WHALE)]
    states = phrase_states(tiny.encoder(), tiny.tokenizer(), prompts)
    to_lantern, to_whale = ((states[i] - states[0]).norm() for i in (1, 2))
    nearest = "lady lantern" if to_lantern < to_whale else "captain whale"
    assert _anchor(comet, *kept) == nearest


def test_without_kept_concepts_of_the_kind_it_is_a_generic_subject() -> None:
    assert _anchor(tiny.CAT, tiny.WHALE) == "a thing"


def test_a_style_turns_into_no_style() -> None:
    assert _anchor(tiny.SKETCH, tiny.MOSAIC) is None
    doc = tiny.document(tiny.erasure(tiny.SKETCH, tiny.MOSAIC))
    (erasing,) = erasings(doc, Templates.built_in(), tiny.encoder(), tiny.tokenizer(), (tiny.MOSAIC,))
    assert ("a cat in pencil sketch style", "a cat") in [(p.own.text, p.anchor.text) for p in erasing.pairs]


def test_aliases_are_paired_too_and_paraphrases_are_not() -> None:
    doc = tiny.document(tiny.erasure(tiny.COMET))
    templates = Templates.built_in()
    (erasing,) = erasings(doc, templates, tiny.encoder(), tiny.tokenizer(), ())
    assert {pair.own.phrase for pair in erasing.pairs} == {"captain comet", "comet man"}
    kind = ConceptKind.CHARACTER
    held_back = {fill(t, "captain comet", kind).text for t in templates.paraphrases(kind)}
    assert not held_back & {pair.own.text for pair in erasing.pairs}


def test_plain_prompts_say_the_name_in_the_documents_own_templates() -> None:
    templates = Templates({**Templates.built_in().by_kind, ConceptKind.CHARACTER: ("look: {}", "{} here")})
    doc = tiny.document(tiny.erasure(tiny.COMET))
    (erasing,) = erasings(doc, templates, tiny.encoder(), tiny.tokenizer(), ())
    assert [p.text for p in erasing.plain] == ["look: captain comet", "captain comet here"]
    assert len(erasing.pairs) > 2 * len(erasing.plain)


def test_the_parents_names_are_erased_names() -> None:
    doc = tiny.document(tiny.erasure(tiny.COMET), holds=(tiny.erasure(tiny.CAT),))
    assert erased_names(doc) == ("captain comet", "comet man", "cat", "kitty")


def test_templates_that_mention_another_erased_name_are_left_out() -> None:
    assert usable(("a cat in {} style", "{} art"), ("cat",)) == ("{} art",)
    assert usable(("a cat in {} style",), ("cat",)) == ("a cat in {} style",)
