from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

import pytest

from erasure_operator.api.concept_erasure import ConceptErasureStatus
from erasure_operator.api.constants import Reason
from erasure_operator.api.encoder_release import ReleasePhase
from erasure_operator.plan.conditions import ready
from erasure_operator.plan.erasure_status import erasure_status, residual
from tests.erasure_operator.plan.builders import digest, erasure, release, workload
from tests.erasure_operator.plan.given import Given, building, marked
from unlearn_job.contract.result import Outcome

COMET, DORA = erasure("comet"), erasure("dora", age=1)
R_COMET = release([COMET])
R_BOTH = release([DORA], on=R_COMET, age=1)
PENDING = release([COMET], outcome=None)
GATES = release([COMET], outcome=Outcome.GATE_FAILED)
FAILED = marked(PENDING, ReleasePhase.FAILED, Reason.JOB_FAILED)
UNROLLED = marked(R_BOTH, ReleasePhase.BUILT, Reason.ROLLOUT_FAILED)


def status_of(given: Given, name: str = "comet") -> ConceptErasureStatus:
    made = given.decide()
    return erasure_status(next(item for item in given.erasures if item.metadata.name == name), made)


@dataclass(frozen=True)
class Case:
    name: str
    given: Given
    status: str
    reason: Reason
    pods: str = "0/2"
    stalled: bool = False
    of: str = "comet"


CASES = [
    Case("it is built", Given().erasing(COMET).having(building(PENDING)), "False", Reason.BUILDING),
    Case(
        "it waits for the Job of another",
        Given().erasing(COMET, DORA).having(building(PENDING)).job(PENDING),
        "False",
        Reason.WAITING,
        of="dora",
    ),
    Case("it rolls out", Given().erasing(COMET).having(R_COMET), "False", Reason.ROLLING_OUT),
    Case(
        "it is on one pod of two",
        Given().erasing(COMET).having(R_COMET).mounting(R_COMET, updated=1),
        "False",
        Reason.ROLLING_OUT,
        pods="1/2",
    ),
    Case(
        "it serves",
        Given().erasing(COMET).having(R_COMET).serving(R_COMET),
        "True",
        Reason.SERVING,
        pods="2/2",
    ),
    Case(
        "an older pod is still there",
        Given().erasing(COMET).having(R_COMET).serving(R_COMET).mounting(R_COMET, terminating=1),
        "False",
        Reason.ROLLING_OUT,
        pods="2/2",
    ),
    Case(
        "nobody is selected",
        Given().erasing(COMET).having(R_COMET).targets(),
        "False",
        Reason.NO_TARGETS,
        pods="0/0",
    ),
    Case(
        "one of two targets belongs to another model",
        Given()
        .erasing(COMET)
        .having(R_COMET)
        .targets(workload("a"), workload("b", owner="media/other"))
        .serving(R_COMET),
        "False",
        Reason.CONFLICTING_TARGET,
        pods="2/4",
        stalled=True,
    ),
    Case("its gates broke", Given().erasing(COMET).having(GATES), "False", Reason.GATE_FAILED, stalled=True),
    Case("its Job gave up", Given().erasing(COMET).having(FAILED), "False", Reason.JOB_FAILED, stalled=True),
    Case(
        "its rollout failed",
        Given().erasing(COMET, DORA).having(R_COMET, UNROLLED).serving(R_COMET),
        "False",
        Reason.ROLLOUT_FAILED,
        stalled=True,
        of="dora",
    ),
    Case(
        "the rollout of another failed, and it serves",
        Given().erasing(COMET, DORA).having(R_COMET, UNROLLED).serving(R_COMET),
        "True",
        Reason.SERVING,
        pods="2/2",
    ),
    Case(
        "gates were tightened while it serves",
        Given()
        .erasing(COMET)
        .having(R_COMET)
        .serving(R_COMET)
        .changed(gates={"residual": {"maxPercent": 1}}),
        "False",
        Reason.GATE_FAILED,
        pods="2/2",
        stalled=True,
    ),
    Case(
        "the model does not know it",
        Given().erasing(COMET).having(release([COMET], outcome=Outcome.NOT_PRESENT)),
        "True",
        Reason.NOT_PRESENT,
    ),
    Case(
        "the method is unknown",
        Given().erasing(COMET).changed(method={"name": "magic"}),
        "False",
        Reason.INVALID_METHOD,
        pods="",
        stalled=True,
    ),
    Case(
        "the base changed while the old encoder serves",
        Given()
        .erasing(COMET)
        .having(R_COMET)
        .serving(R_COMET)
        .changed(pipeline={"source": "s3://models/t2v-2"}),
        "False",
        Reason.BUILDING,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("name"))
def test_ready(case: Case) -> None:
    status = status_of(case.given, case.of)
    condition = ready(status.conditions)
    assert condition is not None
    assert (condition.status, condition.reason) == (case.status, case.reason)
    assert (status.phase, status.pods) == (case.reason, case.pods)
    stalled = [item.status for item in status.conditions if item.type == "Stalled"]
    assert stalled == ["True" if case.stalled else "False"]


def test_the_status_names_the_digest_the_release_and_what_is_left() -> None:
    status = status_of(Given().erasing(COMET).having(R_COMET).serving(R_COMET))
    assert status.digest == digest(COMET)
    assert status.release == R_COMET.metadata.name
    assert status.residual == "0.0 % (<= 5.7 %)"


def test_a_failed_erasure_shows_its_figures() -> None:
    status = status_of(Given().erasing(COMET).having(GATES))
    assert status.release == GATES.metadata.name
    assert status.residual == "50.0 % (<= 61.9 %)"


def test_no_figures_no_residual() -> None:
    assert residual(digest(COMET), PENDING) is None
    assert residual("0" * 64, R_COMET) is None


def test_what_another_preserves_is_erased_and_said() -> None:
    keeper = erasure("keeper", age=-1, preserve=[{"name": "comet"}])
    condition = ready(status_of(Given().erasing(COMET, keeper)).conditions)
    assert condition is not None
    assert "ConflictingConcept" in condition.message
