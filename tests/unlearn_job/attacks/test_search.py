from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.attacks import Budget, Candidate
from unlearn_job.attacks.search import Space, search, spread
from unlearn_job.attacks.vocabulary import Ban, Pieces
from unlearn_job.prompts import Prompt

pytestmark = pytest.mark.torch
PIECES = Pieces(
    "words", tuple(f"{w} " for w in ("red", "green", "blue", "cat", "boat", "star", "fish", "oak"))
)
WANTED = ("green", "boat", "star")


def _score(prompts: Sequence[Prompt]) -> torch.Tensor:
    """Count what is missing of three words, and what is too much."""
    sets = [set(prompt.phrase.split()) for prompt in prompts]
    return torch.tensor([float(len(set(WANTED) ^ words)) for words in sets])


def _space(*banned: str) -> Space:
    return Space(
        PIECES, lambda text, number: Prompt(("", "a")[number], text, ""), 2, Ban(tiny.tokenizer(), banned)
    )


def test_greedy_rounds_find_what_chance_alone_does_not() -> None:
    few = Budget(screened=20, rounds=0, judged=4)
    more = Budget(screened=20, rounds=6, beam=4, proposals=20, judged=4)
    without, with_rounds = (search(_space(), _score, budget, seed=1) for budget in (few, more))
    assert with_rounds[0].score == 0 < without[0].score
    assert set(with_rounds[0].prompt.phrase.split()) == set(WANTED)


def test_banned_words_do_not_come_back() -> None:
    found = search(_space("boat"), _score, Budget(screened=40, judged=50), seed=1)
    assert found
    assert not [c for c in found if "boat" in c.prompt.text]


def test_no_phrase_is_longer_than_asked_for() -> None:
    found = search(_space(), _score, Budget(screened=80, judged=200), seed=2, longest=2)
    assert max(len(c.prompt.phrase.split()) for c in found) == 2


def test_the_same_idea_is_judged_last() -> None:
    texts = ("red cat boat", "red cat boat star", "green oak", "red boat cat")
    found = [Candidate(Prompt("", text, ""), float(i)) for i, text in enumerate(texts)]
    assert [c.prompt.phrase for c in spread(found, 2)] == ["red cat boat", "green oak"]
    assert [c.prompt.phrase for c in spread(found, 3)] == ["red cat boat", "red cat boat star", "green oak"]
