from __future__ import annotations

from erasure_operator.api.constants import Reason
from erasure_operator.api.encoder_release import EncoderRelease, ReleasePhase
from erasure_operator.plan.catalogue import Catalogue, content, is_stale, rollout_failed, unknown_to_base
from erasure_operator.plan.gates import GatesInForce
from tests.erasure_operator.plan.builders import digest, edited, erasure, release, video_model
from tests.erasure_operator.plan.given import marked
from unlearn_job.contract.gates import Gates
from unlearn_job.contract.result import Outcome

COMET, DORA = erasure("comet"), erasure("dora", age=1)
GOOD, BAD = release([COMET]), release([DORA], outcome=Outcome.GATE_FAILED)
BAD_BATCH = release([COMET, DORA], outcome=Outcome.GATE_FAILED)
PENDING = release([COMET, DORA], outcome=None)
FAILED = marked(release([DORA], outcome=None), ReleasePhase.FAILED, Reason.JOB_FAILED)


def catalogue(*releases: EncoderRelease, served: EncoderRelease | None = None) -> Catalogue:
    return Catalogue(releases, GatesInForce(model=Gates(), by_digest={}), served)


def test_what_holds_the_gates_is_admitted_and_what_serves_stays_so() -> None:
    assert catalogue(GOOD, BAD, PENDING, FAILED).admitted() == (GOOD,)
    assert catalogue(GOOD, BAD, served=BAD).admitted() == (GOOD, BAD)


def test_only_a_single_erasure_fails_alone() -> None:
    assert catalogue(GOOD, BAD_BATCH, PENDING).failed_alone() == {}
    assert catalogue(BAD).failed_alone() == {digest(DORA): BAD}
    assert catalogue(FAILED).failed_alone() == {digest(DORA): FAILED}


def test_an_answer_that_lists_nothing_means_all_that_was_asked() -> None:
    nothing = release([COMET, DORA], outcome=Outcome.NOT_PRESENT)
    assert nothing.status.result is not None
    bare = nothing.status.result.model_copy(update={"not_present": ()})
    silent = nothing.model_copy(update={"status": nothing.status.model_copy(update={"result": bare})})
    assert unknown_to_base(silent) == {digest(COMET), digest(DORA)}


def test_what_the_base_does_not_know_is_no_content() -> None:
    both = release([COMET, DORA])
    assert both.status.result is not None
    partly = both.status.result.model_copy(update={"not_present": (digest(DORA),)})
    found = both.model_copy(update={"status": both.status.model_copy(update={"result": partly})})
    assert [item.name for item in content(found)] == ["comet"]
    assert catalogue(found).not_present() == {digest(DORA): found}


def test_verdicts_go_stale_with_what_they_depend_on() -> None:
    model = video_model()
    assert not is_stale(FAILED, model)
    assert is_stale(FAILED, edited(model))
    unknown = release([COMET], outcome=Outcome.NOT_PRESENT)
    assert not is_stale(unknown, edited(model))
    assert is_stale(unknown, edited(model, judge={"type": "clip", "source": "s3://models/other"}))
    assert not is_stale(BAD, edited(model))


def test_a_failed_rollout_counts_under_the_spec_it_failed_under() -> None:
    found = marked(GOOD, ReleasePhase.BUILT, Reason.ROLLOUT_FAILED)
    assert rollout_failed(found, video_model())
    assert not rollout_failed(found, edited(video_model()))


def test_a_chain_is_counted_as_far_as_its_releases_are_there() -> None:
    first, other = erasure("first"), erasure("second")
    below = release([first])
    above = release([other], on=below, age=1)
    gates = GatesInForce(Gates(), {})
    whole, cut = (Catalogue(there, gates, None) for there in ((below, above), (above,)))
    assert [whole.links(below), whole.links(above), cut.links(above)] == [1, 2, 2]


def test_releases_are_found_by_name_and_by_key() -> None:
    assert catalogue(GOOD, BAD).by_name(BAD.metadata.name) is BAD
    assert catalogue(GOOD, BAD).by_key(GOOD.key) is GOOD
    assert catalogue(GOOD).by_name(None) is None
    assert GOOD.status.uri is not None
    assert catalogue(BAD, GOOD).by_uri(GOOD.status.uri) is GOOD
    assert catalogue(PENDING).by_uri("") is None
