"""From a batch/v1 Job and its pods to what the plan reads of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from erasure_operator.api.base import ApiModel, ObjectMeta
from erasure_operator.plan.snapshot import Job, JobState
from erasure_operator.render_job import CONTAINER
from erasure_operator.resources import RawObject

_ON_ITS_WAY: Final = frozenset({"ContainerCreating", "PodInitializing"})
"""Waiting reasons of every pod that starts: nothing to tell a person."""


class _OwnerReference(ApiModel):
    uid: str = ""


class _OwnedMeta(ObjectMeta):
    owner_references: tuple[_OwnerReference, ...] = ()


class _Condition(ApiModel):
    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None


class _Terminated(ApiModel):
    exit_code: int
    message: str = ""
    finished_at: datetime | None = None


class _Waiting(ApiModel):
    reason: str = ""


class _ContainerState(ApiModel):
    terminated: _Terminated | None = None
    waiting: _Waiting | None = None


class _ContainerStatus(ApiModel):
    name: str
    state: _ContainerState = _ContainerState()


class _PodStatus(ApiModel):
    conditions: tuple[_Condition, ...] = ()
    container_statuses: tuple[_ContainerStatus, ...] = ()


class _Pod(ApiModel):
    metadata: _OwnedMeta
    status: _PodStatus = _PodStatus()

    @property
    def state(self) -> _ContainerState:
        """State of the container that builds."""
        for status in self.status.container_statuses:
            if status.name == CONTAINER:
                return status.state
        return _ContainerState()


class _JobStatus(ApiModel):
    conditions: tuple[_Condition, ...] = ()
    completion_time: datetime | None = None


class _Job(ApiModel):
    metadata: ObjectMeta
    status: _JobStatus = _JobStatus()


def read_job(raw: RawObject, pods: Iterable[RawObject]) -> Job:
    """Read a Job and those of the pods that it controls.

    Parameters
    ----------
    raw
        The Job.
    pods
        Pods of the namespace; those of other Jobs are passed over.

    """
    job = _Job.model_validate(raw)
    own = [pod for pod in map(_Pod.model_validate, pods) if _belongs(pod, job)]
    last = _last_that_ended(own)
    complete = _true_condition(job.status.conditions, "Complete")
    failed = _true_condition(job.status.conditions, "Failed")
    state, ended = JobState.ACTIVE, None
    if complete is not None:
        state, ended = JobState.COMPLETE, job.status.completion_time or complete.last_transition_time
    elif failed is not None:
        state, ended = JobState.FAILED, failed.last_transition_time
    return Job(
        name=job.metadata.name,
        uid=job.metadata.uid,
        state=state,
        deleting=job.metadata.deletion_timestamp is not None,
        message=last.message if last else None,
        exit_code=last.exit_code if last else None,
        failure_reason=failed.reason if failed else "",
        failure_message=failed.message if failed else "",
        waiting_reason=_waiting_reason(own) if state is JobState.ACTIVE else "",
        finished_at=ended,
    )


def _belongs(pod: _Pod, job: _Job) -> bool:
    return any(owner.uid == job.metadata.uid for owner in pod.metadata.owner_references)


def _last_that_ended(pods: Iterable[_Pod]) -> _Terminated | None:
    ended = [state for pod in pods if (state := pod.state.terminated) is not None]
    # Two attempts never end at the same second: the second one starts after the first.
    return max(
        ended, key=lambda state: state.finished_at.timestamp() if state.finished_at else 0.0, default=None
    )


def _waiting_reason(pods: Iterable[_Pod]) -> str:
    for pod in pods:
        waiting = pod.state.waiting
        if waiting is not None and waiting.reason not in _ON_ITS_WAY:
            return waiting.reason
        for condition in pod.status.conditions:
            if condition.type == "PodScheduled" and condition.status == "False":
                return condition.reason
    return ""


def _true_condition(conditions: Iterable[_Condition], kind: str) -> _Condition | None:
    return next((c for c in conditions if c.type == kind and c.status == "True"), None)
