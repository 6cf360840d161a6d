from __future__ import annotations

import dataclasses

import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.contract.concept import ConceptKind
from unlearn_job.methods.closed_form.method import _Normal, _solve
from unlearn_job.methods.states import hidden_states
from unlearn_job.methods.tokens import stack, tokenise
from unlearn_job.prompts import fill
from unlearn_job.unlearn import unlearn

pytestmark = pytest.mark.torch

CHARACTER = ConceptKind.CHARACTER


def test_the_solution_is_that_of_weighted_least_squares() -> None:
    torch.manual_seed(0)
    goes_x, goes_d = torch.randn(20, 6), torch.randn(20, 4)
    keeps_x, keeps_d = torch.randn(50, 6), 0.1 * torch.randn(50, 4)
    projection = torch.nn.Linear(6, 4)
    goes, keeps = _Normal.empty(projection), _Normal.empty(projection)
    goes.add(goes_x, goes_d)
    keeps.add(keeps_x[:30], keeps_d[:30])
    keeps.add(keeps_x[30:], keeps_d[30:])
    change = _solve(goes, keeps, mass=3.0, ridge=1e-9)
    weight = (3.0 * 20 / 50) ** 0.5
    rows = torch.cat([goes_x, weight * keeps_x]).double()
    wanted = torch.cat([goes_d, weight * keeps_d]).double()
    expected = torch.linalg.lstsq(rows, wanted).solution.T
    assert torch.allclose(change.double(), expected, atol=1e-5)


def test_ridge_pulls_towards_no_change() -> None:
    projection = torch.nn.Linear(6, 4)
    goes, keeps = _Normal.empty(projection), _Normal.empty(projection)
    goes.add(torch.randn(20, 6), torch.randn(20, 4))
    keeps.add(torch.randn(20, 6), torch.zeros(20, 4))
    small, large = (_solve(goes, keeps, mass=1.0, ridge=ridge).norm() for ridge in (1e-3, 10.0))
    assert large < small / 2


def _distance(encoder: object, one: str, other: object, to: str) -> float:
    """Return how far the last name token of a prompt lies from that of another one."""
    found = []
    for model, name in ((encoder, one), (other, to)):
        tokens = tokenise(tiny.tokenizer(), fill("a picture of {} here", name, CHARACTER))
        found.append(hidden_states(model, stack([tokens]))[0, tokens.stop - 1])
    return float((found[0] - found[1]).norm())


@torch.no_grad()
def test_the_name_moves_to_its_anchor_and_names_that_share_a_word_stay() -> None:
    models = tiny.models()
    doc = tiny.document(tiny.erasure(tiny.COMET, tiny.WHALE), parameters={"negatives": 200})
    base, new = models.base_encoder, unlearn(models, doc)
    for name in ("captain comet", "comet man"):
        assert _distance(new, name, base, "a figure") < 0.5 * _distance(base, name, base, "a figure")
    for name in ("captain whale", "whale man", "lady lantern"):
        assert _distance(new, name, base, name) < 0.25 * _distance(base, name, base, "a figure")


@torch.no_grad()
def test_what_the_parent_erased_stays_where_the_parent_put_it() -> None:
    models = tiny.models()
    few = {"negatives": 200}
    first = unlearn(models, tiny.document(tiny.erasure(tiny.COMET, tiny.WHALE), parameters=few))
    second = unlearn(
        dataclasses.replace(models, start_encoder=first),
        tiny.document(tiny.erasure(tiny.CAT, tiny.FISH), holds=(tiny.erasure(tiny.COMET),), parameters=few),
    )
    moved = _distance(first, "captain comet", models.base_encoder, "captain comet")
    assert _distance(second, "captain comet", first, "captain comet") < 0.2 * moved
