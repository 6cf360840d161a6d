from __future__ import annotations

import pytest

from unlearn_job.contract.figures import (
    AttackFigures,
    ErasureFigures,
    Figures,
    RetentionFigures,
    Tally,
    WorstFigures,
)
from unlearn_job.contract.gates import AttackGate, Gates, ResidualGate, RetentionGate, broken_gates

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


def attacked(hits: int, digest: str = "d" * 64) -> Figures:
    found = AttackFigures(
        digest=digest,
        attack="words",
        base=Tally(hits=0, samples=120),
        edited=Tally(hits=hits, samples=120),
    )
    return figures().model_copy(update={"attacks": (found,)})


ATTACKED = GATES.model_copy(update={"attack": AttackGate(max_percent=5)})


@pytest.mark.parametrize(
    ("hits", "start"), [(0, None), (1, None), (6, "attack words on dddddddddd: 6 of 120")]
)
def test_the_bound_of_the_strongest_attack_counts(hits: int, start: str | None) -> None:
    broken = broken_gates(ATTACKED, attacked(hits))
    assert [sentence[: len(start or "")] for sentence in broken] == ([start] if start else [])


def test_who_was_not_attacked_does_not_hold_the_gate() -> None:
    for unknown in (figures(), attacked(0, digest="e" * 64)):
        (sentence,) = broken_gates(ATTACKED, unknown)
        assert sentence.startswith("attacks on dddddddddd: none")
    assert not broken_gates(GATES, attacked(120)), "nobody asked"


def test_inversion_counts_for_a_gate_that_asks_for_it_alone() -> None:
    (text,) = attacked(0).attacks or ()
    soft = text.model_copy(update={"attack": "inversion", "edited": Tally(hits=120, samples=120)})
    both, asked = figures().model_copy(update={"attacks": (text, soft)}), AttackGate(inversion=True)
    gates = GATES.model_copy(update={"attack": asked})
    assert not broken_gates(ATTACKED, both)
    (sentence,) = broken_gates(gates, both)
    assert sentence.startswith("attack inversion on dddddddddd: 120 of 120")
    (sentence,) = broken_gates(gates, attacked(0))
    assert sentence.startswith("inversion on dddddddddd: none")
    assert Gates(attack=asked).stricter(ATTACKED).attack == AttackGate(max_percent=5, inversion=True)


def test_attacks_are_asked_for_by_either_and_the_stricter_bound_wins() -> None:
    assert Gates().stricter(Gates()).attack is None
    for one, other in ((None, 5), (5, None), (5, 20), (20, 5)):
        gates = [Gates(attack=None if p is None else AttackGate(max_percent=p)) for p in (one, other)]
        assert gates[0].stricter(gates[1]).attack == AttackGate(max_percent=5)


def test_documents_and_results_without_attacks_are_what_they_were() -> None:
    assert "attack" not in Gates().to_json()
    assert "attack" not in figures().to_json()


def losing(base: int, erased: int, samples: int = 24) -> Figures:
    worst = WorstFigures(
        concept="boat",
        base=Tally(hits=base, samples=samples),
        erased=Tally(hits=erased, samples=samples),
    )
    return figures().model_copy(update={"worst": worst})


@pytest.mark.parametrize(
    ("base", "erased", "samples", "holds"),
    [
        (24, 24, 24, True),
        (24, 18, 24, True),  # 25 points are allowed
        (24, 17, 24, False),
        (24, 0, 24, False),
        (6, 0, 24, True),  # the base hardly drew it: 25 points, and no more to lose
        (23, 0, 23, True),  # too few images to say so of one concept
    ],
)
def test_no_single_kept_concept_may_be_lost_behind_the_mean(
    base: int, erased: int, samples: int, *, holds: bool
) -> None:
    broken = broken_gates(Gates(), losing(base, erased, samples))
    assert (broken == ()) is holds
    assert all(
        sentence.startswith(f"retention of boat: {erased} of {samples} against") for sentence in broken
    )


def test_the_smaller_drop_wins() -> None:
    gates = [Gates(retention=RetentionGate(max_drop_points=points)) for points in (10, 40)]
    assert gates[0].stricter(gates[1]) == gates[1].stricter(gates[0]) == gates[0]
    assert broken_gates(gates[0], losing(24, 20))
    assert not broken_gates(gates[1], losing(24, 15))
