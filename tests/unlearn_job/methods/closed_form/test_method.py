from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
import torch
from transformers import CLIPTextModel, CLIPTokenizer

from tests.unlearn_job import tiny
from unlearn_job.contract.concept import Concept, ConceptKind, KeptConcept
from unlearn_job.contract.document import JobInput
from unlearn_job.methods.closed_form.config import Config
from unlearn_job.methods.closed_form.method import _as_if_alone, _Normal, _solve, erase
from unlearn_job.methods.replay import Output, changed, states_of
from unlearn_job.methods.states import hidden_states, layers
from unlearn_job.methods.tokens import stack, tokenise
from unlearn_job.models import Models
from unlearn_job.prompts import fill
from unlearn_job.unlearn import _task, unlearn

pytestmark = pytest.mark.torch

T2I = Path(__file__).parents[4] / "lab" / "testbed" / "models" / "t2i"
CHARACTER, PERSON = ConceptKind.CHARACTER, ConceptKind.PERSON


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


@pytest.mark.parametrize("concepts", [1, 2, 8])
def test_a_row_that_stays_weighs_as_much_in_a_batch_as_beside_one_concept(concepts: int) -> None:
    goes, retained, negatives = 400, 700, 800
    # As `_solve` has it: of all rows that go, spread over all that stay.
    row = _as_if_alone(concepts, retained, concepts * negatives) * concepts * goes
    row /= retained + concepts * negatives
    assert row == pytest.approx(goes / (retained + negatives))


@pytest.fixture(scope="module")
def trained() -> Models:
    """Return the testbed's text encoder: what is learned about names shows only in a trained one."""
    encoder = CLIPTextModel.from_pretrained(T2I / "text_encoder", dtype=torch.float32).eval()
    encoder.requires_grad_(requires_grad=False)
    words = CLIPTokenizer.from_pretrained(T2I / "tokenizer")
    return dataclasses.replace(
        tiny.models(), base_encoder=encoder, start_encoder=encoder, tokenizer=words, surrogate=None
    )


@torch.no_grad()
def _states(models: Models, encoder: CLIPTextModel, name: str, kind: ConceptKind) -> torch.Tensor:
    """Return what the U-Net reads from the last token of the name on, in a wording nobody trained on."""
    tokens = tokenise(models.tokenizer, fill("a clip of {}", name, kind))
    return hidden_states(encoder, stack([tokens]))[0, tokens.stop - 1 : 16]


def _moved(models: Models, new: CLIPTextModel, name: str, kind: ConceptKind, to: str) -> float:
    """Return how far a name moved, as a share of its way to another one."""
    base = models.base_encoder
    own, other = (_states(models, base, n, kind) for n in (name, to))
    other = other[-len(own) :] if len(other) >= len(own) else torch.cat([other[:1], other])[-len(own) :]
    return float((_states(models, new, name, kind) - own).norm() / (other - own).norm())


BERG = Concept(name="anna berg", kind=PERSON, aliases=("miss berg",), anchor="a woman")
STONE = KeptConcept(name="anna stone", kind=PERSON)


def _document(*adds: Concept, holds: tuple[Concept, ...] = ()) -> JobInput:
    return tiny.document(
        *(tiny.erasure(c, STONE, tiny.WHALE, tiny.FISH) for c in adds),
        holds=tuple(tiny.erasure(c, STONE, tiny.WHALE, tiny.FISH) for c in holds),
    )


@pytest.fixture(scope="module")
def without_berg(trained: Models) -> CLIPTextModel:
    return unlearn(trained, _document(BERG))


def test_a_name_and_its_alias_go_and_names_that_share_a_word_stay(
    trained: Models, without_berg: CLIPTextModel
) -> None:
    assert _moved(trained, without_berg, "anna berg", PERSON, "a woman") > 0.6
    assert _moved(trained, without_berg, "miss berg", PERSON, "a woman") > 0.6
    for name in ("anna stone", "peter berg", "mister berg", "viktor moss"):  # all but the first unlisted
        assert _moved(trained, without_berg, name, PERSON, "a woman") < 0.3


@torch.no_grad()
def test_what_a_screen_ran_through_the_lower_layers_is_not_run_again(trained: Models) -> None:
    task, rows = _task(trained, _document(BERG), None), []
    (erasing,) = task.erasing

    def count(output: Output) -> Output:
        rows.append(len(states_of(output)))
        return output

    def ran(work: Callable[[], object]) -> int:
        rows.clear()
        work()
        return sum(rows)

    with ExitStack() as stack:
        for encoder in (task.start, task.encoder):
            stack.enter_context(changed(layers(encoder)[0].block, count))
        screened = ran(lambda: task.negatives.of(erasing, 400))
        with_negatives = ran(lambda: erase(task, Config(negatives=400)))
        without = ran(lambda: erase(task, Config(negatives=0)))
    assert screened >= 400
    assert with_negatives == screened + without
    anchors = {pair.anchor.text for pair in erasing.training}
    assert without <= len(task.retain) + len(erasing.training) + len(anchors)


def test_what_the_parent_erased_stays_erased(trained: Models, without_berg: CLIPTextModel) -> None:
    models = dataclasses.replace(trained, start_encoder=without_berg)
    second = unlearn(models, _document(tiny.COMET, holds=(BERG,)))
    assert _moved(trained, second, "captain comet", CHARACTER, "a figure") > 0.6
    assert _moved(trained, second, "anna berg", PERSON, "a woman") > 0.6
    assert _moved(trained, second, "captain whale", CHARACTER, "a figure") < 0.3
