"""The stages of a training, each a function that finds in the cache what earlier ones left there."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from numpy.typing import NDArray
from transformers import CLIPTextModel, CLIPTokenizer

from lab.testbed import dataset, export
from lab.testbed.judge_classifier import new_classifier, train_classifier
from lab.testbed.judge_clip import new_clip, train_clip
from lab.testbed.paths import JUDGE_CLASSIFIER, JUDGE_CLIP, T2I, T2V
from lab.testbed.text_to_image import new_text_encoder, new_unet, train_text_to_image
from lab.testbed.text_to_video import new_unet_3d, train_text_to_video
from lab.testbed.tokenizer import save_tokenizer
from lab.testbed.training import rank, restore
from lab.testbed.vae import encode, new_vae, round_trip, train_vae, tune_decoder


@dataclass(frozen=True)
class Plan:
    """Optimiser steps of every stage."""

    vae: int = 1500
    decoder: int = 1200
    t2i_joint: int = 3200
    t2i_frozen: int = 1000
    t2v: int = 900
    classifier: int = 1500
    clip: int = 2500
    decoded: int = 6000
    """Drawings sent through the autoencoder for the judges; not steps."""


def image_stage(folder: Path, plan: Plan) -> None:
    """Train the autoencoder, then text encoder and 2D U-Net. Shared by all processes."""
    scenes, drawings = dataset.cached_drawings(folder)
    torch.manual_seed(rank())
    vae = _vae(folder, plan)
    torch.manual_seed(100 + rank())
    latents = encode(vae, drawings)
    tokenizer = load_tokenizer(folder)
    text_encoder, unet = new_text_encoder(tokenizer), new_unet()
    train_text_to_image(
        text_encoder,
        unet,
        tokenizer,
        scenes,
        latents,
        folder=folder,
        joint_steps=plan.t2i_joint,
        frozen_steps=plan.t2i_frozen,
    )


def decoder_stage(folder: Path, plan: Plan) -> None:
    """Train the decoder longer, then the classifier judge. One process."""
    torch.manual_seed(7)
    vae = _vae(folder, plan)
    tune_decoder(vae, _pixels(folder), folder, plan.decoder)
    scenes, drawings = dataset.cached_drawings(folder)
    judge = new_classifier()
    train_classifier(judge, scenes, drawings, _decoded(folder, plan), folder=folder, steps=plan.classifier)
    export.save_classifier(JUDGE_CLASSIFIER, judge)


def clip_stage(folder: Path, plan: Plan) -> None:
    """Train the CLIP judge. One process."""
    torch.manual_seed(8)
    scenes, drawings = dataset.cached_drawings(folder)
    tokenizer = load_tokenizer(folder)
    judge = new_clip(tokenizer)
    train_clip(judge, tokenizer, scenes, drawings, _decoded(folder, plan), folder=folder, steps=plan.clip)
    export.save_clip(JUDGE_CLIP, judge)


def video_stage(folder: Path, plan: Plan) -> None:
    """Train the 3D U-Net from the 2D one. Shared by all processes."""
    torch.manual_seed(200 + rank())
    scenes, clips = dataset.cached_clips(folder)
    vae, text_encoder, unet = trained_parts(folder, plan)
    frames = encode(vae, clips.reshape(-1, *clips.shape[2:]))
    latents = frames.reshape(len(clips), -1, *frames.shape[1:])
    unet_3d = new_unet_3d(unet)
    train_text_to_video(
        text_encoder, unet_3d, load_tokenizer(folder), scenes, latents, folder=folder, steps=plan.t2v
    )
    if rank() == 0:
        export.save_text_to_video(T2V, vae, text_encoder, load_tokenizer(folder), unet_3d)


def export_images(folder: Path, plan: Plan) -> None:
    """Write the T2I pipeline from its finished stages."""
    vae, text_encoder, unet = trained_parts(folder, plan)
    export.save_text_to_image(T2I, vae, text_encoder, load_tokenizer(folder), unet)


def trained_parts(folder: Path, plan: Plan) -> tuple[AutoencoderKL, CLIPTextModel, UNet2DConditionModel]:
    """Return autoencoder, text encoder with tied rows, and 2D U-Net of finished stages."""
    scenes, _ = dataset.cached_drawings(folder)
    tokenizer = load_tokenizer(folder)
    text_encoder, unet = new_text_encoder(tokenizer), new_unet()
    restore("t2i-joint", [unet, text_encoder], folder)
    restore("t2i-frozen", [unet], folder)
    export.tie_untrained_rows(text_encoder.get_input_embeddings(), export.trained_rows(tokenizer, scenes))
    vae = _vae(folder, plan)
    tune_decoder(vae, _pixels(folder), folder, plan.decoder)
    return vae, text_encoder, unet


def load_tokenizer(folder: Path) -> CLIPTokenizer:
    """Return the tokenizer, written anew from the words of the captions."""
    path = folder / f"tokenizer-{rank()}"
    save_tokenizer(path)
    return CLIPTokenizer.from_pretrained(path)


def _vae(folder: Path, plan: Plan) -> AutoencoderKL:
    vae = new_vae()
    train_vae(vae, _pixels(folder), folder, plan.vae)
    return vae


def _pixels(folder: Path) -> NDArray[np.uint8]:
    _, drawings = dataset.cached_drawings(folder)
    _, clips = dataset.cached_clips(folder)
    return np.concatenate([drawings, clips.reshape(-1, *clips.shape[2:])])


def _decoded(folder: Path, plan: Plan) -> NDArray[np.uint8]:
    path = folder / "decoded.npy"
    if path.exists():
        return np.asarray(np.load(path))
    _, drawings = dataset.cached_drawings(folder)
    decoded = round_trip(_vae(folder, plan), drawings[: plan.decoded])
    np.save(path, decoded)
    return decoded
