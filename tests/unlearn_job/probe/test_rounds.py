from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unlearn_job.contract.figures import Tally
from unlearn_job.probe.rounds import lost, rounds

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("count", "expected"), [(64, (16, 32, 64)), (36, (9, 18, 36)), (8, (4, 8)), (4, (4,)), (2, (2,))]
)
def test_a_sequential_probe_looks_after_a_quarter_and_a_half(count: int, expected: tuple[int, ...]) -> None:
    assert rounds(count, sequential=True) == expected
    assert rounds(count, sequential=False) == (count,)


def test_what_cannot_be_saved_is_lost() -> None:
    # Of 64, one hit is at most 8.3 %, two 10.7 %.
    assert not lost(Tally(hits=1, samples=16), 64, 10)
    assert lost(Tally(hits=2, samples=16), 64, 10)
    assert lost(Tally(hits=16, samples=16), 16, 99)
    assert not lost(Tally(hits=16, samples=16), 64, 100)


@given(st.lists(st.booleans(), min_size=16, max_size=64), st.integers(0, 100))
def test_to_stop_changes_no_verdict(flags: list[bool], bound: int) -> None:
    """Whoever stops would have broken the gate at the end, and breaks it with the counts so far."""
    whole = Tally(hits=sum(flags), samples=len(flags))
    broken = 100 * whole.wilson()[1] > bound
    for end in itertools.accumulate([4] * (len(flags) // 4)):
        so_far = Tally(hits=sum(flags[:end]), samples=end)
        if lost(so_far, len(flags), bound):
            assert broken
            assert 100 * so_far.wilson()[1] > bound
