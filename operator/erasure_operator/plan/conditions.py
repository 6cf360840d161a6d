"""Conditions in the form of kstatus: Ready, Reconciling and Stalled, always all three."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from erasure_operator.api.base import Condition
from erasure_operator.api.constants import ConditionType, Reason

LONGEST_MESSAGE = 1000


class State(StrEnum):
    """What kstatus makes of an object."""

    READY = "Ready"
    """Current."""
    RECONCILING = "Reconciling"
    """InProgress: the operator, or the cluster, is at work."""
    STALLED = "Stalled"
    """Failed: a person must change something."""


@dataclass(frozen=True, slots=True)
class Finding:
    """How one object stands, and why."""

    state: State
    reason: Reason
    message: str = ""


def conditions(
    old: Iterable[Condition], finding: Finding, *, generation: int, now: datetime
) -> tuple[Condition, ...]:
    """Write the finding as three conditions; types that are not ours are kept.

    `lastTransitionTime` moves when the status flips, and only then.
    """
    before = {condition.type: condition for condition in old}
    ours = tuple(
        _condition(before.get(kind), kind, finding, generation=generation, now=now) for kind in ConditionType
    )
    return (*ours, *(condition for kind, condition in before.items() if kind not in set(ConditionType)))


def ready(found: Iterable[Condition]) -> Condition | None:
    """Return the condition Ready."""
    return next((condition for condition in found if condition.type == ConditionType.READY), None)


def _condition(
    before: Condition | None, kind: ConditionType, finding: Finding, *, generation: int, now: datetime
) -> Condition:
    status: Literal["True", "False"] = "True" if finding.state.value == kind.value else "False"
    tells = kind is ConditionType.READY or status == "True"
    return Condition(
        type=kind.value,
        status=status,
        reason=finding.reason.value,
        message=finding.message[:LONGEST_MESSAGE] if tells else "",
        observed_generation=generation,
        last_transition_time=before.last_transition_time if before and before.status == status else now,
    )
