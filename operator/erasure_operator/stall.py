"""What a VideoModel's status says when a pass cannot be carried out."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from erasure_operator.api.base import Condition
from erasure_operator.api.constants import ConditionType
from erasure_operator.api.video_model import VideoModel, VideoModelStatus
from unlearn_job.contract.errors import PermanentFailure

_STATES: tuple[tuple[ConditionType, Literal["True", "False"]], ...] = (
    (ConditionType.READY, "False"),
    (ConditionType.RECONCILING, "False"),
    (ConditionType.STALLED, "True"),
)


def stalled(
    status: VideoModelStatus, model: VideoModel, failure: PermanentFailure, now: datetime
) -> VideoModelStatus:
    """Turn a status into one that says what is in the way and what to do.

    The same failure again gives an equal status, so that nothing is written and nothing wakes the queue.
    """
    known = {condition.type: condition for condition in model.status.conditions}
    conditions = tuple(
        _condition(
            known.get(kind), kind, state, failure=failure, generation=model.metadata.generation, now=now
        )
        for kind, state in _STATES
    )
    others = tuple(c for c in status.conditions if c.type not in set(ConditionType))
    return status.model_copy(
        update={
            "observed_generation": model.metadata.generation,
            "phase": "Stalled",
            "conditions": (*conditions, *others),
        }
    )


def _condition(
    known: Condition | None,
    kind: ConditionType,
    state: Literal["True", "False"],
    *,
    failure: PermanentFailure,
    generation: int,
    now: datetime,
) -> Condition:
    since = known.last_transition_time if known is not None and known.status == state else now
    return Condition(
        type=kind,
        status=state,
        reason=failure.reason,
        message=str(failure),
        observed_generation=generation,
        last_transition_time=since,
    )
