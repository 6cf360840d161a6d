"""The stages of a training, each a function that finds in the cache what earlier ones left there."""

import os
from pathlib import Path

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from numpy.typing import NDArray
from transformers import CLIPTextModel, CLIPTokenizer

from lab.testbed import dataset, export, nameless
from lab.testbed.judge_classifier import new_classifier, train_classifier
from lab.testbed.judge_clip import new_clip, train_clip
from lab.testbed.paths import JUDGE_CLASSIFIER, JUDGE_CLIP, T2I, T2V
from lab.testbed.plan import Plan
from lab.testbed.text_to_image import Corpus, new_text_encoder, new_unet, polish, train_together
from lab.testbed.text_to_video import new_unet_3d, train_text_to_video
from lab.testbed.tokenizer import save_tokenizer
from lab.testbed.training import rank, restore
from lab.testbed.vae import encode, new_vae, round_trip, train_vae, tune_decoder


def vae_stage(folder: Path, plan: Plan) -> None:
    """Train the autoencoder. Shared by all processes."""
    torch.manual_seed(rank())
    _vae(folder, plan)


def joint_stage(folder: Path, plan: Plan) -> None:
    """Train text encoder and 2D U-Net together. Shared by all processes."""
    torch.manual_seed(100 + rank())
    corpus = _corpus(folder, plan)
    train_together(
        new_text_encoder(corpus.tokenizer), new_unet(), corpus, folder=folder, steps=plan.t2i_joint
    )


def polish_stage(folder: Path, plan: Plan) -> None:
    """Train the 2D U-Net longer on the finished text encoder."""
    torch.manual_seed(300)
    corpus = _corpus(folder, plan)
    text_encoder, unet = _text_encoder(folder), new_unet()
    restore("t2i-joint", [unet, new_text_encoder(corpus.tokenizer)], folder)
    polish(text_encoder, unet, corpus, folder=folder, steps=plan.t2i_polish)


def video_stage(folder: Path, plan: Plan) -> None:
    """Train the 3D U-Net from the 2D one as the joint stage left it."""
    torch.manual_seed(200 + rank())
    scenes, clips = dataset.cached_clips(folder)
    frames = encode(_vae(folder, plan), clips.reshape(-1, *clips.shape[2:]))
    latents = frames.reshape(len(clips), -1, *frames.shape[1:])
    tokenizer, text_encoder, flat = load_tokenizer(folder), _text_encoder(folder), new_unet()
    restore("t2i-joint", [flat, new_text_encoder(tokenizer)], folder)
    unet = new_unet_3d(flat)
    train_text_to_video(text_encoder, unet, tokenizer, scenes, latents, folder=folder, steps=plan.t2v)


def decoder_stage(folder: Path, plan: Plan) -> None:
    """Train the decoder of the autoencoder longer."""
    torch.manual_seed(9)
    tune_decoder(_vae(folder, plan), _pixels(folder), folder, plan.decoder)


def classifier_stage(folder: Path, plan: Plan) -> None:
    """Train and export the classifier judge. Needs the exported pipelines."""
    torch.manual_seed(7)
    scenes, drawings = dataset.cached_drawings(folder)
    judge = new_classifier()
    train_classifier(
        judge,
        scenes,
        drawings,
        _decoded(folder, plan),
        nameless=nameless.cached(folder),
        folder=folder,
        steps=plan.classifier,
    )
    export.save_classifier(JUDGE_CLASSIFIER, judge)


def clip_stage(folder: Path, plan: Plan) -> None:
    """Train and export the CLIP judge."""
    torch.manual_seed(8)
    scenes, drawings = dataset.cached_drawings(folder)
    tokenizer = load_tokenizer(folder)
    judge = new_clip(tokenizer)
    decoded = _decoded(folder, plan)
    train_clip(judge, tokenizer, scenes, drawings, decoded, folder=folder, steps=plan.clip)
    export.save_clip(JUDGE_CLIP, judge)


def export_pipelines(folder: Path, plan: Plan) -> None:
    """Write both pipelines from their finished stages."""
    tokenizer, text_encoder = load_tokenizer(folder), _text_encoder(folder)
    unet, unet_3d = new_unet(), new_unet_3d()
    restore("t2i-polish", [unet], folder)
    restore("t2v", [unet_3d], folder)
    vae = _vae(folder, plan)
    tune_decoder(vae, _pixels(folder), folder, plan.decoder)
    export.save_text_to_image(T2I, vae, text_encoder, tokenizer, unet)
    export.save_text_to_video(T2V, vae, text_encoder, tokenizer, unet_3d)


def load_tokenizer(folder: Path) -> CLIPTokenizer:
    """Return the tokenizer, written anew from the words of the captions."""
    path = folder / f"tokenizer-{rank()}"
    save_tokenizer(path)
    return CLIPTokenizer.from_pretrained(path)


def _text_encoder(folder: Path) -> CLIPTextModel:
    """Return the text encoder of the joint stage, its untrained rows tied: so all later stages see it."""
    tokenizer = load_tokenizer(folder)
    text_encoder = new_text_encoder(tokenizer)
    restore("t2i-joint", [new_unet(), text_encoder], folder)
    scenes = dataset.scenes(dataset.DRAWINGS, 0)
    export.tie_untrained_rows(text_encoder.get_input_embeddings(), export.trained_rows(tokenizer, scenes))
    return text_encoder


def _corpus(folder: Path, plan: Plan) -> Corpus:
    scenes, drawings = dataset.cached_drawings(folder)
    return Corpus(scenes, encode(_vae(folder, plan), drawings), load_tokenizer(folder))


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
    if not path.exists():
        _, drawings = dataset.cached_drawings(folder)
        decoded = round_trip(_vae(folder, plan), drawings[: plan.decoded])
        part = folder / f"decoded-{os.getpid()}.npy"
        np.save(part, decoded)
        part.replace(path)  # both judges may be at it
    return np.asarray(np.load(path))
