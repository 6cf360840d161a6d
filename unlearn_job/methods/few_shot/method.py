"""Few-shot unlearning: ascend on the surrogate's denoising loss (arXiv 2405.07288, equation 3).

    L = -E_{t, eps} |f_theta(z_t, t, TE(prompt)) - target|^2

with target = eps, or v under v-prediction; f_theta, the U-Net, is frozen. Trained are `mlp.fc1` and
`mlp.fc2` of every layer and the attention of the last one (the paper's "mlp-final-attn"). The loss has
no bound and nothing preserves the rest: eight steps are the only stop. Kept as the papers have it, for
comparison; `docs/methods` says what it costs.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import torch
from diffusers import DDPMScheduler, DiffusionPipeline
from torch import Tensor, nn

from unlearn_job.contract.method import MethodConfig
from unlearn_job.erasing import Erasing
from unlearn_job.methods.few_shot.config import Config
from unlearn_job.methods.states import hidden_states, layers
from unlearn_job.methods.task import Task
from unlearn_job.methods.tokens import stack, tokenise


def moves(encoder: nn.Module, config: MethodConfig) -> frozenset[str]:  # noqa: ARG001 - the protocol's
    """Name every `mlp.fc1` and `mlp.fc2`, and the attention of whichever layer is the last."""
    found = layers(encoder)
    parts = tuple(f"{layer.name}.mlp.{part}." for layer in found for part in ("fc1", "fc2"))
    parts += (f"{found[-1].name}.self_attn.",)
    return frozenset(name for name, _ in encoder.named_parameters() if name.startswith(parts))


@dataclass(frozen=True)
class _Shot:
    """One image as the U-Net knows it, with the prompts that name its concept."""

    latents: Tensor
    """Shape (1, C, h, w), scaled."""
    ids: Tensor
    """Token ids of all training prompts of the name, shape (P, S)."""


def erase(task: Task, config: MethodConfig) -> None:
    """Train the encoder in place, all concepts' shots shuffled together."""
    settings = Config.model_validate(config.model_dump())
    pipeline = _surrogate(task)
    choice = random.Random(task.seed)  # noqa: S311 - training data, not secrets
    noise = torch.Generator("cpu").manual_seed(task.seed)
    shots = [shot for erasing in task.erasing for shot in _shots(task, erasing, settings.shots, pipeline)]
    # Adds noise and gives v with the model's own schedule; the sampler in the pipeline may know neither.
    schedule = DDPMScheduler.from_config(pipeline.scheduler.config)
    named = moves(task.encoder, config)
    trained = [p.requires_grad_() for name, p in task.encoder.named_parameters() if name in named]
    optimiser = torch.optim.Adam(
        trained,
        lr=float(settings.learning_rate),
        betas=(0.9, 0.98),
        eps=1e-6,
        weight_decay=float(settings.weight_decay),
    )
    for _ in range(settings.epochs):
        choice.shuffle(shots)
        for at in range(0, len(shots), settings.batch):
            part = shots[at : at + settings.batch]
            ids = torch.stack([shot.ids[choice.randrange(len(shot.ids))] for shot in part])
            latents = torch.cat([shot.latents for shot in part])
            loss = -_denoising_loss(pipeline, schedule, hidden_states(task.encoder, ids), latents, noise)
            # Not backward(): that would leave gradients in the Job's own U-Net.
            for parameter, gradient in zip(trained, torch.autograd.grad(loss, trained), strict=True):
                parameter.grad = gradient
            optimiser.step()
    for parameter in trained:
        parameter.grad = None
        parameter.requires_grad = False


def _surrogate(task: Task) -> DiffusionPipeline:
    if task.surrogate is None:  # the step refused this before
        raise ValueError("few-shot unlearning needs the surrogate")
    return task.surrogate


@torch.no_grad()
def _shots(task: Task, erasing: Erasing, count: int, pipeline: DiffusionPipeline) -> list[_Shot]:
    """Encode the images once: the VAE is frozen, and its scale is its own configuration's."""
    made = task.shots(erasing.erasure, count)
    weight = next(pipeline.vae.parameters())
    pixels = torch.from_numpy(made.images).permute(0, 3, 1, 2).to(weight) / 127.5 - 1.0
    # The mean of the posterior, not a draw: the latents are a cache, and a cache shall not be random.
    latents = pipeline.vae.encode(pixels).latent_dist.mode() * pipeline.vae.config.scaling_factor
    ids = stack([tokenise(task.tokenizer, prompt) for prompt in erasing.plain]).to(weight.device)
    return [_Shot(latents[i : i + 1], ids) for i in range(len(latents))]


def _denoising_loss(
    pipeline: DiffusionPipeline,
    schedule: DDPMScheduler,
    states: Tensor,
    latents: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """Return the mean squared error of the U-Net's prediction at random times, in float32."""
    noise = torch.randn(latents.shape, generator=generator).to(latents)
    last = schedule.config.num_train_timesteps
    times = torch.randint(0, last, (len(latents),), generator=generator).to(latents.device)
    noisy = schedule.add_noise(latents, noise, times)
    target = noise
    if schedule.config.prediction_type == "v_prediction":
        target = schedule.get_velocity(latents, noise, times)
    predicted = pipeline.unet(noisy, times, encoder_hidden_states=states.to(noisy.dtype)).sample
    return nn.functional.mse_loss(predicted.float(), target.float())
