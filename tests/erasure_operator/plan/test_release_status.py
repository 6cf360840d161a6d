from __future__ import annotations

from datetime import timedelta

from erasure_operator.api.base import Condition
from erasure_operator.api.constants import Reason
from erasure_operator.api.encoder_release import EncoderRelease, EncoderReleaseStatus, ReleasePhase
from erasure_operator.plan.catalogue import rollout_failed
from erasure_operator.plan.conditions import ready
from erasure_operator.plan.snapshot import JobState
from tests.erasure_operator.plan.builders import T0, erasure, release
from tests.erasure_operator.plan.given import Given, building, marked
from unlearn_job.contract.result import Outcome

COMET = erasure("comet")
PENDING, BUILT = release([COMET], outcome=None), release([COMET])


def written(given: Given, of: EncoderRelease) -> EncoderReleaseStatus | None:
    """The status that a pass writes for a release; None where it writes none."""
    for item in given.plan(T0 + timedelta(hours=1)).statuses:
        if item.name == of.metadata.name:
            assert isinstance(item.status, EncoderReleaseStatus)
            return item.status
    return None


def verdict(status: EncoderReleaseStatus | None) -> Condition:
    assert status is not None
    found = ready(status.conditions)
    assert found is not None
    return found


def test_the_pass_that_makes_a_job_says_so_and_under_which_spec() -> None:
    status = written(Given().erasing(COMET).having(PENDING).changed(), PENDING)
    assert status is not None
    assert (status.phase, status.job) == (ReleasePhase.BUILDING, PENDING.metadata.name)
    assert (verdict(status).reason, verdict(status).observed_generation) == ("Building", 2)


def test_a_job_that_gave_up_failed_under_the_spec_it_was_made_under() -> None:
    given = Given().erasing(COMET).having(building(PENDING, generation=1)).changed()
    status = written(given.job(PENDING, state=JobState.FAILED, exit_code=1, finished_at=T0), PENDING)
    assert status is not None
    assert status.phase is ReleasePhase.FAILED
    assert (verdict(status).reason, verdict(status).observed_generation) == ("JobFailed", 1)


def test_the_words_of_a_job_that_gave_up_are_kept() -> None:
    failed = marked(PENDING, ReleasePhase.FAILED, Reason.JOB_FAILED)
    assert written(Given().erasing(COMET).having(failed), failed) is None


def test_a_built_release_is_ready_and_a_broken_gate_stalls_it() -> None:
    assert verdict(written(Given().having(BUILT), BUILT)).reason == "Built"
    broken = release([COMET], outcome=Outcome.GATE_FAILED)
    condition = verdict(written(Given().having(broken), broken))
    assert (condition.status, condition.reason) == ("False", "GateFailed")
    assert "32 of 64" in condition.message


def test_a_change_of_the_model_does_not_rewrite_what_stays_true() -> None:
    status = written(Given().having(BUILT), BUILT)
    assert status is not None
    settled = BUILT.model_copy(update={"status": status})
    assert written(Given().having(settled).changed(), settled) is None


def test_a_failed_rollout_is_marked_with_the_present_spec_each_time() -> None:
    old = marked(BUILT, ReleasePhase.BUILT, Reason.ROLLOUT_FAILED)
    given = Given().erasing(COMET).having(old).changed()
    given.mounting(old, deadline_exceeded=True, updated=1)
    status = written(given, old)
    assert status is not None
    assert rollout_failed(old.model_copy(update={"status": status}), given.model)


def test_nothing_known_is_ready_as_not_present() -> None:
    unknown = release([COMET], outcome=Outcome.NOT_PRESENT)
    condition = verdict(written(Given().erasing(COMET).having(unknown), unknown))
    assert (condition.status, condition.reason) == ("True", "NotPresent")
