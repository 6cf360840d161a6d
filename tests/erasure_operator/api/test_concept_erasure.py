"""Gates of an erasure only ever tighten those of its model."""

from __future__ import annotations

from erasure_operator.api.concept_erasure import ConceptErasure
from tests.erasure_operator.api.conftest import CONCEPT_ERASURE, changed
from unlearn_job.contract.gates import Gates, ResidualGate, RetentionGate

MODEL_GATES = Gates(residual=ResidualGate(max_percent=8), retention=RetentionGate(min_percent=80))


def test_a_bound_that_is_left_out_leaves_the_models_bound() -> None:
    stricter = changed(CONCEPT_ERASURE, "spec.gates", {"residual": {"maxPercent": 2}})
    gates = ConceptErasure.from_object(stricter).spec.gates
    assert gates is not None
    assert MODEL_GATES.stricter(gates) == Gates(
        residual=ResidualGate(max_percent=2), retention=RetentionGate(min_percent=80)
    )


def test_a_looser_bound_changes_nothing() -> None:
    looser = changed(
        CONCEPT_ERASURE, "spec.gates", {"residual": {"maxPercent": 50}, "retention": {"minPercent": 10}}
    )
    gates = ConceptErasure.from_object(looser).spec.gates
    assert gates is not None
    assert MODEL_GATES.stricter(gates) == MODEL_GATES
