"""The contract of a method, over every method found. (The package's own twin.)"""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.contract.method import MethodConfig
from unlearn_job.methods import UnknownMethodError, configs, load
from unlearn_job.methods.states import NonFiniteWeightsError
from unlearn_job.unlearn import unlearn

pytestmark = pytest.mark.torch

METHODS = sorted(configs())
CHEAP: dict[str, dict[str, int | str]] = {
    "closed-form": {"negatives": 24},
    "redirect": {"steps": 3, "negatives": 4, "conceptPrompts": 2, "retainPrompts": 4},
    "few-shot": {"shots": 2, "epochs": 1, "learningRate": "0.001"},
}


def _document(method: str, **more: object) -> object:
    adds = (tiny.erasure(tiny.COMET, tiny.WHALE, tiny.MOSAIC), tiny.erasure(tiny.SKETCH, tiny.MOSAIC))
    return tiny.document(*adds, method=method, parameters=CHEAP.get(method, {}), **more)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("layers", [2, 3])
def test_only_the_named_parameters_move_and_all_of_them_do(method: str, layers: int) -> None:
    models, doc = tiny.models(layers=layers), _document(method)
    before = tiny.weights(models.start_encoder)
    after = tiny.weights(unlearn(models, doc, tiny.Eyes()))
    config = configs()[method].model_validate(doc.method.parameters)
    named = load(method).moves(models.start_encoder, config)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved <= named
    # A key's bias has no influence on attention (softmax is shift invariant), so it alone may rest.
    assert {name for name in named - moved if not name.endswith("k_proj.bias")} == set()


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(method: str) -> None:
    one, other, third = (
        tiny.weights(unlearn(tiny.models(), _document(method, seed=seed), tiny.Eyes())) for seed in (3, 3, 4)
    )
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert not all(torch.equal(one[name], third[name]) for name in one)


@pytest.mark.parametrize("method", METHODS)
def test_the_jobs_models_get_neither_gradients_nor_changes(method: str) -> None:
    models = tiny.models()
    parts = (models.surrogate.unet, models.surrogate.vae, models.base_encoder, models.start_encoder)
    before = [tiny.weights(part) for part in parts]
    unlearn(models, _document(method), tiny.Eyes())
    for part, old in zip(parts, before, strict=True):
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


DEFAULTS: dict[str, dict[str, object]] = {
    "closed-form": {"layers": 2, "negatives": 800, "retainMass": "3", "ridge": "0.0001"},
    "few-shot": {
        "shots": 4,
        "epochs": 4,
        "batch": 2,
        "learningRate": "0.00001",
        "weightDecay": "1E-8",
    },
    "redirect": {
        "steps": 40,
        "learningRate": "0.001",
        "warmUp": 10,
        "retainMass": "1E+1",
        "conceptPrompts": 16,
        "retainPrompts": 48,
        "negatives": 48,
    },
}


@pytest.mark.parametrize("method", METHODS)
def test_defaults_enter_release_keys_and_never_change_within_an_api_version(method: str) -> None:
    config = configs()[method]
    assert {key: str(value) for key, value in config().canonical().items()} == {
        key: str(value) for key, value in DEFAULTS[method].items()
    }
    assert config.algorithm_version == 1


def test_every_folder_is_a_method() -> None:
    assert METHODS == ["closed-form", "few-shot", "redirect"]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownMethodError, match="closed-form, few-shot, redirect"):
        load("unlearn-everything")


def test_configurations_are_read_without_torch() -> None:
    code = (
        "import sys\nfrom unlearn_job.methods import configs\n"
        "configs()\nassert not {'torch', 'transformers', 'diffusers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
