from __future__ import annotations

from erasure_operator.plan.actions import ApplyEncoder, Plan


def test_a_plan_without_anything_is_empty() -> None:
    made = Plan()
    assert (made.actions, made.statuses, made.events, made.wake_at) == ((), (), (), None)


def test_actions_are_equal_by_what_they_do() -> None:
    assert ApplyEncoder("Deployment", "t2v", None) == ApplyEncoder("Deployment", "t2v", None)
    assert ApplyEncoder("Deployment", "t2v", None) != ApplyEncoder("Deployment", "canary", None)
