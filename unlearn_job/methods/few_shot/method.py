"""Few-shot unlearning: ascend on the surrogate's denoising loss (arXiv 2405.07288, equation 3).

    L = -E_{t, eps} |f_theta(z_t, t, TE(prompt)) - target|^2

with target = eps, or v under v-prediction; f_theta, the U-Net, is frozen. Trained is one of the paper's sets
of parameters, by default the feed-forward network of every layer and the attention of the last one. The
loss has no bound and nothing preserves the rest: eight steps are the only stop. Kept as the papers have it,
for comparison; `docs/methods` says what it costs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from unlearn_job.contract.method import MethodConfig
from unlearn_job.erasing import Erasing
from unlearn_job.methods import parts
from unlearn_job.methods.denoising import Denoiser
from unlearn_job.methods.few_shot.config import Config, Parameters
from unlearn_job.methods.surgery import assign, flatten, require_finite_gradient
from unlearn_job.methods.task import Task
from unlearn_job.methods.tokens import Tokens, stack, tokenise
from unlearn_job.methods.training import Part, chance, train, unfrozen

SETS: Final[dict[Parameters, Callable[[nn.Module], frozenset[str]]]] = {
    Parameters.MLP_FINAL_ATTENTION: parts.union(parts.feed_forward, parts.final_attention),
    Parameters.MLP: parts.feed_forward,
    Parameters.ATTENTION: parts.attention,
    Parameters.MLP_ATTENTION: parts.union(parts.feed_forward, parts.attention),
    Parameters.ALL: parts.everything,
}


def moves(encoder: nn.Module, config: MethodConfig) -> frozenset[str]:
    """Name the parameters of the configured set."""
    return SETS[Config.model_validate(config.model_dump()).parameters](encoder)


@dataclass(frozen=True)
class _Shot:
    """One image as the U-Net knows it, with the prompts that name its concept."""

    latents: Tensor
    """Shape (1, C, h, w), scaled."""
    prompts: tuple[Tokens, ...]
    """All training prompts of the name."""


def erase(task: Task, config: MethodConfig) -> None:
    """Train the encoder in place, all concepts' shots shuffled together."""
    settings = Config.model_validate(config.model_dump())
    denoiser = task.denoiser()
    shots = [shot for erasing in task.erasing for shot in _shots(task, erasing, settings.shots, denoiser)]
    device = next(task.start.parameters()).device
    per_epoch = -(-len(shots) // settings.batch)
    with unfrozen(task.encoder, moves(task.encoder, config)) as parameters:
        trained = list(parameters.values())
        optimiser = torch.optim.Adam(
            trained,
            lr=float(settings.learning_rate),
            betas=(0.9, 0.98),
            eps=1e-6,
            weight_decay=float(settings.weight_decay),
        )

        def step(index: int) -> None:
            epoch, at = divmod(index, per_epoch)
            # Negative numbers are no steps: an epoch's order must not be that of a step's draws.
            order = chance(task.seed, -1 - epoch).choice.sample(shots, len(shots))
            part = order[at * settings.batch : (at + 1) * settings.batch]
            own = chance(task.seed, index)
            ids = stack([own.choice.choice(shot.prompts) for shot in part])
            noisy = denoiser.noisy(torch.cat([shot.latents for shot in part]), own.noise)
            predicted = denoiser.predict(noisy, denoiser.read(task.encoder, ids.to(device)))
            loss = -nn.functional.mse_loss(predicted, noisy.target.float())
            # Not backward(): that would leave gradients in the Job's own U-Net.
            gradient = flatten(torch.autograd.grad(loss, trained, allow_unused=True), trained)
            require_finite_gradient(gradient, "few-shot unlearning")
            assign(gradient, trained)
            optimiser.step()

        train(
            {"encoder": Part(parameters, optimiser)},
            step,
            steps=settings.epochs * per_epoch,
            checkpoint=task.checkpoint,
        )


def _shots(task: Task, erasing: Erasing, count: int, denoiser: Denoiser) -> list[_Shot]:
    latents = denoiser.encode(task.shots(erasing.erasure, count).images)
    prompts = tuple(tokenise(task.tokenizer, prompt) for prompt in erasing.plain)
    return [_Shot(latents[i : i + 1], prompts) for i in range(len(latents))]
