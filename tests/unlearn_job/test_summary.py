from __future__ import annotations

from unlearn_job.contract.figures import ErasureFigures, Figures, RetentionFigures, Tally
from unlearn_job.contract.result import JobResult, Outcome
from unlearn_job.summary import summary


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
    lines = summary(result).splitlines()
    assert lines[0] == "GateFailed: release aaaaaaaaaa"
    assert lines[1].startswith("  erasure dddddddddd: still shown by 1 of 64 images (at most 8.3 %)")
    assert lines[-2:] == ["  seconds: load 3", "  broken"]


def test_a_concept_that_is_not_there_is_said_on_one_line() -> None:
    result = JobResult(key="a" * 64, outcome=Outcome.NOT_PRESENT, message="the base model does not draw cat")
    assert summary(result) == "NotPresent: release aaaaaaaaaa not built: the base model does not draw cat"
