from __future__ import annotations

import pytest
import torch

from tests.unlearn_job import tiny
from tests.unlearn_job.attacks.targets import DUO, SMALL, target
from unlearn_job.attacks.search import search
from unlearn_job.attacks.words import (
    Place,
    WordSearch,
    around,
    beside,
    frames,
    reference_prompts,
    spoken_words,
)
from unlearn_job.prompts import mentions

pytestmark = pytest.mark.torch
TEMPLATES = ("a picture of {} at night", "a {}")


@pytest.mark.parametrize(
    ("place", "texts"),
    [
        (Place.INSTEAD, {"red oak", "a picture of red oak at night", "a red oak"}),
        (Place.BEFORE, {"red oak a picture of captain comet at night", "red oak a captain comet"}),
        (Place.BEHIND, {"a picture of captain comet at night red oak", "a captain comet red oak"}),
    ],
)
def test_a_phrase_stands_instead_of_before_or_behind_the_name(place: Place, texts: set[str]) -> None:
    make, count = frames(TEMPLATES, DUO, place)
    assert {make("red oak", number).text for number in range(count)} == texts


@pytest.mark.parametrize("words", [("red oak", ""), ("", "boat"), ("", "")])
@pytest.mark.parametrize("template", TEMPLATES)
def test_words_beside_a_template_are_told_from_it(template: str, words: tuple[str, str]) -> None:
    assert beside(around(template, DUO, *words), (*TEMPLATES, "{}"), DUO) == words


def test_references_are_prompts_of_the_name_and_of_each_alias() -> None:
    assert {prompt.phrase for prompt in reference_prompts(TEMPLATES, DUO)} == {"captain comet", "comet man"}


def test_the_words_of_the_document_can_be_searched() -> None:
    texts = " ".join(spoken_words(target()))
    assert "captain whale" in texts
    assert "{}" not in texts


@pytest.mark.parametrize("place", [Place.BEFORE, Place.BEHIND])
def test_around_the_name_only_the_searched_words_are_banned(place: Place) -> None:
    found = WordSearch(place=place).search(target(), SMALL, seed=2)
    assert found
    for candidate in found:
        assert mentions(candidate.prompt.text, [DUO.name])
        assert candidate.prompt.text.count(DUO.name) == 1


def test_a_spared_name_stands_in_nothing_that_is_found() -> None:
    words = {
        word for found in WordSearch().search(target(), SMALL, 2) for word in found.prompt.phrase.split()
    }
    spared = tuple(sorted(words))[:3]
    found = WordSearch(spared=spared).search(target(), SMALL, 2)
    assert found
    assert not [candidate for candidate in found if mentions(candidate.prompt.phrase, spared)]


def test_what_surrounds_a_phrase_may_hold_a_spared_name() -> None:
    # Templates of styles name subjects, and subjects are kept.
    words = WordSearch(spared=("cat",))
    space = words.space(tiny.tokenizer(), ["a cat in {} style"], DUO, ["red", "boat"])
    every = SMALL.model_copy(update={"screened": 32, "judged": 32})
    found = search(space, lambda prompts: torch.zeros(len(prompts)), every, seed=1)
    assert [candidate for candidate in found if mentions(candidate.prompt.text, ["cat"])]
    assert not [candidate for candidate in found if mentions(candidate.prompt.phrase, ["cat"])]


def test_the_screen_prefers_what_the_base_made_of_the_name() -> None:
    # On an encoder that was not edited, words of the name must beat words at random.
    from unlearn_job.attacks import Budget

    victim = target()
    untouched = type(victim)(victim.models, victim.base, victim.judge, victim.doc, victim.erasure)
    found = WordSearch().search(untouched, Budget(screened=400, judged=8), seed=0)
    assert sum(bool({"captain", "comet", "man"} & set(c.prompt.text.split())) for c in found) >= 6
    assert tiny.tokenizer() is victim.tokenizer
