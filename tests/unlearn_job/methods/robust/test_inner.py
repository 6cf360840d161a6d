from __future__ import annotations

import pytest

from tests.unlearn_job.methods.robust.erased import FEW, KEPT, erasing, trained
from unlearn_job.erasing import Pair
from unlearn_job.methods.robust.config import Config
from unlearn_job.methods.robust.inner import Searching
from unlearn_job.methods.robust.nearness import Nearness
from unlearn_job.prompts import Prompt, mentions

pytestmark = pytest.mark.torch


def _searching() -> Searching:
    models = trained()
    own = erasing()
    return Searching(
        own,
        Nearness(models.start_encoder, models.tokenizer, own),
        models.tokenizer,
        Config.model_validate(FEW),
    )


@pytest.fixture(scope="module")
def found() -> tuple[Pair, ...]:
    return _searching().found(trained().start_encoder, seed=1)


def test_on_an_encoder_that_knows_the_concept_a_search_finds_its_words(found: tuple[Pair, ...]) -> None:
    phrases = {pair.own.phrase for pair in found}
    assert "comet" in phrases, "the core of what was found: the name's own word draws it"
    instead = [pair for pair in found if pair.own.phrase != "captain comet"]
    assert not [pair for pair in instead if mentions(pair.own.text, ("captain comet", "comet man"))]


def test_names_of_what_is_kept_are_never_found(found: tuple[Pair, ...]) -> None:
    assert not [pair for pair in found if mentions(pair.own.phrase, [kept.name for kept in KEPT])]


def test_what_is_found_acts_like_the_anchor_in_the_same_surroundings(found: tuple[Pair, ...]) -> None:
    for pair in found:
        if pair.own.phrase == "captain comet":  # words around the name stay what they are
            assert pair.anchor.text == pair.own.text.replace("captain comet", "a figure")
        else:
            assert mentions(pair.anchor.text, ["a figure", "figure"])


def test_the_same_seed_finds_the_same(found: tuple[Pair, ...]) -> None:
    assert _searching().found(trained().start_encoder, seed=1) == found


def test_a_phrase_is_cut_to_what_is_still_the_concept() -> None:
    searching = _searching()
    assert searching._core(trained().start_encoder, "boat comet the", ()) == "comet"
    assert searching.nearness.of(trained().start_encoder, [Prompt("", "comet", "")])[0] < 1
