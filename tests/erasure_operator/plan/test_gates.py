from __future__ import annotations

from erasure_operator.plan.gates import GatesInForce
from tests.erasure_operator.plan.builders import digest, erasure, release, result_for
from unlearn_job.contract.gates import Gates, ResidualGate, RetentionGate
from unlearn_job.contract.result import Outcome

COMET = erasure("comet")


def test_the_stricter_bound_of_each_wins() -> None:
    strict = Gates(residual=ResidualGate(max_percent=2), retention=RetentionGate(min_percent=50))
    gates = GatesInForce(model=Gates(), by_digest={"a": strict})
    assert gates.of(["a", "b"]).residual.max_percent == 2
    assert gates.of(["a", "b"]).retention.min_percent == Gates().retention.min_percent
    assert gates.of(["b"]) == Gates()


def test_figures_are_judged_by_the_gates_now_in_force() -> None:
    built = release([COMET])
    assert GatesInForce(model=Gates(), by_digest={}).broken(built) == ()
    strict = Gates(residual=ResidualGate(max_percent=1))
    broken = GatesInForce(model=Gates(), by_digest={digest(COMET): strict}).broken(built)
    assert any("0 of 64" in sentence for sentence in broken)


def test_without_figures_the_job_is_believed() -> None:
    built = release([COMET])
    gates = GatesInForce(model=Gates(), by_digest={})
    for outcome, holds in ((Outcome.BUILT, True), (Outcome.GATE_FAILED, False)):
        result = result_for(built, outcome).model_copy(update={"figures": None})
        status = built.status.model_copy(update={"result": result})
        assert (gates.broken(built.model_copy(update={"status": status})) == ()) is holds


def test_a_release_without_a_result_may_not_serve() -> None:
    assert GatesInForce(model=Gates(), by_digest={}).broken(release([COMET], outcome=None))
