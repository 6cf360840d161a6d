from __future__ import annotations

from datetime import timedelta

import pytest

from erasure_operator.api.base import Condition
from erasure_operator.api.constants import Reason
from erasure_operator.plan.conditions import LONGEST_MESSAGE, Finding, State, conditions, ready
from tests.erasure_operator.plan.builders import T0

LATER = T0 + timedelta(hours=1)


@pytest.mark.parametrize("state", State)
def test_exactly_one_of_the_three_is_true(state: State) -> None:
    made = conditions((), Finding(state, Reason.BUILDING, "Because."), generation=3, now=T0)
    assert [item.type for item in made if item.status == "True"] == [state.value]
    assert {item.observed_generation for item in made} == {3}
    assert {item.message for item in made if item.status == "True"} == {"Because."}


def test_the_time_moves_only_when_the_status_flips() -> None:
    first = conditions((), Finding(State.RECONCILING, Reason.BUILDING), generation=1, now=T0)
    second = conditions(first, Finding(State.RECONCILING, Reason.ROLLING_OUT), generation=2, now=LATER)
    assert {item.last_transition_time for item in second} == {T0}
    third = conditions(second, Finding(State.READY, Reason.SERVING), generation=2, now=LATER)
    times = {item.type: item.last_transition_time for item in third}
    assert times == {"Ready": LATER, "Reconciling": LATER, "Stalled": T0}


def test_conditions_of_others_are_kept() -> None:
    other = Condition(type="Audited", status="True", reason="ByHand", last_transition_time=T0)
    made = conditions((other,), Finding(State.READY, Reason.SERVING), generation=1, now=LATER)
    assert other in made
    found = ready(made)
    assert found is not None
    assert found.status == "True"


def test_a_long_message_is_cut() -> None:
    made = conditions((), Finding(State.STALLED, Reason.GATE_FAILED, "x" * 5000), generation=1, now=T0)
    assert max(len(item.message) for item in made) == LONGEST_MESSAGE
