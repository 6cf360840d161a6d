"""Both encoders of SDXL, trained one after another through its U-Net, which reads them side by side."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from tests.unlearn_job import tiny
from tests.unlearn_job.families import pipelines
from unlearn_job.contract.document import JobInput
from unlearn_job.encoder import Encoders, joint_digest, tensor_digest
from unlearn_job.generate import Pixels
from unlearn_job.in_memory import models_of
from unlearn_job.methods import configs, load
from unlearn_job.methods.checkpoint import Checkpoint, Saved
from unlearn_job.models import Models
from unlearn_job.shots import make_shots
from unlearn_job.unlearn import unlearn, unlearn_all

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]
BOTH = ("text_encoder", "text_encoder_2")
DESCENT: dict[str, int | str] = {
    "shots": 2,
    "batch": 4,
    "retainImages": 2,
    "retainPrompts": 8,
    "negatives": 2,
    "warmUp": 1,
    # In random weights Adam's first steps go anywhere unless they are short.
    "learningRate": "0.0001",
    "driftBelow": "100",
    "abortAbove": "100",
    "checkEvery": 1000,
}
METHODS: dict[str, dict[str, int | str]] = {
    "few-shot": {"shots": 2, "epochs": 5, "learningRate": "0.001"},
    "bounded": {"steps": 8, **DESCENT},
    "domain-correction": {"steps": 1, "discriminatorSteps": 1, **DESCENT, "learningRate": "0.001"},
}
TARGET, ANCHOR = "a picture of captain comet", "a picture of a figure"
KEPT = ("a picture of captain whale", "a picture of a fish")


class Watchful(tiny.Eyes):
    """Sees the concept in every picture, and remembers the pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Pixels] = []

    def sees(self, images: Pixels, concept: Any, among: Any) -> Tensor:
        self.seen.append(images)
        return super().sees(images, concept, among)


@dataclasses.dataclass(frozen=True)
class Made:
    """What a method made of both encoders, and the pictures that the judge was shown."""

    encoders: dict[str, PreTrainedModel]
    seen: list[Pixels]


def document(method: str, **parameters: int | str) -> JobInput:
    erasure = tiny.erasure(tiny.COMET, tiny.WHALE, tiny.FISH)
    return tiny.document(erasure, method=method, parameters={**METHODS[method], **parameters})


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """AnimateDiff-SDXL to serve, and SDXL as its surrogate."""
    root = tmp_path_factory.mktemp("pair")
    torch.manual_seed(1)
    pipeline, surrogate = (
        build(root / build.__name__) for build in (pipelines.animate_diff_xl, pipelines.stable_diffusion_xl)
    )
    surrogate.set_progress_bar_config(disable=True)
    return models_of(pipeline, surrogate, BOTH)


@pytest.fixture(scope="module")
def made(models: Models) -> Callable[[str], Made]:
    """Return what makes the encoders of a method, once for all tests."""

    @functools.cache
    def make(method: str) -> Made:
        judge = Watchful()
        encoders = models.by_component(unlearn_all(models, document(method), judge))
        return Made(encoders, judge.seen)

    return make


def frozen_parts(models: Models) -> list[Any]:
    surrogate: Any = models.surrogate
    own = (surrogate.unet, surrogate.vae, surrogate.text_encoder, surrogate.text_encoder_2)
    return [*own, *(part.start_encoder for part in models.parts)]


@pytest.mark.parametrize("method", METHODS)
def test_the_named_parameters_of_both_encoders_move_and_nothing_else(
    models: Models, made: Callable[[str], Made], method: str
) -> None:
    before = [tiny.weights(part) for part in frozen_parts(models)]
    encoders = made(method).encoders
    assert tuple(encoders) == BOTH
    config = configs()[method].model_validate(METHODS[method])
    for part in models.parts:
        own, new = tiny.weights(part.start_encoder), tiny.weights(encoders[part.encoder_name])
        named = load(method).moves(part.start_encoder, config)
        moved = {name for name in own if not torch.equal(own[name], new[name])}
        assert moved <= named
        assert not [name for name in named - moved if not name.endswith("k_proj.bias")]
        # What shapes the pooled vector alone stays.
        behind = f"layers.{part.start_encoder.config.num_hidden_layers - 1}."
        assert not [name for name in moved if behind in name or "text_projection" in name]
    for part, old in zip(frozen_parts(models), before, strict=True):
        assert all(torch.equal(old[name], value) for name, value in tiny.weights(part).items())
        assert all(parameter.grad is None for parameter in part.parameters())


