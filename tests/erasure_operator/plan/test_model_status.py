from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

import pytest

from erasure_operator.api.constants import Reason
from erasure_operator.api.encoder_release import ReleasePhase
from erasure_operator.plan.conditions import ready
from erasure_operator.plan.model_status import model_status
from tests.erasure_operator.plan.builders import erasure, release, workload
from tests.erasure_operator.plan.given import Given, marked
from unlearn_job.contract.result import Outcome

COMET, DORA = erasure("comet"), erasure("dora", age=1)
R_COMET = release([COMET])
R_BOTH = release([DORA], on=R_COMET, age=1)
UNROLLED = marked(R_BOTH, ReleasePhase.BUILT, Reason.ROLLOUT_FAILED)


@dataclass(frozen=True)
class Case:
    name: str
    given: Given
    reason: Reason
    pods: str = "0/2"
    release: str | None = None


SERVED = R_COMET.metadata.name
CASES = [
    Case("base pods and no erasures", Given(), Reason.BASE, "2/2"),
    Case(
        "a set is served",
        Given().erasing(COMET).having(R_COMET).serving(R_COMET),
        Reason.SERVING,
        "2/2",
        SERVED,
    ),
    Case("a Job is due", Given().erasing(COMET), Reason.BUILDING, "2/2"),
    Case(
        "the release stays the old one during a rollout",
        Given().erasing(COMET, DORA).having(R_COMET, R_BOTH).serving(R_COMET),
        Reason.ROLLING_OUT,
        "0/2",
        SERVED,
    ),
    Case(
        "the release moves when every pod is on it",
        Given().erasing(COMET).having(R_COMET).mounting(R_COMET),
        Reason.SERVING,
        "2/2",
        SERVED,
    ),
    Case(
        "back at the base", Given().having(R_COMET).serving(R_COMET).targets(workload()), Reason.BASE, "2/2"
    ),
    Case("nobody is selected", Given().erasing(COMET).having(R_COMET).targets(), Reason.NO_TARGETS, "0/0"),
    Case(
        "a rollout failed",
        Given().erasing(COMET, DORA).having(R_COMET, UNROLLED).serving(R_COMET),
        Reason.ROLLOUT_FAILED,
        "2/2",
        SERVED,
    ),
    Case(
        "another model has the target",
        Given().erasing(COMET).having(R_COMET).targets(workload(owner="media/other")),
        Reason.CONFLICTING_TARGET,
    ),
    Case(
        "the method is unknown",
        Given().erasing(COMET).having(R_COMET).serving(R_COMET).changed(method={"name": "magic"}),
        Reason.INVALID_METHOD,
        "0/2",
        SERVED,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("name"))
def test_model(case: Case) -> None:
    status = model_status(case.given.decide())
    condition = ready(status.conditions)
    assert condition is not None
    assert (condition.reason, status.pods, status.release) == (case.reason, case.pods, case.release)
    assert (condition.status == "True") is (case.reason in {Reason.BASE, Reason.SERVING})
    assert status.erasures == len(case.given.erasures)


def test_a_ready_model_names_what_it_serves_without() -> None:
    broken = release([DORA], outcome=Outcome.GATE_FAILED)
    status = model_status(Given().erasing(COMET, DORA).having(R_COMET, broken).serving(R_COMET).decide())
    condition = ready(status.conditions)
    assert condition is not None
    assert condition.status == "True"
    assert "dora" in condition.message
