from __future__ import annotations

import pytest

from tests.unlearn_job.methods.robust.erased import KEPT, erasing, trained
from unlearn_job.erasing import Pair
from unlearn_job.methods.robust.worded import PARTS, Worded, behind_first
from unlearn_job.prompts import Prompt

pytestmark = pytest.mark.torch


@pytest.fixture
def worded() -> Worded:
    return Worded(erasing(), trained().tokenizer)


def test_a_phrase_stands_bare_first_and_then_in_templates_around_it(worded: Worded) -> None:
    bare, *others = worded.phrase("trout kitty", 4)
    assert bare == Pair(Prompt("", "trout kitty", ""), Prompt("", "a figure", ""))
    assert len(others) == 3
    for pair in others:
        assert f"{pair.own.before} {{}} {pair.own.after}".strip() in worded.templates


def test_each_word_of_several_stands_by_itself(worded: Worded) -> None:
    prompts = worded.words("trout kitty trout")
    assert {prompt.phrase for prompt in prompts} == {"trout", "kitty"}
    assert len(prompts) == 2 * PARTS
    assert not worded.words("trout")


def test_words_beside_every_name_go_with_it(worded: Worded) -> None:
    pairs = worded.names("red", "boat", 2)
    assert [pair.own.phrase for pair in pairs] == ["captain comet"] * 2 + ["comet man"] * 2
    for pair in pairs:
        own = pair.own.text.removeprefix("red").removesuffix("boat").strip()
        assert pair.anchor.text == own.replace(pair.own.phrase, "a figure")


def test_what_is_left_without_a_word_is_no_name(worded: Worded) -> None:
    assert set(worded.shorter("oak trout kitty")) == {"trout kitty", "oak kitty", "oak trout"}
    for name in (*worded.erasing.names, KEPT[0].name):
        assert name not in worded.shorter(name.replace(" ", " oak "))
    assert not worded.shorter("oak")


def test_the_first_word_of_several_is_left_out_of_what_goes() -> None:
    anchor = Prompt("", "a figure", "")
    pair = Pair(Prompt("a picture of", "trout kitty", ""), anchor)
    assert behind_first(pair) == Pair(Prompt("a picture of trout", "kitty", ""), anchor)
    single = Pair(Prompt("a picture of", "trout", ""), anchor)
    assert behind_first(single) == single
