"""The bench of real sizes on a model of a test's size: what is counted, and that a wrong count ends it."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from bench import scale  # noqa: E402
from tests.unlearn_job import tiny  # noqa: E402
from unlearn_job.contract.document import JobInput  # noqa: E402


def test_the_documents_are_ones_that_a_job_accepts() -> None:
    for method in ("closed-form", "few-shot"):
        document = scale.document(method)
        assert JobInput.from_json(document.to_json()) == document
        assert len(document.adds[0].preserve) == 9


def test_products_are_counted_those_that_add_in_place_too() -> None:
    left, right = torch.ones(3, 5), torch.ones(5, 7)
    with scale._counting(True) as teraflop:
        _ = left @ right
        torch.zeros(3, 7).addmm_(left, right)
    assert teraflop["teraflop"] * 1e12 == pytest.approx(2 * (2 * 3 * 5 * 7))


def test_the_closed_form_moves_what_it_says_and_is_timed() -> None:
    assert scale.closed_form(tiny.models(), count=True)["teraflop"] > 0
    figures = scale.closed_form(tiny.models())
    assert figures.keys() == {"seconds", "cpuSeconds"}
    assert figures["cpuSeconds"] > 0


def test_few_steps_stand_for_eight() -> None:
    figures = scale.few_shot(tiny.models(), steps=2, pixels=16)
    assert figures["steps"] == 2
    # Both are rounded, each for itself.
    assert figures["eightSteps"] == pytest.approx(4 * figures["seconds"], abs=0.4)
    with pytest.raises(SystemExit, match="2 steps ran, and 3 should have"):
        scale.few_shot(tiny.models(), steps=3, pixels=16)
