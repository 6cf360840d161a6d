"""The text-to-video pair member: a 3D U-Net that starts as the 2D one, under the same text encoder."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from diffusers.models.transformers.transformer_temporal import TransformerTemporalModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.models.unets.unet_3d_condition import UNet3DConditionModel
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from lab.testbed.captions import caption
from lab.testbed.drawings.scene import Scene
from lab.testbed.text_to_image import CHANNELS, HEAD_DIM, WIDTH, new_scheduler, token_ids, velocity_loss
from lab.testbed.training import fit, rank, share

BATCH: Final = 8


def new_unet_3d(flat: UNet2DConditionModel | None = None) -> UNet3DConditionModel:
    """Return a 3D U-Net; with `flat`, one that draws each frame as the 2D one would.

    The spatial weights have the same names and shapes. Temporal convolutions begin at zero by
    themselves; the last projection of each temporal transformer is set to zero here.
    """
    unet = UNet3DConditionModel(
        sample_size=8,
        in_channels=4,
        out_channels=4,
        down_block_types=("CrossAttnDownBlock3D", "CrossAttnDownBlock3D"),
        up_block_types=("CrossAttnUpBlock3D", "CrossAttnUpBlock3D"),
        block_out_channels=CHANNELS,
        layers_per_block=1,
        cross_attention_dim=WIDTH,
        attention_head_dim=HEAD_DIM,
    )
    if flat is None:
        return unet
    missing = unet.load_state_dict(flat.state_dict(), strict=False)
    if missing.unexpected_keys:
        raise ValueError(f"the 3D U-Net has no place for {missing.unexpected_keys[:3]}")
    for module in unet.modules():
        if isinstance(module, TransformerTemporalModel):
            torch.nn.init.zeros_(module.proj_out.weight)
            torch.nn.init.zeros_(module.proj_out.bias)
    return unet


def train_text_to_video(
    text_encoder: CLIPTextModel,
    unet: UNet3DConditionModel,
    tokenizer: CLIPTokenizer,
    scenes: Sequence[Scene],
    latents: Tensor,
    *,
    folder: Path,
    steps: int,
) -> None:
    """Train the 3D U-Net on clips; the text encoder stays the T2I's.

    Parameters
    ----------
    text_encoder, unet, tokenizer: the parts; only the U-Net is trained, in place.
    scenes: N scenes.
    latents: their clips, shape (N, 8 frames, 4, 8, 8), scaled.
    folder: for checkpoints.
    steps: optimiser steps.
    """
    scheduler = new_scheduler()
    chance = random.Random(3 + rank())  # noqa: S311 - captions, not secrets
    rng = np.random.default_rng((3, rank()))

    def loss_of(step: int) -> Tensor:
        del step
        chosen = rng.integers(0, len(scenes), share(BATCH))
        clean = latents[torch.from_numpy(chosen)].movedim(1, 2)
        with torch.no_grad():
            states = text_encoder(token_ids(tokenizer, [caption(scenes[i], chance) for i in chosen]))[0]
        # The subject is settled at high noise: more of the steps go there.
        timesteps = (1000 * torch.rand(len(chosen)) ** 0.6).long().clamp(max=999)
        return velocity_loss(unet, scheduler, clean, states, timesteps)

    fit("t2v", [(unet, 8e-4)], loss_of, steps=steps, folder=folder, decay=0.995)
    unet.eval()
