from __future__ import annotations

from datetime import timedelta

from erasure_operator.plan.statuses import changes, events, statuses
from tests.erasure_operator.plan.builders import T0, erasure, release
from tests.erasure_operator.plan.given import Given
from tests.erasure_operator.plan.simulation import Cluster
from unlearn_job.contract.result import Outcome

COMET = erasure("comet")
R_COMET = release([COMET])


def test_releases_come_first_and_the_model_last() -> None:
    made = Given().erasing(COMET).having(R_COMET).plan()
    assert [item.kind for item in made.statuses] == ["EncoderRelease", "ConceptErasure", "VideoModel"]


def test_nothing_is_written_or_told_twice() -> None:
    cluster = Cluster(erasures={"comet": COMET})
    first = cluster.reconcile()
    assert {event.reason for event in first.events} == {"Building"}
    for release_made in (True, False):
        cluster.tick(minutes=1)
        again = cluster.reconcile()
        assert bool(again.statuses) is release_made  # the release's own status, once
    assert again.events == ()


def test_an_event_tells_of_a_turn_and_warns_where_a_person_must_act() -> None:
    given = Given().erasing(COMET).having(release([COMET], outcome=Outcome.GATE_FAILED))
    snapshot = given.snapshot()
    told = events(snapshot, changes(snapshot, statuses(given.decide())))
    about = {event.kind: event for event in told}
    assert (about["ConceptErasure"].type, about["ConceptErasure"].reason) == ("Warning", "GateFailed")
    assert (about["VideoModel"].type, about["VideoModel"].reason) == ("Normal", "Base")


def test_a_pass_an_hour_later_says_the_same() -> None:
    given = Given().erasing(COMET).having(R_COMET)
    assert given.plan(T0).actions == given.plan(T0 + timedelta(hours=1)).actions
