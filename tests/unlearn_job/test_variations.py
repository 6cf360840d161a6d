from __future__ import annotations

import functools

import pytest
from structlog.testing import capture_logs

from tests.unlearn_job.methods.robust.erased import erasing, trained
from unlearn_job.erasing import Erasing
from unlearn_job.nearness import NEAR, Nearness
from unlearn_job.variations import BESIDE, Variations

pytestmark = pytest.mark.torch

WORDS = ("meadow", "house", "peter", "neon")


@functools.cache
def widened(words: tuple[str, ...] = WORDS, taken: tuple[str, ...] = (), seed: int = 0) -> Erasing:
    models = trained()
    variations = Variations(models.start_encoder, models.tokenizer, words=words, taken=taken, seed=seed)
    return variations.widened(erasing(), _nearness())


@functools.cache
def _nearness() -> Nearness:
    return Nearness(trained().start_encoder, trained().tokenizer, erasing())


def test_words_beside_a_name_stand_beside_its_anchor_too() -> None:
    named = [pair for pair in widened().varied if pair.own.phrase == "captain comet"]
    assert 0 < len(named) <= BESIDE
    for pair in named:
        assert set(WORDS) & set(pair.own.text.split())
        assert (pair.own.before, pair.own.after) == (pair.anchor.before, pair.anchor.after)
        assert pair.anchor.phrase == "a figure"


def test_phrases_in_place_of_a_name_read_like_it() -> None:
    instead = [pair.own for pair in widened().varied if pair.own.phrase not in erasing().names]
    assert any(set(prompt.phrase.split()) & {"comet", "captain"} for prompt in instead)
    ratios = _nearness().of(trained().start_encoder, instead)
    assert float(ratios.max()) < NEAR


def test_phrases_that_go_with_a_name_are_told() -> None:
    with capture_logs() as lines:
        found = widened.__wrapped__()
    (line,) = lines
    assert line["concept"] == "captain comet"
    told = set(line["phrases"].split(" | "))
    assert told == {pair.own.phrase for pair in found.varied} - {*found.names}


def test_what_is_preserved_stands_in_none_of_them() -> None:
    assert not [pair for pair in widened(taken=("peter",)).varied if "peter" in pair.own.text.split()]


def test_the_same_seed_gives_the_same_and_pairs_stay() -> None:
    assert widened.__wrapped__() == widened()
    assert widened(seed=1) != widened()
    assert widened().pairs == erasing().pairs
    assert widened().training == (*erasing().pairs, *widened().varied)


def test_without_words_only_slips_and_orders_are_left() -> None:
    assert not [pair for pair in widened(words=()).varied if pair.own.phrase == "captain comet"]


def test_a_word_that_draws_the_concept_alone_turns_into_the_anchor() -> None:
    models = trained()
    variations = Variations(
        models.start_encoder, models.tokenizer, words=WORDS, taken=("captain whale",), seed=0
    )
    pairs = [
        p
        for p in variations.widened(erasing(), _nearness(), ("captain",)).varied
        if p.own.phrase == "captain"
    ]
    assert pairs
    assert {pair.anchor.phrase for pair in pairs} == {"a figure"}
