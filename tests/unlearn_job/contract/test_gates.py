from __future__ import annotations

import pytest

from unlearn_job.contract.figures import ErasureFigures, Figures, RetentionFigures, Tally
from unlearn_job.contract.gates import Gates, ResidualGate, RetentionGate, broken_gates

GATES = Gates(residual=ResidualGate(max_percent=10), retention=RetentionGate(min_percent=95))


def kept(base: int, erased: int) -> RetentionFigures:
    return RetentionFigures(base=Tally(hits=base, samples=100), erased=Tally(hits=erased, samples=100))


def figures(*, images: int = 0, clips: int = 0, preserved: int = 100, holdout: int = 100) -> Figures:
    return Figures(
        erasures=(
            ErasureFigures(
                digest="d" * 64,
                base=Tally(hits=64, samples=64),
                images=Tally(hits=images, samples=64),
                clips=Tally(hits=clips, samples=40),
            ),
        ),
        preserved=kept(100, preserved),
        holdout=kept(100, holdout),
        neighbours=kept(100, 0),
    )


CASES = [
    ({}, []),
    # 2 of 64 is 3.1 %, and its upper bound 10.7 %: the bound counts, not the rate.
    ({"images": 1}, []),
    ({"images": 2}, ["residual of dddddddddd in images"]),
    ({"clips": 1}, ["residual of dddddddddd in clips"]),
    ({"preserved": 95}, []),
    ({"preserved": 94}, ["retention of preserved"]),
    ({"holdout": 94}, ["retention of holdout"]),
    ({"images": 64, "holdout": 0}, ["residual of dddddddddd in images", "retention of holdout"]),
]


@pytest.mark.parametrize(("given", "expected"), CASES, ids=[str(given) for given, _ in CASES])
def test_each_broken_gate_is_one_sentence(given: dict[str, int], expected: list[str]) -> None:
    broken = broken_gates(GATES, figures(**given))
    assert len(broken) == len(expected)
    for sentence, start in zip(broken, expected, strict=True):
        assert sentence.startswith(start)


def test_without_samples_the_residual_gate_is_broken() -> None:
    empty = Tally(hits=0, samples=0)
    unknown = ErasureFigures(digest="d" * 64, base=empty, images=empty, clips=empty)
    assert len(broken_gates(GATES, figures().model_copy(update={"erasures": (unknown,)}))) == 2


def test_forty_clips_without_a_hit_hold_the_default_gate() -> None:
    assert not broken_gates(Gates(), figures())


def test_the_stricter_bound_of_each_wins() -> None:
    other = Gates(residual=ResidualGate(max_percent=20), retention=RetentionGate(min_percent=99))
    both = Gates(residual=ResidualGate(max_percent=10), retention=RetentionGate(min_percent=99))
    assert GATES.stricter(other) == other.stricter(GATES) == both
