from __future__ import annotations

from erasure_operator.plan.actions import CreateRelease, DeleteRelease
from erasure_operator.plan.snapshot import Job
from tests.erasure_operator.plan.builders import digest, erasure, release, video_model
from tests.erasure_operator.plan.given import Given, building

COMET = erasure("comet", reference="CASE-7", gates={"residual": {"maxPercent": 7}})
DORA = erasure("dora", age=1)
R_COMET = release([COMET])
PENDING = release([COMET], outcome=None)


def test_the_document_says_everything_that_the_job_needs() -> None:
    model = video_model(
        holdout=[{"name": "boat"}],
        seed=4,
        features={"clip": "s3://models/clip"},
        storage={"uri": "s3://bucket/p", "endpoint": "http://s3", "credentials": {"secretName": "s3"}},
    )
    given = Given()
    given.model = model
    built = release([COMET], model=model)
    (action,) = given.erasing(COMET, DORA).having(built).decide().building.actions
    assert isinstance(action, CreateRelease)
    document = action.spec.document
    assert action.name == f"storyboard-{document.key[:10]}"
    assert document.model == "media.storyboard"
    assert document.parent is not None
    assert built.status.result is not None
    assert document.parent.manifest_sha256 == built.status.result.manifest_sha256
    assert [item.name for item in document.adds] == ["dora"]
    assert [item.reference for item in document.holds] == ["CASE-7"]
    assert document.gates.residual.max_percent == 7
    assert document.features is not None
    assert document.features.clip == "s3://models/clip"
    assert (document.seed, document.storage.endpoint) == (4, "http://s3")
    assert [item.name for item in document.holdout] == ["boat"]
    assert "secret" not in document.to_json()


def test_what_was_begun_comes_before_what_is_new() -> None:
    made = Given().erasing(COMET, DORA).having(building(PENDING)).job(PENDING).decide().building
    assert made.actions == ()
    assert made.adds == {digest(COMET)}


def test_a_name_that_is_still_being_deleted_is_waited_for() -> None:
    metadata = PENDING.metadata.model_copy(update={"deletion_timestamp": PENDING.metadata.creation_timestamp})
    going = PENDING.model_copy(update={"metadata": metadata})
    assert Given().erasing(COMET).having(going).decide().building.actions == ()


def test_a_job_without_a_release_is_waited_for() -> None:
    given = Given().erasing(COMET)
    given.jobs.append(Job(name="storyboard-0123456789"))
    assert given.decide().building.actions == ()


def test_a_superseded_build_is_deleted_with_its_uid() -> None:
    (action,) = Given().having(building(PENDING)).decide().building.actions
    assert action == DeleteRelease(PENDING.metadata.name, PENDING.metadata.uid)


def test_a_served_set_needs_no_job() -> None:
    made = Given().erasing(COMET).having(R_COMET).serving(R_COMET).decide().building
    assert (made.actions, made.release, made.wake_at) == ((), None, None)
