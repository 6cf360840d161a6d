from __future__ import annotations

from typing import Any

import pytest

from tests.unlearn_job import tiny
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.gates import Gates, ResidualGate
from unlearn_job.probe.budget import FEWEST_KEPT, Amounts, BudgetTooSmallError, deciding, within_budget
from unlearn_job.probe.pace import Drawn, Pace
from unlearn_job.probe.subjects import Subject, subjects
from unlearn_job.prompts import Templates

pytestmark = pytest.mark.torch

PACE = Pace(images=Drawn(100, 10.0), clips=Drawn(10, 10.0))  # 10 images and one clip a second
WANTED = {"images": 64, "clips": 64, "retention_images": 240}


def document(**probe: Any) -> JobInput:
    return tiny.document(
        tiny.erasure(tiny.COMET, tiny.WHALE, tiny.FISH), holdout=(tiny.MOSAIC,), probe={**WANTED, **probe}
    )


def every(doc: JobInput) -> tuple[Subject, ...]:
    return subjects(doc, Templates.built_in(), tiny.encoder(), tiny.tokenizer())


def test_without_a_hit_35_samples_decide_a_gate_of_ten_percent() -> None:
    assert deciding(Gates()) == 35
    assert deciding(Gates(residual=ResidualGate(max_percent=100))) == 1


@pytest.mark.parametrize("budget", [None, 200])
def test_what_fits_stays_as_the_document_says(budget: int | None) -> None:
    doc = document(budget_seconds=budget)
    assert within_budget(doc, every(doc), PACE) == Amounts(images=64, clips=64, kept=80)


def test_amounts_shrink_until_they_fit_and_still_decide() -> None:
    doc = document(budget_seconds=80)
    found = within_budget(doc, every(doc), PACE)
    assert 35 <= found.clips < 64
    assert 35 <= found.images < 64
    assert found.kept * 3 >= FEWEST_KEPT
    assert (found.images + 3 * found.kept) / 10 + found.clips <= 80
    more = Amounts(found.images + 1, found.clips + 1, found.kept + 1)
    assert (more.images + 3 * more.kept) / 10 + more.clips > 80


def test_a_budget_that_decides_nothing_is_refused_with_the_one_that_would() -> None:
    doc = document(budget_seconds=40)
    with pytest.raises(BudgetTooSmallError, match=r"35 images and 35 clips .* take about 59 s"):
        within_budget(doc, every(doc), PACE)
    enough = document(budget_seconds=60)
    assert within_budget(enough, every(enough), PACE).clips >= 35


def test_further_wordings_cost_time_too() -> None:
    doc = document(budget_seconds=80, wordings=("Compositional", "Implicit"), wording_images=64)
    without = document(budget_seconds=80)
    assert within_budget(doc, every(doc), PACE).clips < within_budget(without, every(without), PACE).clips
