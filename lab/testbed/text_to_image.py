"""The text-to-image pair member: text encoder and 2D U-Net, trained together on cached latents."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from torch import Tensor
from torch.nn import functional
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from lab.testbed.captions import caption
from lab.testbed.drawings.scene import Scene
from lab.testbed.training import fit, rank, share

BATCH: Final = 64
CHANNELS: Final = (64, 96)
HEAD_DIM: Final = 16
WIDTH: Final = 128


def new_scheduler() -> DDIMScheduler:
    """Return the scheduler: v-prediction, betas rescaled to zero terminal SNR, trailing steps.

    So the last timestep is pure noise in training as in sampling (arXiv 2305.08891), and few steps do.
    """
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
    )


def new_text_encoder(tokenizer: CLIPTokenizer, layers: int = 3) -> CLIPTextModel:
    """Return an untrained text encoder, 128 wide."""
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=4,
        max_position_embeddings=tokenizer.model_max_length,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)


def new_unet() -> UNet2DConditionModel:
    """Return an untrained U-Net for latents of 4 x 8 x 8, with cross-attention everywhere."""
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=4,
        out_channels=4,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=CHANNELS,
        layers_per_block=1,
        cross_attention_dim=WIDTH,
        # The 3D U-Net takes the width of a head, the 2D one their number.
        attention_head_dim=tuple(width // HEAD_DIM for width in CHANNELS),
        use_linear_projection=True,
    )


def token_ids(tokenizer: CLIPTokenizer, texts: Sequence[str]) -> Tensor:
    """Return padded token ids, shape (N, 24), as the pipelines make them."""
    ids = tokenizer(
        list(texts), padding="max_length", truncation=True, max_length=tokenizer.model_max_length
    ).input_ids
    return torch.tensor(ids)


def velocity_loss(
    unet: torch.nn.Module, scheduler: DDIMScheduler, latents: Tensor, states: Tensor, timesteps: Tensor
) -> Tensor:
    """Return the mean squared error of the predicted velocity (arXiv 2202.00512)."""
    noise = torch.randn_like(latents)
    noisy = scheduler.add_noise(latents, noise, timesteps)
    target = scheduler.get_velocity(latents, noise, timesteps)
    return functional.mse_loss(unet(noisy, timesteps, encoder_hidden_states=states).sample, target)


@dataclass(frozen=True)
class Corpus:
    """What the T2I is trained on.

    Attributes
    ----------
    scenes: N scenes; each step words their captions anew.
    latents: their drawings' latents, shape (N, 4, 8, 8), scaled.
    tokenizer: for the captions.
    """

    scenes: Sequence[Scene]
    latents: Tensor
    tokenizer: CLIPTokenizer


def train_together(
    text_encoder: CLIPTextModel, unet: UNet2DConditionModel, corpus: Corpus, *, folder: Path, steps: int
) -> None:
    """Train text encoder and U-Net in place, each on the other."""
    scheduler = new_scheduler()
    batches = _batches(corpus, seed=2)

    def loss_of(step: int) -> Tensor:
        del step
        clean, ids, timesteps = next(batches)
        return velocity_loss(unet, scheduler, clean, text_encoder(ids)[0], timesteps)

    fit("t2i-joint", [(unet, 1.2e-3), (text_encoder, 6e-4)], loss_of, steps=steps, folder=folder)


def polish(
    text_encoder: CLIPTextModel, unet: UNet2DConditionModel, corpus: Corpus, *, folder: Path, steps: int
) -> None:
    """Train the U-Net a while longer, in place, on the text encoder as it now is."""
    scheduler = new_scheduler()
    batches = _batches(corpus, seed=4)
    text_encoder.eval()

    def loss_of(step: int) -> Tensor:
        del step
        clean, ids, timesteps = next(batches)
        with torch.no_grad():
            states = text_encoder(ids)[0]
        return velocity_loss(unet, scheduler, clean, states, timesteps)

    fit("t2i-polish", [(unet, 6e-4)], loss_of, steps=steps, folder=folder, decay=0.997)


def _batches(corpus: Corpus, seed: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield latents, token ids and timesteps of this process's part of every batch, without end."""
    chance = random.Random(seed + 100 * rank())  # noqa: S311 - captions, not secrets
    rng = np.random.default_rng((seed, rank()))
    while True:
        chosen = rng.integers(0, len(corpus.scenes), share(BATCH))
        ids = token_ids(corpus.tokenizer, [caption(corpus.scenes[i], chance) for i in chosen])
        yield corpus.latents[torch.from_numpy(chosen)], ids, torch.randint(0, 1000, (len(chosen),))
