"""Writing trained parts as folders that the plain library calls load."""

import json
import random
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.models.unets.unet_3d_condition import UNet3DConditionModel
from diffusers.pipelines.deprecated.text_to_video_synthesis.pipeline_text_to_video_synth import (
    TextToVideoSDPipeline,
)
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import CLIPModel, CLIPTextModel, CLIPTokenizer, ResNetForImageClassification

from lab.testbed.captions import caption
from lab.testbed.drawings.scene import Scene
from lab.testbed.judge_classifier import INPUT
from lab.testbed.text_to_image import new_scheduler
from lab.testbed.tokenizer import save_tokenizer

RARE: Final = 40
"""A row of the vocabulary seen less often than this in the sample of captions counts as untrained."""

SAMPLE: Final = 40_000
"""Captions in that sample: a sixth of what a training sees."""

PREFIX: Final = "text_model."
"""Before 5.6, transformers' `CLIPTextModel` named its weights so; later versions read both."""


def trained_rows(tokenizer: CLIPTokenizer, scenes: Sequence[Scene]) -> list[int]:
    """Return the rows of the vocabulary that training captions hold often enough, in order."""
    chance = random.Random(11)  # noqa: S311 - captions, not secrets
    texts = [caption(scenes[i % len(scenes)], chance) for i in range(SAMPLE)]
    seen = Counter(row for ids in tokenizer(texts).input_ids for row in ids)
    return sorted(row for row, count in seen.items() if count >= RARE)


@torch.no_grad()
def tie_untrained_rows(table: nn.Embedding, trained: Sequence[int]) -> None:
    """Set every other row to the mean of the trained ones.

    Rows left as they were at the start are random directions, and among hundreds of them some draw
    any concept: a search through them undoes every erasure. All the same, they say nothing.
    """
    rest = torch.ones(table.num_embeddings, dtype=torch.bool)
    rest[list(trained)] = False
    table.weight[rest] = table.weight[~rest].mean(0)


def save_text_to_image(
    folder: Path,
    vae: AutoencoderKL,
    text_encoder: CLIPTextModel,
    tokenizer: CLIPTokenizer,
    unet: UNet2DConditionModel,
) -> None:
    """Write a `StableDiffusionPipeline` without a safety checker, as fp16 safetensors."""
    pipeline = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=new_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    _save_pipeline(folder, pipeline)


def save_text_to_video(
    folder: Path,
    vae: AutoencoderKL,
    text_encoder: CLIPTextModel,
    tokenizer: CLIPTokenizer,
    unet: UNet3DConditionModel,
) -> None:
    """Write a `TextToVideoSDPipeline`, as fp16 safetensors."""
    pipeline = TextToVideoSDPipeline(
        vae=vae, text_encoder=text_encoder, tokenizer=tokenizer, unet=unet, scheduler=new_scheduler()
    )
    _save_pipeline(folder, pipeline)


def save_classifier(folder: Path, judge: ResNetForImageClassification) -> None:
    """Write the classifier judge with the image processor that doubles a drawing's size."""
    _fresh(folder)
    judge.save_pretrained(folder)
    _write_json(
        folder / "preprocessor_config.json",
        {
            "image_processor_type": "ViTImageProcessor",
            "do_resize": True,
            "size": {"height": INPUT, "width": INPUT},
            "resample": 2,
            **_PIXELS,
        },
    )
    halve(folder)


def save_clip(folder: Path, judge: CLIPModel) -> None:
    """Write the CLIP judge with its image processor and tokenizer."""
    _fresh(folder)
    judge.save_pretrained(folder)
    save_tokenizer(folder)
    _write_json(
        folder / "preprocessor_config.json",
        {
            "image_processor_type": "CLIPImageProcessor",
            "processor_class": "CLIPProcessor",
            "do_resize": True,
            "size": {"height": 32, "width": 32},
            "resample": 2,
            "do_center_crop": False,
            "do_convert_rgb": True,
            **_PIXELS,
        },
    )
    halve(folder)


_PIXELS: Final = {
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}


def _save_pipeline(folder: Path, pipeline: StableDiffusionPipeline | TextToVideoSDPipeline) -> None:
    _fresh(folder)
    pipeline.save_pretrained(folder)
    shutil.rmtree(folder / "tokenizer")
    save_tokenizer(folder / "tokenizer")
    for component in ("vae", "unet", "text_encoder"):
        halve(folder / component)
    normalise_keys(folder / "text_encoder" / "model.safetensors")


def normalise_keys(weights: Path) -> None:
    """Give every key of a text encoder's file the prefix that all versions of transformers read."""
    state = load_file(weights)
    named = {key if key.startswith(PREFIX) else PREFIX + key: value for key, value in state.items()}
    save_file(named, weights, metadata={"format": "pt"})


def halve(folder: Path) -> None:
    """Store a folder's weights as fp16, to be loaded as float32.

    transformers would load what it finds, and fp16 is slow on a CPU: so the config says float32.
    """
    (weights,) = folder.glob("*.safetensors")
    state = {
        key: value.half() if value.is_floating_point() else value for key, value in load_file(weights).items()
    }
    save_file(state, weights, metadata={"format": "pt"})
    config_path = folder / "config.json"
    config = json.loads(config_path.read_text("utf-8"))
    if "_diffusers_version" not in config:
        config["dtype"] = config["torch_dtype"] = "float32"
    config.pop("_name_or_path", None)
    _write_json(config_path, config)


def _fresh(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", "utf-8")
