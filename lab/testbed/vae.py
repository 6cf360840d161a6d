"""The autoencoder between drawings and latents, shared by both pipelines."""

from pathlib import Path
from typing import Final

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from lab.testbed.training import fit, rank, share

BATCH: Final = 64


def new_vae() -> AutoencoderKL:
    """Return an untrained autoencoder: 4 latent channels, f = 4, 0.65 M parameters."""
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(16, 32, 64),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=16,
        sample_size=32,
        mid_block_add_attention=False,
    )


def to_tensor(pixels: NDArray[np.uint8]) -> Tensor:
    """Return 8-bit pixels (..., H, W, 3) as float32 (..., 3, H, W) in -1 to 1."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).movedim(-1, -3).float() / 127.5 - 1


def reconstruction_loss(decoded: Tensor, pixels: Tensor) -> Tensor:
    """L1 and half the squared error: the first for edges, the second against lost small parts."""
    return functional.l1_loss(decoded, pixels) + 0.5 * functional.mse_loss(decoded, pixels)


def train_vae(vae: AutoencoderKL, pixels: NDArray[np.uint8], folder: Path, steps: int) -> None:
    """Train encoder and decoder, and set the measured scaling factor (1 / std of the latents)."""
    rng = np.random.default_rng((0, rank()))

    def loss_of(step: int) -> Tensor:
        del step
        batch = to_tensor(pixels[rng.integers(0, len(pixels), share(BATCH))])
        posterior = vae.encode(batch).latent_dist
        decoded = vae.decode(posterior.sample()).sample
        divergence: Tensor = posterior.kl().mean() / posterior.mean[0].numel()
        return reconstruction_loss(decoded, batch) + 1e-3 * divergence

    fit("vae", [(vae, 3e-3)], loss_of, steps=steps, folder=folder)
    vae.eval()
    spread = encode(vae, pixels[:2000], scaled=False).std().item()
    vae.register_to_config(scaling_factor=round(1 / spread, 5))


def tune_decoder(vae: AutoencoderKL, pixels: NDArray[np.uint8], folder: Path, steps: int) -> None:
    """Train the decoder alone a while longer; latents keep their meaning."""
    rng = np.random.default_rng((1, rank()))
    decoder = nn.ModuleList([vae.post_quant_conv, vae.decoder])

    def loss_of(step: int) -> Tensor:
        del step
        batch = to_tensor(pixels[rng.integers(0, len(pixels), share(BATCH))])
        with torch.no_grad():
            mean = vae.encode(batch).latent_dist.mean
            # Denoised latents are never exact: the decoder learns to bear with it.
            mean = mean + torch.randn_like(mean) * 0.05 / vae.config.scaling_factor
        return reconstruction_loss(vae.decode(mean).sample, batch)

    fit("vae-decoder", [(decoder, 1.5e-3)], loss_of, steps=steps, folder=folder)
    vae.eval()


@torch.no_grad()
def encode(vae: AutoencoderKL, pixels: NDArray[np.uint8], *, scaled: bool = True) -> Tensor:
    """Return the latents of drawings (N, 32, 32, 3) as (N, 4, 8, 8), with unit spread if scaled."""
    factor = vae.config.scaling_factor if scaled else 1.0
    parts = [vae.encode(to_tensor(part)).latent_dist.mean for part in _batches(pixels)]
    return torch.cat(parts) * factor


@torch.no_grad()
def round_trip(vae: AutoencoderKL, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Encode and decode drawings: what a perfect denoiser would give."""
    parts = [vae.decode(vae.encode(to_tensor(part)).latent_dist.mean).sample for part in _batches(pixels)]
    decoded = ((torch.cat(parts).clamp(-1, 1) + 1) * 127.5).round().byte()
    return decoded.movedim(1, -1).contiguous().numpy()


def _batches(pixels: NDArray[np.uint8], size: int = 256) -> list[NDArray[np.uint8]]:
    return [pixels[i : i + size] for i in range(0, len(pixels), size)]
