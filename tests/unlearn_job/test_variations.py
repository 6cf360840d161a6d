from __future__ import annotations

import functools

import pytest
from structlog.testing import capture_logs

from tests.unlearn_job.methods.robust.erased import erasing, trained
from unlearn_job.erasing import Erasing
from unlearn_job.nearness import NEAR, Nearness
from unlearn_job.prompts import Prompt
from unlearn_job.variations import BESIDE, KEPT, MOST_WORDS, Variations

pytestmark = pytest.mark.torch

WORDS = ("meadow", "house", "peter", "neon")


STAYS = (
    *(Prompt(f"a picture {number} of", "fish", "on paper") for number in range(KEPT + 4)),
    Prompt("a", "house", ""),
    Prompt("", "", ""),
)


def variations(words: tuple[str, ...] = WORDS, taken: tuple[str, ...] = (), seed: int = 0) -> Variations:
    models = trained()
    return Variations(models.start_encoder, models.tokenizer, words=words, taken=taken, seed=seed)


@functools.cache
def widened(words: tuple[str, ...] = WORDS, taken: tuple[str, ...] = (), seed: int = 0) -> Erasing:
    return variations(words, taken, seed).widened(erasing(), _nearness())


@functools.cache
def _nearness() -> Nearness:
    return Nearness(trained().start_encoder, trained().tokenizer, erasing())


def test_words_beside_a_name_stand_beside_its_anchor_too() -> None:
    named = [pair for pair in widened().varied if pair.own.phrase == "captain comet"]
    assert 0 < len(named) <= BESIDE
    assert max(_beside(pair.own) for pair in named) > MOST_WORDS // 2
    for pair in named:
        assert 1 <= _beside(pair.own) <= MOST_WORDS
        assert (pair.own.before, pair.own.after) == (pair.anchor.before, pair.anchor.after)
        assert pair.anchor.phrase == "a figure"


def _beside(prompt: Prompt) -> int:
    return sum(word in WORDS for word in f"{prompt.before} {prompt.after}".split())


def test_what_stays_gets_words_beside_it_too() -> None:
    found = variations().kept(STAYS)
    assert {prompt.phrase for prompt in found} == {"fish", "house"}
    assert len([prompt for prompt in found if prompt.phrase == "fish"]) == KEPT
    assert all(1 <= _beside(prompt) <= MOST_WORDS for prompt in found)
    assert found == variations().kept(STAYS)
    assert found != variations(seed=1).kept(STAYS)
    assert variations(words=()).kept(STAYS) == ()


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
    found = variations(taken=("captain whale",)).widened(erasing(), _nearness(), ("captain",)).varied
    pairs = [pair for pair in found if pair.own.phrase == "captain"]
    assert pairs
    assert {pair.anchor.phrase for pair in pairs} == {"a figure"}
