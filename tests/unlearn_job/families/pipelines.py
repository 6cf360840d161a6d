"""Tiny pipelines of the real classes, saved as a user's sources are: random weights, real plumbing."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AnimateDiffPipeline,
    AnimateDiffSDXLPipeline,
    AutoencoderKLCogVideoX,
    AutoencoderKLLTXVideo,
    AutoencoderKLMochi,
    AutoencoderKLWan,
    CogVideoXDDIMScheduler,
    CogVideoXPipeline,
    CogVideoXTransformer3DModel,
    DDIMScheduler,
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
    LTXPipeline,
    LTXVideoTransformer3DModel,
    MochiPipeline,
    MochiTransformer3DModel,
    MotionAdapter,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UniPCMultistepScheduler,
    WanPipeline,
    WanTransformer3DModel,
)
from diffusers.pipelines.deprecated.text_to_video_synthesis.pipeline_text_to_video_synth import (
    TextToVideoSDPipeline,
)

from tests.unlearn_job.families import denoisers, texts


def _schedule(**keys: Any) -> DDIMScheduler:
    return DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", set_alpha_to_one=False, **keys
    )


def _no_checker() -> dict[str, Any]:
    return {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}


def stable_diffusion(folder: Path) -> DiffusionPipeline:
    tokenizer = texts.clip_tokenizer(folder / "words")
    return StableDiffusionPipeline(
        vae=denoisers.vae(),
        text_encoder=texts.clip(tokenizer),
        tokenizer=tokenizer,
        unet=denoisers.unet(texts.WIDTH),
        scheduler=_schedule(),
        **_no_checker(),
    )


def stable_diffusion_2(folder: Path) -> DiffusionPipeline:
    tokenizer = texts.clip_tokenizer(folder / "words", pad="!")
    return StableDiffusionPipeline(
        vae=denoisers.vae(),
        text_encoder=texts.open_clip(tokenizer),
        tokenizer=tokenizer,
        unet=denoisers.unet(texts.WIDTH, use_linear_projection=True),
        scheduler=_schedule(prediction_type="v_prediction"),
        **_no_checker(),
    )


def text_to_video(folder: Path) -> DiffusionPipeline:
    tokenizer = texts.clip_tokenizer(folder / "words", pad="!")
    unet = denoisers.unet_3d(texts.WIDTH)
    return TextToVideoSDPipeline(
        vae=denoisers.vae(),
        text_encoder=texts.open_clip(tokenizer),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=_schedule(),
    )


def _motion() -> MotionAdapter:
    return MotionAdapter(
        block_out_channels=(32, 64),
        motion_layers_per_block=1,
        motion_norm_num_groups=4,
        motion_num_attention_heads=4,
    )


def animate_diff(folder: Path) -> DiffusionPipeline:
    tokenizer = texts.clip_tokenizer(folder / "words")
    return AnimateDiffPipeline(
        vae=denoisers.vae(),
        text_encoder=texts.clip(tokenizer),
        tokenizer=tokenizer,
        unet=denoisers.unet(texts.WIDTH, up_block_types=("CrossAttnUpBlock2D", "UpBlock2D")),
        motion_adapter=_motion(),
        scheduler=_schedule(clip_sample=False, timestep_spacing="linspace"),
    )


def _xl(folder: Path, **unet: Any) -> dict[str, Any]:
    """Return what both pipelines of SDXL have: two encoders, read side by side, and a pooled vector."""
    first = texts.clip_tokenizer(folder / "words")
    second = texts.clip_tokenizer(folder / "words_2", pad="!")
    return {
        "vae": denoisers.vae(),
        "text_encoder": texts.clip(first),
        "text_encoder_2": texts.open_clip_big(second),
        "tokenizer": first,
        "tokenizer_2": second,
        "unet": denoisers.unet(
            texts.WIDTH + 48,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + 48,
            use_linear_projection=True,
            **unet,
        ),
        "force_zeros_for_empty_prompt": True,
    }


def stable_diffusion_xl(folder: Path) -> DiffusionPipeline:
    return StableDiffusionXLPipeline(**_xl(folder), scheduler=_schedule(), add_watermarker=False)


def animate_diff_xl(folder: Path) -> DiffusionPipeline:
    return AnimateDiffSDXLPipeline(
        **_xl(folder, up_block_types=("CrossAttnUpBlock2D", "UpBlock2D")),
        motion_adapter=_motion(),
        scheduler=_schedule(clip_sample=False, timestep_spacing="linspace"),
    )


def cog_video_x(folder: Path) -> DiffusionPipeline:
    tokenizer = texts.t5_tokenizer(folder / "words")
    torch.manual_seed(3)
    transformer = CogVideoXTransformer3DModel(
        num_attention_heads=4,
        attention_head_dim=8,
        in_channels=4,
        out_channels=4,
        time_embed_dim=2,
        text_embed_dim=texts.WIDTH,
        num_layers=1,
        sample_width=2,
        sample_height=2,
        sample_frames=9,
        patch_size=2,
        temporal_compression_ratio=4,
        max_text_seq_length=226,
    )
    vae = AutoencoderKLCogVideoX(
        down_block_types=("CogVideoXDownBlock3D",) * 4,
        up_block_types=("CogVideoXUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=2,
        temporal_compression_ratio=4,
    )
    return CogVideoXPipeline(
        tokenizer=tokenizer,
        text_encoder=texts.t5(tokenizer),
        vae=vae,
        transformer=transformer,
        scheduler=CogVideoXDDIMScheduler(prediction_type="v_prediction", rescale_betas_zero_snr=True),
    )


def ltx(folder: Path) -> DiffusionPipeline:
    tokenizer = texts.t5_tokenizer(folder / "words")
    torch.manual_seed(3)
    transformer = LTXVideoTransformer3DModel(
        in_channels=8,
        out_channels=8,
        num_attention_heads=4,
        attention_head_dim=8,
        cross_attention_dim=32,
        num_layers=1,
        caption_channels=texts.WIDTH,
    )
    vae = AutoencoderKLLTXVideo(
        latent_channels=8,
        block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1, 1),
        spatio_temporal_scaling=(True, True, False, False),
        decoder_spatio_temporal_scaling=(True, True, False, False),
        decoder_inject_noise=(False, False, False, False, False),
        upsample_residual=(False, False, False, False),
        upsample_factor=(1, 1, 1, 1),
        timestep_conditioning=False,
        patch_size=1,
        patch_size_t=1,
        encoder_causal=True,
        decoder_causal=False,
    )
    return LTXPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        text_encoder=texts.t5(tokenizer),
        tokenizer=tokenizer,
        transformer=transformer,
    )


def mochi(folder: Path) -> DiffusionPipeline:
    tokenizer = texts.t5_tokenizer(folder / "words")
    torch.manual_seed(3)
    transformer = MochiTransformer3DModel(
        patch_size=2,
        num_attention_heads=2,
        attention_head_dim=8,
        num_layers=2,
        pooled_projection_dim=16,
        in_channels=12,
        qk_norm="rms_norm",
        text_embed_dim=texts.WIDTH,
        time_embed_dim=4,
        activation_fn="swiglu",
        max_sequence_length=256,
    )
    vae = AutoencoderKLMochi(
        latent_channels=12,
        encoder_block_out_channels=(32, 32, 32, 32),
        decoder_block_out_channels=(32, 32, 32, 32),
        layers_per_block=(1, 1, 1, 1, 1),
    )
    return MochiPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        text_encoder=texts.t5(tokenizer),
        tokenizer=tokenizer,
        transformer=transformer,
    )


def wan(folder: Path) -> DiffusionPipeline:
    tokenizer = texts.t5_tokenizer(folder / "words")
    torch.manual_seed(3)
    transformer = WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=16,
        out_channels=16,
        text_dim=texts.WIDTH,
        freq_dim=256,
        ffn_dim=32,
        num_layers=2,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        rope_max_seq_len=32,
    )
    vae = AutoencoderKLWan(
        base_dim=3,
        z_dim=16,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
    )
    return WanPipeline(
        tokenizer=tokenizer,
        text_encoder=texts.umt5(tokenizer),
        vae=vae,
        transformer=transformer,
        scheduler=UniPCMultistepScheduler(
            flow_shift=3.0, use_flow_sigmas=True, prediction_type="flow_prediction"
        ),
    )


def save(build: Callable[[Path], DiffusionPipeline], folder: Path) -> Path:
    """Build a pipeline and write it as `from_pretrained` reads it."""
    torch.manual_seed(1)
    with warnings.catch_warnings():
        # diffusers announces what will be deprecated in classes that are in use.
        warnings.simplefilter("ignore")
        pipeline = build(folder / "parts")
    pipeline.save_pretrained(folder / "pipeline")
    return folder / "pipeline"
