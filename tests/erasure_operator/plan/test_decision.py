from __future__ import annotations

from dataclasses import replace

from tests.erasure_operator.plan.builders import erasure, release
from tests.erasure_operator.plan.given import Given

COMET, DORA = erasure("comet"), erasure("dora", age=1)
R_COMET = release([COMET])


def test_the_whole_set_is_reached_and_a_part_is_not() -> None:
    assert Given().decide().reached
    assert Given().erasing(COMET).having(R_COMET).decide().reached
    assert not Given().erasing(COMET, DORA).having(R_COMET).decide().reached


def test_without_a_goal_nothing_is_reached() -> None:
    assert not replace(Given().decide(), goal=None).reached
