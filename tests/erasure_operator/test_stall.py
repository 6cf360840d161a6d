from __future__ import annotations

from datetime import UTC, datetime, timedelta

from erasure_operator.api.constants import Reason
from erasure_operator.api.video_model import VideoModel
from erasure_operator.k8s_errors import FieldConflictError
from erasure_operator.plan.conditions import Finding, State, conditions
from erasure_operator.stall import stalled
from tests.erasure_operator.objects import video_model

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FAILURE = FieldConflictError("cannot apply Deployment media/server: conflict with kubectl")


def test_the_failure_is_what_stalls() -> None:
    model = VideoModel.from_object(video_model())
    status = stalled(model.status, model, FAILURE, NOW)
    assert status.observed_generation == 3
    assert {(c.type, c.status, c.reason) for c in status.conditions} == {
        ("Ready", "False", "FieldConflict"),
        ("Reconciling", "False", "FieldConflict"),
        ("Stalled", "True", "FieldConflict"),
    }
    assert all("conflict with kubectl" in c.message for c in status.conditions)


def test_the_same_failure_again_gives_the_same_status_whatever_was_planned() -> None:
    model = VideoModel.from_object(video_model())
    first = stalled(model.status, model, FAILURE, NOW)
    written = model.model_copy(update={"status": first})
    finding = Finding(State.RECONCILING, Reason.ROLLING_OUT, "Waits for Deployment server.")
    later = NOW + timedelta(hours=1)
    planned = first.model_copy(
        update={
            "phase": "RollingOut",
            "conditions": conditions(first.conditions, finding, generation=3, now=later),
        }
    )
    assert stalled(planned, written, FAILURE, later) == first


def test_a_transition_is_dated_once() -> None:
    model = VideoModel.from_object(video_model())
    first = stalled(model.status, model, FAILURE, NOW)
    written = model.model_copy(update={"status": first})
    second = stalled(first, written, FieldConflictError("another one"), NOW + timedelta(hours=1))
    assert {c.last_transition_time for c in second.conditions} == {NOW}
    assert {c.message for c in second.conditions} == {"another one"}
