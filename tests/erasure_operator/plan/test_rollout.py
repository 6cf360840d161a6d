from __future__ import annotations

from dataclasses import replace

from erasure_operator.plan.actions import ApplyEncoder
from erasure_operator.plan.rollout import roll_out, serves
from erasure_operator.plan.sets import Goal
from tests.erasure_operator.plan.builders import erasure, release, workload
from tests.erasure_operator.plan.given import Given

COMET, DORA = erasure("comet"), erasure("dora", age=1)
R_COMET = release([COMET])
R_BOTH = release([DORA], on=R_COMET, age=1)


def test_pods_that_agree_say_what_is_served_before_the_status_does() -> None:
    made = Given().having(R_COMET, R_BOTH).serving(R_COMET).mounting(R_BOTH).decide()
    assert made.catalogue.served is not None
    assert made.catalogue.served.key == R_BOTH.key


def test_during_a_rollout_the_status_says_what_was_served() -> None:
    made = Given().having(R_COMET, R_BOTH).serving(R_COMET).mounting(R_BOTH, updated=1).decide()
    assert made.catalogue.served is not None
    assert made.catalogue.served.key == R_COMET.key


def test_pods_that_agree_on_the_base_do_not_change_what_was_served() -> None:
    made = Given().having(R_COMET).serving(R_COMET).targets(workload()).decide()
    assert made.catalogue.served is not None


def test_a_release_whose_object_is_gone_is_noticed() -> None:
    assert Given().having(R_COMET).serving(R_BOTH).decide().in_place.lost
    assert Given().having(R_COMET).mounting(R_BOTH).decide().in_place.lost
    assert not Given().having(R_COMET).serving(R_COMET).decide().in_place.lost


def test_a_damaged_mount_is_repaired_not_lost() -> None:
    given = Given().erasing(COMET).having(R_COMET).serving(R_COMET)
    mount = given.workloads[0].mount
    assert mount is not None
    given.targets(workload(mount=replace(mount, key="", uri="")))
    made = given.decide()
    assert not made.in_place.lost
    assert roll_out(made.goal, made.targets, given.model) == (ApplyEncoder("Deployment", "t2v", mount),)


def test_a_served_release_is_not_marked_when_its_pods_break_later() -> None:
    given = Given().erasing(COMET).having(R_COMET).serving(R_COMET)
    made = given.mounting(R_COMET, ready=1, deadline_exceeded=True).decide()
    assert made.in_place.failed == ()


def test_without_a_goal_every_workload_stays_as_it_is() -> None:
    made = Given().having(R_COMET).serving(R_COMET).decide()
    assert roll_out(None, made.targets, made.snapshot.model) == ()
    assert roll_out(Goal(None), made.targets, made.snapshot.model) != ()


def test_a_target_serves_when_template_and_pods_say_so() -> None:
    made = Given().having(R_COMET).serving(R_COMET).decide()
    (target,) = made.targets
    assert serves(target, R_COMET, made.snapshot.model)
    assert not serves(target, None, made.snapshot.model)
    assert not serves(replace(target, owner="media/other"), R_COMET, made.snapshot.model)


def test_a_damaged_mount_still_tells_its_release_by_the_folder() -> None:
    given = Given().erasing(COMET).having(R_COMET).mounting(R_COMET)
    mount = given.workloads[0].mount
    assert mount is not None
    made = given.targets(workload(mount=replace(mount, key=""))).decide()
    assert [release.key for release in made.in_place.releases] == [R_COMET.key]
    assert not made.in_place.lost
