from __future__ import annotations

import pytest

from unlearn_job.contract.figures import ErasureFigures, Figures, RetentionFigures, Tally, WorstFigures
from unlearn_job.contract.result import JobResult, Outcome
from unlearn_job.summary import figure_lines, summary


def test_a_summary_tells_a_person_what_counts() -> None:
    tally = Tally(hits=1, samples=64)
    kept = RetentionFigures(base=tally, erased=tally)
    figures = Figures(
        erasures=(ErasureFigures(digest="d" * 64, base=tally, images=tally, clips=tally),),
        preserved=kept,
        holdout=kept,
        neighbours=kept,
    )
    result = JobResult(
        key="a" * 64, outcome=Outcome.GATE_FAILED, figures=figures, seconds={"load": 3}, message="broken"
    )
    lines = summary(result, {"d" * 64: "cat"}).splitlines()
    assert lines[0] == "GateFailed: release aaaaaaaaaa"
    assert lines[1].startswith("  cat (dddddddddd): still shown by 1 of 64 images (at most 8.3 %)")
    assert lines[-2:] == ["  seconds: load 3", "  broken"]


@pytest.mark.parametrize(
    ("erased", "sentence"),
    [
        (12, "  worst single concept: fish, 12 of 24 images against 24 of 24 at base, down 50.0 points"),
        (24, "  worst single concept: fish, 24 of 24 images against 24 of 24 at base, nothing lost"),
    ],
)
def test_the_concept_that_lost_most_is_named_after_the_means_that_hide_it(erased: int, sentence: str) -> None:
    tally = Tally(hits=24, samples=24)
    kept = RetentionFigures(base=tally, erased=tally)
    worst = WorstFigures(concept="fish", base=tally, erased=Tally(hits=erased, samples=24))
    figures = Figures(erasures=(), preserved=kept, holdout=kept, neighbours=kept, worst=worst)
    assert figure_lines(figures, {})[-1] == sentence


def test_a_concept_that_is_not_there_is_said_on_one_line() -> None:
    result = JobResult(key="a" * 64, outcome=Outcome.NOT_PRESENT, message="the base model does not draw cat")
    assert summary(result, {}) == "NotPresent: release aaaaaaaaaa not built: the base model does not draw cat"


def test_where_nothing_that_stays_was_named_no_share_is_claimed() -> None:
    some, none = Tally(hits=24, samples=24), Tally(hits=0, samples=0)
    kept, nothing = (RetentionFigures(base=tally, erased=tally) for tally in (some, none))
    figures = Figures(erasures=(), preserved=kept, holdout=nothing, neighbours=nothing)
    assert figure_lines(figures, {}) == [
        "  preserved: 100.0 % of 24 base images kept",
        "  holdout: none was named, and nothing measured",
        "  neighbours: none was named, and nothing measured",
    ]
