"""The contract of a method, over every method found. (The package's own twin.)"""

from __future__ import annotations

import functools
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.method import MethodConfig
from unlearn_job.methods import UnknownMethodError, configs, load
from unlearn_job.methods.checkpoint import Checkpoint, Saved, StateMismatchError
from unlearn_job.methods.states import NonFiniteWeightsError
from unlearn_job.models import Models
from unlearn_job.unlearn import STATE_FILE, unlearn

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]

METHODS = sorted(configs())
LOOSE: dict[str, int | str] = {"driftBelow": "100", "abortAbove": "100"}
"""Three steps in a random encoder prove nothing about drift."""
THROUGH: dict[str, int | str] = {
    "shots": 1,
    "batch": 2,
    "retainImages": 1,
    "retainPrompts": 2,
    "negatives": 2,
    **LOOSE,
}
CHEAP: dict[str, dict[str, int | str]] = {
    "closed-form": {"negatives": 24},
    "redirect": {"steps": 3, "negatives": 4, "conceptPrompts": 2, "retainPrompts": 4, **LOOSE},
    "few-shot": {"shots": 2, "epochs": 2, "learningRate": "0.001"},
    "bounded": {"steps": 3, **THROUGH},
    "domain-correction": {"steps": 2, "discriminatorSteps": 1, **THROUGH},
    "robust": {
        "rounds": 2,
        "candidates": 24,
        "greedy": 1,
        "found": 2,
        "wordings": 2,
        "judged": 2,
        "negatives": 24,
    },
}
DESCENTS = ("bounded", "domain-correction", "few-shot", "redirect")
"""Methods that train step by step: they can be interrupted."""


def _document(method: str, **more: object) -> JobInput:
    adds = (tiny.erasure(tiny.COMET, tiny.WHALE, tiny.MOSAIC), tiny.erasure(tiny.SKETCH, tiny.MOSAIC))
    return tiny.document(*adds, method=method, parameters=CHEAP.get(method, {}), **more)


@dataclass(frozen=True)
class Run:
    """One run, for all tests that look at what came of it: models, what they were, and what was made."""

    models: Models
    before: list[dict[str, torch.Tensor]]
    after: dict[str, torch.Tensor]


def _parts(models: Models) -> tuple[torch.nn.Module, ...]:
    return (models.start_encoder, models.base_encoder, models.surrogate.unet, models.surrogate.vae)


@functools.cache
def _run(method: str, layers: int = 3) -> Run:
    models = tiny.models(layers=layers)
    before = [tiny.weights(part) for part in _parts(models)]
    return Run(models, before, tiny.weights(unlearn(models, _document(method), tiny.Eyes())))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("layers", [2, 3])
def test_only_the_named_parameters_move_and_all_of_them_do(method: str, layers: int) -> None:
    run = _run(method, layers)
    models, before, after = run.models, run.before[0], run.after
    config = configs()[method].model_validate(_document(method).method.parameters)
    named = load(method).moves(models.start_encoder, config)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved <= named
    # A key's bias has no influence on attention (softmax is shift invariant), so it alone may rest.
    assert {name for name in named - moved if not name.endswith("k_proj.bias")} == set()


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(method: str) -> None:
    again, other = (
        tiny.weights(unlearn(tiny.models(), _document(method, **more), tiny.Eyes()))
        for more in ({}, {"seed": 4})
    )
    assert all(torch.equal(again[name], value) for name, value in _run(method).after.items())
    assert not all(torch.equal(other[name], value) for name, value in _run(method).after.items())


