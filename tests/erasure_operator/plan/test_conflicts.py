from __future__ import annotations

from erasure_operator.plan.conflicts import conflict_message
from tests.erasure_operator.plan.builders import erasure

COMET = erasure("comet", concept={"aliases": ["comet man"]})
KEEPER = erasure("keeper", age=1, preserve=[{"name": "Comet Man"}])
LATE = erasure("late", age=2, concept={"name": "comet"})
EARLY_KEEPER = erasure("early", age=1, preserve=[{"name": "comet"}])


def test_the_newer_erasure_is_told_that_an_older_one_takes_away_what_it_keeps() -> None:
    message = conflict_message(KEEPER, (KEEPER, COMET))
    assert message == (
        'ConflictingConcept: ConceptErasure comet erases "Comet Man", which this one preserves.'
    )
    assert conflict_message(COMET, (KEEPER, COMET)) == ""


def test_the_newer_erasure_is_told_that_an_older_one_keeps_what_it_takes_away() -> None:
    assert "which this one erases" in conflict_message(LATE, (LATE, EARLY_KEEPER))
    assert conflict_message(EARLY_KEEPER, (LATE, EARLY_KEEPER)) == ""


def test_erasures_that_agree_are_told_nothing() -> None:
    assert conflict_message(erasure("dora", age=3), (COMET, erasure("dora", age=3))) == ""
