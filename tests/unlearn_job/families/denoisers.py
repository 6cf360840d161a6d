"""Tiny denoisers and autoencoders of the real classes, for every test that needs one."""

from __future__ import annotations

from typing import Any, Final

from diffusers import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.models.unets.unet_3d_condition import UNet3DConditionModel

_SIZES: Final[dict[str, Any]] = {"sample_size": 8, "block_out_channels": (32, 64), "layers_per_block": 1}


def vae(scaling_factor: float = 0.18215) -> AutoencoderKL:
    """Build an autoencoder that halves each side: images of 16 x 16 pixels, latents of 8 x 8."""
    return AutoencoderKL(
        block_out_channels=(32, 32),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        sample_size=16,
        scaling_factor=scaling_factor,
    )


def unet(width: int, **keys: Any) -> UNet2DConditionModel:
    """Build an image U-Net that reads states of a width; keys of its configuration win."""
    return UNet2DConditionModel(
        **{
            **_SIZES,
            "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
            "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
            "cross_attention_dim": width,
            "attention_head_dim": 4,
            **keys,
        }
    )


def unet_3d(width: int) -> UNet3DConditionModel:
    """Build a video U-Net that reads states of a width."""
    return UNet3DConditionModel(
        **_SIZES,
        down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
        up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
        cross_attention_dim=width,
        attention_head_dim=8,
    )
