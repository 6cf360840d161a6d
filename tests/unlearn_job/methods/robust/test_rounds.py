from __future__ import annotations

import json

import pytest

from unlearn_job.erasing import Pair
from unlearn_job.methods.checkpoint import Saved, StateMismatchError
from unlearn_job.methods.robust.config import Config
from unlearn_job.methods.robust.found import Found
from unlearn_job.methods.robust.rounds import Rounds
from unlearn_job.prompts import Prompt

pytestmark = pytest.mark.torch
DIGEST = "a" * 64
SETTINGS = Config(rounds=4, patience=2)


def found(*phrases: str) -> Found:
    return Found(goes=tuple(Pair(Prompt("", phrase, ""), Prompt("", "a figure", "")) for phrase in phrases))


def behind(*searches: tuple[str, ...]) -> Rounds:
    """Return the state behind searches that found these phrases, one after the other."""
    rounds = Rounds.fresh([DIGEST])
    for phrases in searches:
        assert not rounds.over(SETTINGS)
        rounds = rounds.after({DIGEST: found(*phrases)})
    return rounds


def told(rounds: Rounds) -> set[str]:
    return {pair.own.phrase for pair in rounds.told(SETTINGS)[DIGEST].goes}


def test_an_edit_is_told_all_that_was_found_before() -> None:
    assert told(behind(("a",), ("b", "a"))) == {"a", "b"}


@pytest.mark.parametrize(
    ("searches", "kept"),
    [
        ((("a",), ("b", "c"), ("d", "e"), ("f", "g", "h")), set[str]()),
        ((("a", "b"), ("c",), ("d", "e"), ("f", "g")), {"a", "b"}),
        ((("a", "b"), ("c",), ("d",), ("e", "f")), {"a", "b", "c"}),
        ((("a", "b"), ("c", "d"), ("e",), ("a", "b")), {"a", "b", "c", "d", "e"}),
    ],
    ids=["the first", "one between", "the latest of equals", "the last, in which nothing is new"],
)
def test_where_rounds_run_out_the_edit_is_kept_in_which_least_was_found(
    searches: tuple[tuple[str, ...], ...], kept: set[str]
) -> None:
    rounds = behind(*searches)
    assert rounds.over(SETTINGS)
    assert told(rounds) == kept


def test_an_edit_counts_by_the_search_that_found_something_in_it() -> None:
    rounds = behind((), ("a", "b"), ("c",), ("d", "e", "f"))
    assert told(rounds) == {"a", "b"}, "the first edit's first search alone found nothing"


def test_rounds_end_when_searches_in_a_row_find_nothing_new() -> None:
    rounds = behind(("a",), ("a",), ())
    assert rounds.over(SETTINGS)
    assert told(rounds) == {"a"}


def test_a_single_edit_is_not_searched() -> None:
    assert Rounds.fresh([DIGEST]).over(Config(rounds=1))


def test_a_state_is_read_as_it_was_saved() -> None:
    for rounds in (behind(()), behind(("a",), ("b", "c"))):
        saved = rounds.saved()
        plain = Saved(saved.step, {}, json.loads(json.dumps(saved.figures)))
        assert Rounds.of(plain) == rounds


@pytest.mark.parametrize(
    "figures", [{}, {"known": {DIGEST: {"goes": [{}], "stays": [], "opened": []}}, "best": {}}]
)
def test_a_state_that_is_none_of_its_own_is_refused(figures: dict[str, object]) -> None:
    with pytest.raises(StateMismatchError):
        Rounds.of(Saved(1, {}, figures))
