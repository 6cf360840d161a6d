"""The rules of a rollout as a table: what is given, and which actions follow."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

import pytest

from erasure_operator.api.constants import Reason
from erasure_operator.api.encoder_release import ReleasePhase
from erasure_operator.plan.actions import (
    Action,
    ApplyEncoder,
    CreateRelease,
    DeleteJob,
    DeleteRelease,
    EnsureJob,
)
from erasure_operator.plan.catalogue import content
from erasure_operator.plan.plan import plan, plan_orphan
from erasure_operator.plan.snapshot import JobState
from tests.erasure_operator.plan.builders import METHODS, T0, erasure, release, workload
from tests.erasure_operator.plan.given import Given, building, marked
from unlearn_job.contract.result import Outcome

COMET, DORA, BORIS = erasure("comet"), erasure("dora", age=1), erasure("boris", age=2)
R_COMET = release([COMET])
R_DORA = release([DORA])
R_BOTH = release([DORA], on=R_COMET, age=1)


def told(action: Action) -> str:
    """Write an action as a short sentence, with names of erasures instead of keys."""
    match action:
        case CreateRelease(_, spec):
            document = spec.document
            adds = " ".join(item.name for item in document.adds)
            holds = " ".join(sorted(item.name for item in document.holds))
            return f"build {adds}" + (f" on {holds}" if holds else "")
        case ApplyEncoder(_, name, None):
            return f"base to {name}"
        case ApplyEncoder(_, name, mount) if mount is not None:
            known = (R_COMET, R_DORA, R_BOTH)
            found = next(item for item in known if item.key == mount.key)
            return f"{' '.join(sorted(item.name for item in content(found)))} to {name}"
        case EnsureJob():
            return "start job"
        case DeleteJob():
            return "delete job"
        case DeleteRelease():
            return "delete release"
    raise AssertionError(action)


PENDING_COMET = release([COMET], outcome=None)
PENDING_BOTH = release([COMET, DORA], outcome=None)
FAILED_COMET = marked(PENDING_COMET, ReleasePhase.FAILED, Reason.JOB_FAILED)
GATES_COMET = release([COMET], outcome=Outcome.GATE_FAILED)
UNROLLED_BOTH = marked(R_BOTH, ReleasePhase.BUILT, Reason.ROLLOUT_FAILED)
TEMPORARY = {"state": JobState.FAILED, "exit_code": 75, "finished_at": T0}


@dataclass(frozen=True)
class Case:
    name: str
    given: Given
    then: tuple[str, ...] = ()


CASES = [
    Case("a model without erasures and with base pods needs nothing", Given()),
    Case("a first erasure is built from the base", Given().erasing(COMET), ("build comet",)),
    Case("erasures that come together are one batch", Given().erasing(DORA, COMET), ("build comet dora",)),
    Case("a release without a Job gets one", Given().erasing(COMET).having(PENDING_COMET), ("start job",)),
    Case(
        "a lost Job is made again",
        Given().erasing(COMET).having(building(PENDING_COMET)),
        ("start job",),
    ),
    Case(
        "a running Job is left alone",
        Given().erasing(COMET).having(building(PENDING_COMET)).job(PENDING_COMET),
    ),
    Case(
        "a second Job waits for the first, whatever that builds",
        Given().erasing(COMET).having(PENDING_COMET).job(PENDING_BOTH),
    ),
    Case(
        "an erasure that comes during a Job waits for it",
        Given().erasing(COMET, DORA).having(building(PENDING_COMET)).job(PENDING_COMET),
    ),
    Case(
        "a built release is rolled out",
        Given().erasing(COMET).having(R_COMET),
        ("comet to t2v",),
    ),
    Case("a served release needs nothing", Given().erasing(COMET).having(R_COMET).serving(R_COMET)),
    Case(
        "the parent is the largest part of the wanted set",
        Given().erasing(COMET, DORA, BORIS).having(R_COMET, R_BOTH).serving(R_BOTH),
        ("build boris on comet dora",),
    ),
    Case(
        "of two parts of one size the older is the parent, and the one in place stays",
        Given().erasing(COMET, DORA).having(R_COMET, release([DORA], age=5)).serving(R_COMET),
        ("build dora on comet",),
    ),
    Case(
        "a reverted erasure returns to an existing release without a Job",
        Given().erasing(COMET).having(R_COMET, R_BOTH).serving(R_BOTH),
        ("comet to t2v",),
    ),
    Case(
        "the last erasure gone, the base encoder returns",
        Given().having(R_COMET).serving(R_COMET),
        ("base to t2v",),
    ),
    Case(
        "the old encoder stays until the release without a reverted erasure is built",
        Given().erasing(DORA).having(R_COMET, R_BOTH).serving(R_BOTH),
        ("build dora",),
    ),
    Case(
        "a batch that broke gates is halved",
        Given().erasing(COMET, DORA).having(release([COMET, DORA], outcome=Outcome.GATE_FAILED)),
        ("build comet",),
    ),
    Case(
        "an erasure that failed alone is not built again, and the others are",
        Given().erasing(COMET, DORA).having(GATES_COMET),
        ("build dora",),
    ),
    Case("an erasure that failed alone is left at that", Given().erasing(COMET).having(GATES_COMET)),
    Case("a Job that gave up is left at that", Given().erasing(COMET).having(FAILED_COMET)),
    Case(
        "a Job that gave up is forgotten when the VideoModel changes",
        Given().erasing(COMET).having(FAILED_COMET).changed(),
        ("delete release",),
    ),
    Case(
        "looser gates admit a release that exists",
        Given().erasing(COMET).having(GATES_COMET).changed(gates={"residual": {"maxPercent": 100}}),
        ("comet to t2v",),
    ),
    Case(
        "tighter gates do not take the served encoder away",
        Given()
        .erasing(COMET)
        .having(R_COMET)
        .serving(R_COMET)
        .changed(gates={"residual": {"maxPercent": 1}}),
    ),
    Case(
        "a concept that the model does not know is not built again",
        Given().erasing(COMET).having(release([COMET], outcome=Outcome.NOT_PRESENT)),
    ),
    Case(
        "another judge is asked again about a concept that was not known",
        Given()
        .erasing(COMET)
        .having(release([COMET], outcome=Outcome.NOT_PRESENT))
        .changed(judge={"type": "clip", "source": "s3://models/other"}),
        ("delete release",),
    ),
    Case(
        "a build of something that is no longer wanted is dropped",
        Given().erasing(DORA).having(building(PENDING_COMET)).job(PENDING_COMET),
        ("delete release",),
    ),
    Case(
        "nothing starts before a deleted Job is gone",
        Given().erasing(COMET).having(PENDING_COMET).job(PENDING_COMET, deleting=True),
    ),
    Case(
        "a temporary failure waits",
        Given().erasing(COMET).having(building(PENDING_COMET)).job(PENDING_COMET, **TEMPORARY),
    ),
    Case(
        "a Job whose pod cannot start is made again when the VideoModel changes",
        Given()
        .erasing(COMET)
        .having(building(PENDING_COMET))
        .job(PENDING_COMET, waiting_reason="ImagePullBackOff")
        .changed(),
        ("delete job",),
    ),
    Case(
        "a Job that runs is not disturbed by a change of the VideoModel",
        Given().erasing(COMET).having(building(PENDING_COMET)).job(PENDING_COMET).changed(),
    ),
    Case(
        "what drifted is brought back, also while something is built",
        Given()
        .erasing(COMET, DORA)
        .having(R_COMET)
        .serving(R_COMET)
        .targets(workload(mount=None), workload("new")),
        ("build dora on comet", "comet to new", "comet to t2v"),
    ),
    Case(
        "a workload of another VideoModel is left alone",
        Given().erasing(COMET).having(R_COMET).targets(workload(owner="media/other")),
    ),
    Case(
        "a workload without the named container is left alone",
        Given()
        .erasing(COMET)
        .having(R_COMET)
        .changed(
            rollout={
                "waves": [{"targets": [{"selector": {"matchLabels": {"app": "t2v"}}, "container": "gpu"}]}]
            }
        ),
    ),
    Case(
        "a workload that no selector matches is left alone",
        Given().erasing(COMET).having(R_COMET).targets(workload(labels={"app": "other"})),
    ),
    Case(
        "a failed rollout returns every target to what was served before",
        Given()
        .erasing(COMET, DORA)
        .having(R_COMET, R_BOTH)
        .targets(workload("a"), workload("b"))
        .serving(R_COMET)
        .mounting(R_BOTH, deadline_exceeded=True, updated=1),
        ("comet to a", "comet to b"),
    ),
    Case(
        "a failed first rollout returns to the base encoder",
        Given().erasing(COMET).having(R_COMET).mounting(R_COMET, deadline_exceeded=True, updated=1),
        ("base to t2v",),
    ),
    Case(
        "a release whose rollout failed is not tried again",
        Given().erasing(COMET, DORA).having(R_COMET, UNROLLED_BOTH).serving(R_COMET),
    ),
    Case(
        "a release whose rollout failed is tried again when the VideoModel changes",
        Given().erasing(COMET, DORA).having(R_COMET, UNROLLED_BOTH).serving(R_COMET).changed(),
        ("comet dora to t2v",),
    ),
    Case(
        "a verdict of the controller on an older template does not count",
        Given()
        .erasing(COMET)
        .having(R_COMET)
        .mounting(R_COMET, deadline_exceeded=True, updated=1, generation=2, observed_generation=1),
    ),
    Case(
        "an invalid method leaves what is served, and builds nothing",
        Given().erasing(COMET, DORA).having(R_COMET).serving(R_COMET).changed(method={"name": "magic"}),
    ),
    Case(
        "pods of a release whose object is gone stay until the set is built",
        Given().erasing(COMET).mounting(R_DORA),
        ("build comet",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("name"))
def test_actions(case: Case) -> None:
    made = case.given.plan()
    assert tuple(told(action) for action in made.actions) == case.then


def test_an_edit_of_the_base_rebuilds_everything_while_the_old_encoder_serves() -> None:
    given = Given().erasing(COMET, DORA).having(R_COMET, R_BOTH).serving(R_BOTH)
    made = plan(given.changed(pipeline={"source": "s3://models/t2v-2"}).snapshot(), T0, METHODS)
    assert [told(action) for action in made.actions] == ["build comet dora"]


def test_an_edited_erasure_that_fails_keeps_its_old_form_in_force() -> None:
    new = erasure("comet", generation=2, concept={"aliases": ["comet man"]})
    failed = release([new], outcome=Outcome.GATE_FAILED, age=2)
    made = plan(Given().erasing(new).having(R_COMET, failed).serving(R_COMET).snapshot(), T0, METHODS)
    assert made.actions == ()


def test_others_are_built_on_top_of_an_old_form_in_force() -> None:
    new = erasure("comet", generation=2, concept={"aliases": ["comet man"]})
    failed = release([new], outcome=Outcome.GATE_FAILED, age=2)
    given = Given().erasing(new, DORA).having(R_COMET, failed).serving(R_COMET)
    made = plan(given.snapshot(), T0, METHODS)
    assert [told(action) for action in made.actions] == ["build dora on comet"]


def test_a_temporary_failure_is_looked_at_again_when_it_is_due() -> None:
    given = Given().erasing(COMET).having(building(PENDING_COMET)).job(PENDING_COMET, **TEMPORARY)
    made = plan(given.snapshot(), T0, METHODS)
    assert made.wake_at is not None
    due = plan(given.snapshot(), made.wake_at, METHODS)
    assert [told(action) for action in due.actions] == ["delete job"]
    assert due.wake_at is None


def test_an_orphan_says_which_model_it_misses_and_says_it_once() -> None:
    made = plan_orphan(COMET, T0)
    assert made.actions == ()
    assert [event.reason for event in made.events] == ["VideoModelNotFound"]
    status = made.statuses[0].status
    told_once = COMET.model_copy(update={"status": status})
    assert plan_orphan(told_once, T0).statuses == ()
    assert "storyboard" in status.conditions[0].message