@pytest.mark.parametrize("method", DESCENTS)
def test_a_resumed_training_has_the_bytes_of_an_uninterrupted_one(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _run(method).after
    monkeypatch.setattr(Checkpoint, "due", True)
    write, written = Checkpoint.write, []

    def interrupted(self: Checkpoint, saved: Saved) -> None:
        write(self, saved)
        written.append(saved.step)
        if len(written) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        unlearn(tiny.models(), _document(method), tiny.Eyes(), state=tmp_path)
    resumed = tiny.weights(unlearn(tiny.models(), _document(method), tiny.Eyes(), state=tmp_path))
    assert written[:3] == [1, 2, 3], "the second call must go on where the first one ended"
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    taken = len(written)
    ended = tiny.weights(unlearn(tiny.models(), _document(method), tiny.Eyes(), state=tmp_path))
    assert len(written) == taken, "what has ended takes no further step"
    assert all(torch.equal(whole[name], ended[name]) for name in whole)


@pytest.mark.parametrize("method", DESCENTS)
def test_the_state_of_another_run_is_refused(method: str, tmp_path: Path) -> None:
    Checkpoint(tmp_path / STATE_FILE, "another").write(Saved(1, {"a": torch.zeros(1)}))
    with pytest.raises(StateMismatchError):
        unlearn(tiny.models(), _document(method), tiny.Eyes(), state=tmp_path)


@pytest.mark.parametrize("method", METHODS)
def test_the_jobs_models_get_neither_gradients_nor_changes(method: str) -> None:
    run = _run(method)
    for part, old in zip(_parts(run.models), run.before, strict=True):
        assert all(torch.equal(old[name], value) for name, value in tiny.weights(part).items())
        assert all(parameter.grad is None for parameter in part.parameters())


@pytest.mark.parametrize("method", METHODS)
def test_nan_is_refused(method: str) -> None:
    models = tiny.models()
    with torch.no_grad():
        models.start_encoder.get_parameter("final_layer_norm.weight")[0] = torch.nan
    with pytest.raises(NonFiniteWeightsError, match="final_layer_norm"):
        unlearn(models, _document(method), tiny.Eyes())


@pytest.mark.parametrize("method", METHODS)
def test_parameters_have_a_text_that_can_be_hashed(method: str) -> None:
    config = configs()[method]
    assert issubclass(config, MethodConfig)
    assert not [value for value in config().canonical().values() if isinstance(value, float)]
    assert config.model_validate(config().canonical()) == config()


DESCENT: dict[str, object] = {
    "steps": 100,
    "learningRate": "0.003",
    "warmUp": 10,
    "retainPrompts": 24,
    "negatives": 24,
    "erasedAt": "0.01",
    "driftBelow": "0.2",
    "abortAbove": "1",
    "checkEvery": 10,
}
IMAGES: dict[str, object] = {"shots": 4, "batch": 8, "retainImages": 4}
DEFAULTS: dict[str, dict[str, object]] = {
    "closed-form": {"layers": 2, "negatives": 800, "retainMass": "3", "ridge": "0.0001"},
    "few-shot": {
        "shots": 4,
        "epochs": 4,
        "batch": 2,
        "learningRate": "0.00001",
        "weightDecay": "1E-8",
        "parameters": "mlp-final-attention",
    },
    "redirect": {**DESCENT, "conceptPrompts": 16, "retainMass": "2"},
    "bounded": {**DESCENT, **IMAGES, "push": "0", "retainShare": "4"},
    "domain-correction": {
        **DESCENT,
        **IMAGES,
        "discriminatorSteps": 50,
        "discriminatorRate": "0.001",
        "retainShare": "8",
        "erasedAt": "0.1",
    },
    "robust": {
        "base": "closed-form",
        "rounds": 16,
        "patience": 3,
        "candidates": 4000,
        "greedy": 8,
        "found": 24,
        "longest": 5,
        "wordings": 8,
        "judged": 48,
        "through": "encoder",
        "soft": "none",
        "nearness": "0.8",
        "negatives": None,
        "retainMass": None,
    },
}
VERSIONS = {
    "bounded": 3,
    "closed-form": 5,
    "domain-correction": 3,
    "few-shot": 2,
    "redirect": 4,
    "robust": 12,
}
"""Of methods whose algorithm changed: the same parameters gave another encoder before."""


@pytest.mark.parametrize("method", METHODS)
def test_defaults_enter_release_keys_and_change_with_the_version_of_the_algorithm_alone(method: str) -> None:
    config = configs()[method]
    assert {key: str(value) for key, value in config().canonical().items()} == {
        key: str(value) for key, value in DEFAULTS[method].items()
    }
    assert config.algorithm_version == VERSIONS.get(method, 1)


def test_every_folder_is_a_method() -> None:
    assert set(METHODS) >= {"bounded", "closed-form", "domain-correction", "few-shot", "redirect", "robust"}


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownMethodError, match="bounded, closed-form, domain-correction, few-shot"):
        load("unlearn-everything")


def test_configurations_are_read_without_torch() -> None:
    code = (
        "import sys\nfrom unlearn_job.methods import configs\n"
        "configs()\nassert not {'torch', 'transformers', 'diffusers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