def test_the_second_is_trained_beside_the_first_as_it_was_edited(
    models: Models, made: Callable[[str], Made]
) -> None:
    first, second = made("few-shot").encoders.values()
    part, doc = models.parts[1], document("few-shot")
    beside = unlearn(part, doc, tiny.Eyes(), beside={"text_encoder": first})
    # A document that names one encoder: the surrogate's own is read beside it.
    alone = unlearn(part, doc, tiny.Eyes())
    assert tensor_digest(beside) == tensor_digest(second) != tensor_digest(alone)


def test_images_are_drawn_once_with_both_and_what_the_judge_sees_counts(
    models: Models, made: Callable[[str], Made]
) -> None:
    (seen,) = made("few-shot").seen
    doc = document("few-shot")
    judge = Watchful()
    make_shots(models, doc, judge, doc.adds[0], 1)
    assert np.array_equal(seen, judge.seen[0])


def test_a_training_that_is_taken_up_in_the_second_encoder_has_the_same_bytes(
    models: Models, made: Callable[[str], Made], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Checkpoint, "due", True)
    write, written = Checkpoint.write, []

    def interrupted(self: Checkpoint, saved: Saved) -> None:
        write(self, saved)
        written.append((self.path.parent.name, saved.step))
        if written[-1] == ("text_encoder_2", 2):
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "write", interrupted)
    doc = document("few-shot")
    with pytest.raises(KeyboardInterrupt):
        unlearn_all(models, doc, tiny.Eyes(), state=tmp_path)
    resumed = models.by_component(unlearn_all(models, doc, tiny.Eyes(), state=tmp_path))
    second = [step for name, step in written if name == "text_encoder_2"]
    assert second == [1, 2, 3, 4, 5], "the second call must go on where the first one ended"
    assert joint_digest(resumed) == joint_digest(made("few-shot").encoders)


@dataclasses.dataclass(frozen=True)
class Draws:
    """What the surrogate's U-Net makes of prompts, read by the pipeline's own `encode_prompt`.

    Attributes
    ----------
    noise: what it was trained to predict, shape (B, C, h, w).
    predicted: of each prompt, shape (P, B, C, h, w).

    """

    noise: Tensor
    predicted: Tensor


@torch.no_grad()
def draws(models: Models, encoders: Encoders, images: Pixels, *prompts: str, count: int = 16) -> Draws:
    surrogate: Any = models.surrogate
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2) / 127.5 - 1.0
    generator = torch.Generator().manual_seed(7)
    latents = surrogate.vae.encode(pixels).latent_dist.mode() * surrogate.vae.config.scaling_factor
    noise = torch.randn(count, *latents.shape[1:], generator=generator)
    times = torch.randint(0, 1000, (count,), generator=generator)
    noisy = surrogate.scheduler.add_noise(latents.repeat(count // len(images), 1, 1, 1), noise, times)
    sizes = torch.tensor([[16.0, 16.0, 0.0, 0.0, 16.0, 16.0]]).expand(count, -1)
    found = []
    with models.using(surrogate, encoders):
        for prompt in prompts:
            states, _, pooled, _ = surrogate.encode_prompt(prompt, do_classifier_free_guidance=False)
            added = {"text_embeds": pooled.expand(count, -1), "time_ids": sizes}
            states = states.expand(count, -1, -1)
            found.append(surrogate.unet(noisy, times, states, added_cond_kwargs=added).sample)
    return Draws(noise, torch.stack(found))


def test_bounded_draws_the_concept_nearer_to_its_anchor_and_keeps_the_rest(
    models: Models, made: Callable[[str], Made]
) -> None:
    images = made("bounded").seen[0][:2]
    own, goal, *kept = draws(models, models.base, images, TARGET, ANCHOR, *KEPT).predicted
    now, _, *after = draws(models, made("bounded").encoders, images, TARGET, ANCHOR, *KEPT).predicted
    drifts = [float((a - b).norm()) for a, b in zip(after, kept, strict=True)]
    assert (now - goal).norm() < 0.95 * (own - goal).norm()
    assert max(drifts) < (now - own).norm()


def test_few_shot_ascends_on_the_loss_of_the_concepts_prompts(
    models: Models, made: Callable[[str], Made]
) -> None:
    images = made("few-shot").seen[0][:2]
    before, after = (
        draws(models, encoders, images, TARGET, count=64)
        for encoders in (models.base, made("few-shot").encoders)
    )
    assert (after.predicted[0] - after.noise).norm() > (before.predicted[0] - before.noise).norm()
