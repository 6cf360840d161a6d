from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from erasure_operator.plan.snapshot import JobState
from erasure_operator.read_job import read_job
from tests.erasure_operator.objects import job, metadata, pod

ENDED = "2026-03-01T12:00:00Z"


def ended(code: int, message: str = "", at: str = ENDED) -> dict[str, Any]:
    return {
        "containerStatuses": [
            {
                "name": "unlearn-job",
                "state": {"terminated": {"exitCode": code, "message": message, "finishedAt": at}},
            }
        ]
    }


def waiting(reason: str) -> dict[str, Any]:
    return {"containerStatuses": [{"name": "unlearn-job", "state": {"waiting": {"reason": reason}}}]}


def condition(kind: str, **fields: str) -> dict[str, str]:
    return {"type": kind, "status": "True", "lastTransitionTime": ENDED} | fields


def test_a_job_without_status_is_active() -> None:
    found = read_job(job(), [])
    assert (found.name, found.uid) == ("storyboard-0", "uid-of-storyboard-0")
    assert (found.state, found.message, found.exit_code, found.finished_at) == (
        JobState.ACTIVE,
        None,
        None,
        None,
    )
    assert not found.deleting


def test_a_complete_job_has_its_message_and_its_time() -> None:
    raw = job(conditions=[condition("SuccessCriteriaMet"), condition("Complete")], completionTime=ENDED)
    found = read_job(raw, [pod("a", **ended(0, '{"version":1}'))])
    assert (found.state, found.message, found.exit_code) == (JobState.COMPLETE, '{"version":1}', 0)
    assert found.finished_at == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_failed_job_says_why() -> None:
    failed = condition("Failed", reason="PodFailurePolicy", message="exit code 78")
    found = read_job(job(conditions=[failed]), [pod("a", **ended(78, "no"))])
    assert (found.state, found.exit_code) == (JobState.FAILED, 78)
    assert (found.failure_reason, found.failure_message) == ("PodFailurePolicy", "exit code 78")
    assert found.finished_at == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_condition_that_is_false_counts_for_nothing() -> None:
    assert read_job(job(conditions=[condition("Failed", status="False")]), []).state is JobState.ACTIVE


def test_of_several_attempts_the_last_one_counts() -> None:
    pods = [
        pod("a", **ended(75, "first", "2026-03-01T11:00:00Z")),
        pod("b", **ended(75, "last", "2026-03-01T11:30:00Z")),
        pod("c", **ended(75, "second", "2026-03-01T11:15:00Z")),
    ]
    assert read_job(job(), pods).message == "last"


def test_pods_of_other_jobs_and_other_containers_are_passed_over() -> None:
    sidecar = pod("b")
    sidecar["status"] = {"containerStatuses": [{"name": "proxy", "state": {"terminated": {"exitCode": 9}}}]}
    assert read_job(job(), [pod("a", of="another", **ended(1, "not mine")), sidecar]).exit_code is None


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (waiting("ImagePullBackOff"), "ImagePullBackOff"),
        (waiting("CreateContainerConfigError"), "CreateContainerConfigError"),
        (waiting("ContainerCreating"), ""),
        (
            {"conditions": [condition("PodScheduled", status="False", reason="Unschedulable")]},
            "Unschedulable",
        ),
        ({"containerStatuses": [{"name": "unlearn-job", "state": {"running": {}}}]}, ""),
        ({}, ""),
    ],
)
def test_a_pod_that_does_not_run_says_why(status: dict[str, Any], reason: str) -> None:
    assert read_job(job(), [pod("a", **status)]).waiting_reason == reason


def test_a_job_that_is_being_deleted_is_marked() -> None:
    raw = job()
    raw["metadata"] = metadata("storyboard-0", deletionTimestamp=ENDED)
    assert read_job(raw, []).deleting
