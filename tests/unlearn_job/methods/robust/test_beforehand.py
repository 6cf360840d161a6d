from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from tests.unlearn_job.methods.robust.erased import KEPT, erasing, trained
from unlearn_job.attacks.words import beside
from unlearn_job.contract.concept import Concept, Erasure
from unlearn_job.methods.robust.beforehand import MOST, beforehand, drawn, surrounded
from unlearn_job.methods.robust.config import Config
from unlearn_job.methods.robust.found import Found
from unlearn_job.methods.robust.worded import Worded
from unlearn_job.methods.task import Shows, Task
from unlearn_job.prompts import Prompt, mentions

pytestmark = pytest.mark.torch
COUNT = 600


@pytest.fixture(scope="module")
def worded() -> Worded:
    return Worded(erasing(), trained().tokenizer)


@pytest.fixture(scope="module")
def some(worded: Worded) -> Found:
    return surrounded(worded, COUNT, seed=1)


@pytest.fixture(scope="module")
def words(worded: Worded, some: Found) -> list[tuple[str, str]]:
    """Return what stands before and behind each prompt's template."""
    concept = worded.erasing.erasure.concept
    return [beside(pair.own, worded.templates, concept) for pair in some.goes]


def _draws_comets(_erasure: Erasure, prompts: Sequence[Prompt], _seed: int) -> list[bool]:
    return [mentions(prompt.text, ["comet"]) for prompt in prompts]


def _task(shows: Shows | None = _draws_comets) -> Task:
    """Return as much of a task as is looked at."""
    return SimpleNamespace(shows=shows, seed=1)


def test_every_name_stands_among_words_on_one_side_or_both(
    worded: Worded, some: Found, words: list[tuple[str, str]]
) -> None:
    assert not some.stays
    assert len(some.goes) == COUNT
    assert {pair.own.phrase for pair in some.goes} == set(worded.erasing.names)
    sides = [(bool(before), bool(behind)) for before, behind in words]
    for side in ((True, False), (False, True), (True, True)):
        assert sides.count(side) == pytest.approx(COUNT / 3, rel=0.1), "templates end in words, too"


def test_they_act_like_the_anchor_without_the_words(worded: Worded, some: Found) -> None:
    anchors = {worded.anchor(template) for template in worded.templates}
    for pair in some.goes:
        assert pair.anchor in anchors
        longest = len(pair.anchor.text.split()) + len(pair.own.phrase.split()) + 2 * MOST
        assert len(pair.own.text.split()) < longest


def test_kept_names_stand_before_the_name_alone(words: list[tuple[str, str]]) -> None:
    kept = [concept.name for concept in KEPT]
    assert [before for before, _ in words if mentions(before, kept)]
    assert not [behind for _, behind in words if mentions(behind, kept)]


def test_words_in_place_of_the_name_go_where_the_base_draws_the_concept_and_else_stay(worded: Worded) -> None:
    found = drawn(_task(), worded, COUNT)
    assert found.goes
    assert COUNT * 0.9 < len(found.goes) + len(found.stays) <= COUNT
    assert {prompt.before for prompt in found.stays} > {"", "a picture of"}, "bare, and in templates"
    for pair in found.goes:
        assert mentions(pair.own.text, ["comet"])
        assert mentions(pair.anchor.text, ["figure"])
    assert not [prompt for prompt in found.stays if mentions(prompt.text, ["comet"])]


def test_of_those_with_a_kept_name_none_goes_and_others_stay(worded: Worded) -> None:
    def everything(_erasure: Erasure, prompts: Sequence[Prompt], _seed: int) -> list[bool]:
        return [True] * len(prompts)

    all_go = drawn(_task(everything), worded, COUNT)
    assert all_go.goes
    assert not [pair for pair in all_go.goes if mentions(pair.own.phrase, ["fish"])]
    stays = drawn(_task(), worded, COUNT).stays
    assert [prompt for prompt in stays if mentions(prompt.phrase, ["fish"])]


def test_no_phrase_in_place_of_the_name_holds_one() -> None:
    boat = Worded(erasing(Concept(name="boat", aliases=("oak",))), trained().tokenizer)
    found = drawn(_task(), boat, COUNT)
    prompts = [*found.stays, *(pair.own for pair in found.goes)]
    assert len(prompts) > COUNT / 2
    assert not [prompt for prompt in prompts if mentions(prompt.phrase, ["boat", "oak"])]


def test_without_a_judge_or_phrases_nothing_is_drawn(worded: Worded) -> None:
    assert drawn(_task(None), worded, COUNT) == Found()
    assert drawn(_task(), worded, 0) == Found()
    nothing = Config(surroundings=0, phrases=0)
    assert beforehand(_task(), worded, nothing) == Found()
    assert beforehand(_task(), worded, Config(surroundings=2, phrases=0)).goes


def test_the_seed_decides(worded: Worded, some: Found) -> None:
    assert surrounded(worded, COUNT, seed=1) == some
    assert surrounded(worded, COUNT, seed=2) != some
    assert surrounded(worded, 0, seed=1) == Found()
