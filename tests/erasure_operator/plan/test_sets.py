from __future__ import annotations

import pytest

from erasure_operator.api.concept_erasure import ConceptErasure
from erasure_operator.api.constants import Reason
from erasure_operator.api.encoder_release import EncoderRelease, ReleasePhase
from erasure_operator.plan.actions import CreateRelease
from erasure_operator.plan.catalogue import digests
from erasure_operator.plan.sets import LONGEST_CHAIN, Goal, covers, exact, parent_for, rebuilds
from tests.erasure_operator.plan.builders import digest, erasure, release
from tests.erasure_operator.plan.given import Given, marked
from unlearn_job.contract.result import Outcome

COMET, DORA, BORIS = erasure("comet"), erasure("dora", age=1), erasure("boris", age=2)
R_COMET, R_DORA = release([COMET]), release([DORA])
R_BOTH = release([DORA], on=R_COMET, age=1)
NEW_COMET = erasure("comet", generation=2, concept={"aliases": ["comet man"]})
FAILED_NEW = release([NEW_COMET], outcome=Outcome.GATE_FAILED, age=2)


def test_what_failed_and_what_is_unknown_is_not_wanted() -> None:
    failed = release([COMET], outcome=Outcome.GATE_FAILED)
    unknown = release([DORA], outcome=Outcome.NOT_PRESENT)
    made = Given().erasing(COMET, DORA, BORIS).having(failed, unknown).decide()
    assert made.wanted.digests == {digest(BORIS)}
    assert made.wanted.kept is None


def test_the_served_set_stays_wanted_while_a_new_form_of_it_fails() -> None:
    made = Given().erasing(NEW_COMET, DORA).having(R_COMET, FAILED_NEW).serving(R_COMET).decide()
    assert made.wanted.digests == {digest(COMET), digest(DORA)}
    assert parent_for(made.wanted, made.catalogue) == made.catalogue.served


def test_after_a_change_of_the_base_a_failing_erasure_holds_the_rollout() -> None:
    given = Given().erasing(COMET, DORA).changed(pipeline={"source": "s3://models/t2v-2"})
    failed = release([COMET], model=given.model, outcome=Outcome.GATE_FAILED)
    other = release([DORA], model=given.model)
    made = given.having(R_COMET, failed, other).serving(R_COMET).decide()
    assert made.wanted.digests == {digest(DORA, given.model)}
    assert made.goal == Goal(made.catalogue.served)


def test_an_exact_release_that_serves_is_preferred_to_an_older_one() -> None:
    other = release([COMET], on=R_DORA, age=5)
    made = Given().erasing(COMET, DORA).having(R_BOTH, other).serving(other).decide()
    assert made.goal is not None
    assert made.goal.release == made.catalogue.served == exact(made.wanted, made.catalogue)
    assert digests(other) == digests(R_BOTH)


def test_a_part_of_the_wanted_set_serves_while_the_rest_is_built() -> None:
    made = Given().erasing(COMET, DORA, BORIS).having(R_COMET, R_BOTH).serving(R_COMET).decide()
    assert made.goal is not None
    assert made.goal.release is not None
    assert made.goal.release.key == R_BOTH.key


def test_no_part_that_takes_something_back_is_served() -> None:
    made = Given().erasing(DORA, BORIS).having(R_BOTH, release([BORIS])).serving(R_BOTH).decide()
    assert made.goal is not None
    assert made.goal.release is not None
    assert made.goal.release.key == R_BOTH.key


def test_after_a_failed_rollout_no_part_is_tried_in_its_place() -> None:
    whole = marked(release([BORIS], on=R_BOTH, age=2), ReleasePhase.BUILT, Reason.ROLLOUT_FAILED)
    made = Given().erasing(COMET, DORA, BORIS).having(R_COMET, R_BOTH, whole).serving(R_COMET).decide()
    assert made.goal is not None
    assert made.goal.release is not None
    assert made.goal.release.key == R_COMET.key


def _chain(length: int) -> tuple[list[ConceptErasure], list[EncoderRelease]]:
    """Return erasures, and releases that add one each to the one before."""
    erasures = [erasure(f"concept-{n}", age=n) for n in range(length)]
    releases: list[EncoderRelease] = []
    for age, item in enumerate(erasures):
        releases.append(release([item], on=releases[-1] if releases else None, age=age))
    return erasures, releases


@pytest.mark.parametrize(("length", "rebuilt"), [(LONGEST_CHAIN - 1, False), (LONGEST_CHAIN, True)])
def test_behind_a_long_chain_the_whole_set_is_built_at_once_on_the_base(length: int, rebuilt: bool) -> None:
    erasures, releases = _chain(length)
    erasures.append(erasure("next", age=length))
    made = Given().erasing(*erasures).having(*releases).serving(releases[-1]).plan()
    (begun,) = (action for action in made.actions if isinstance(action, CreateRelease))
    document = begun.spec.document
    assert (document.parent is None) is rebuilt
    assert len(document.adds) == (length + 1 if rebuilt else 1)
    assert len((*document.adds, *document.holds)) == length + 1


def test_where_the_whole_failed_the_chain_goes_on() -> None:
    erasures, releases = _chain(LONGEST_CHAIN)
    erasures.append(erasure("next", age=LONGEST_CHAIN))
    whole = release(erasures, outcome=Outcome.GATE_FAILED, age=LONGEST_CHAIN)
    made = Given().erasing(*erasures).having(*releases, whole).serving(releases[-1]).plan()
    (begun,) = (action for action in made.actions if isinstance(action, CreateRelease))
    assert begun.spec.document.parent is not None
    assert begun.spec.document.parent.key == releases[-1].key


def test_a_release_that_must_be_held_whole_is_built_on_however_long_its_chain() -> None:
    erasures, releases = _chain(LONGEST_CHAIN)
    first = erasure("concept-0", generation=2, concept={"aliases": ["zero"]})
    failed = release([first], outcome=Outcome.GATE_FAILED, age=9)
    given = Given().erasing(first, *erasures[1:], erasure("next", age=8)).having(*releases, failed)
    made = given.serving(releases[-1]).decide()
    assert made.wanted.kept is not None
    assert not rebuilds(made.wanted, parent_for(made.wanted, made.catalogue), made.catalogue)


def test_a_release_covers_an_erasure_of_the_same_spec_or_of_the_same_name() -> None:
    asked = Given().erasing(NEW_COMET, DORA).decide().asked
    assert covers(R_COMET, asked.erasures["comet"])
    assert not covers(R_COMET, asked.erasures["dora"])
    renamed = erasure("case-7", concept={"name": "comet"})
    assert covers(R_COMET, Given().erasing(renamed).decide().asked.erasures["case-7"])
