"""Untrained pipelines of the classes in use, small enough to build in a test, and documents for them."""

from __future__ import annotations

import copy
import functools
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from diffusers.pipelines.deprecated.text_to_video_synthesis.pipeline_text_to_video_synth import (
    TextToVideoSDPipeline,
)
from transformers import CLIPTextModel, CLIPTokenizer

from lab.testbed.tokenizer import save_tokenizer
from tests.unlearn_job.families import denoisers, texts
from unlearn_job.contract.concept import Concept, ConceptKind, Erasure, KeptConcept
from unlearn_job.contract.document import JobInput, ParentRelease, Probe
from unlearn_job.contract.key import release_key
from unlearn_job.contract.method import MethodSpec
from unlearn_job.contract.sources import BaseModels, Judge, JudgeType, Storage
from unlearn_job.generate import Pixels
from unlearn_job.models import Models

WIDTH = 32
FRAMES = 3
AMOUNT = {
    "images": 8,
    "clips": 4,
    "retention_images": 16,
    "image_steps": 2,
    "clip_steps": 2,
    "frames": FRAMES,
    "guidance": "2",
    "wordings": (),
}


def tokenizer() -> CLIPTokenizer:
    return _tokenizer()


@functools.cache
def _tokenizer() -> CLIPTokenizer:
    with tempfile.TemporaryDirectory() as folder:
        save_tokenizer(Path(folder))
        return CLIPTokenizer.from_pretrained(folder)


def encoder(layers: int = 3, seed: int = 0) -> CLIPTextModel:
    words = tokenizer()
    model: CLIPTextModel = texts.fresh_clip(
        words,
        seed=seed,
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=2,
        pad_token_id=words.pad_token_id,
    )
    # Untrained weights of 0.02 would make all states alike, and every comparison vacuous.
    texts.spread(model, std=0.2, tables=0.2)
    return model


def models(*, surrogate: bool = True, layers: int = 3, start: CLIPTextModel | None = None) -> Models:
    """Return fresh copies: a test may not see what another one did to them."""
    base = encoder(layers)
    flat, moving = copy.deepcopy(_pipelines())
    flat.register_modules(text_encoder=base)
    moving.register_modules(text_encoder=base)
    return Models(
        surrogate=flat if surrogate else None,
        pipeline=moving,
        base_encoder=base,
        start_encoder=start if start is not None else copy.deepcopy(base),
        tokenizer=tokenizer(),
        encoder_name="text_encoder",
        base_sha256="0" * 64,
        device=torch.device("cpu"),
        dtype=torch.float32,
        stored_dtype=torch.float32,
    )


@functools.cache
def _pipelines() -> tuple[Any, Any]:
    torch.manual_seed(1)
    vae = denoisers.vae(0.7)
    flat, moving = denoisers.unet(WIDTH), denoisers.unet_3d(WIDTH)
    schedule = DDIMScheduler(
        prediction_type="v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing"
    )
    parts = {"vae": vae, "text_encoder": None, "tokenizer": tokenizer(), "scheduler": schedule}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        images = StableDiffusionPipeline(
            **parts, unet=flat, safety_checker=None, feature_extractor=None, requires_safety_checker=False
        )
        clips = TextToVideoSDPipeline(**parts, unet=moving)
    for pipeline in (images, clips):
        pipeline.set_progress_bar_config(disable=True)
    return images, clips


CAT = Concept(name="cat", kind=ConceptKind.OBJECT, aliases=("kitty",))
COMET = Concept(name="captain comet", kind=ConceptKind.CHARACTER, aliases=("comet man",), anchor="a figure")
SKETCH = Concept(name="pencil sketch", kind=ConceptKind.STYLE)
WHALE = KeptConcept(name="captain whale", kind=ConceptKind.CHARACTER)
FISH = KeptConcept(name="fish")
MOSAIC = KeptConcept(name="mosaic", kind=ConceptKind.STYLE)


def erasure(concept: Concept, *preserve: KeptConcept) -> Erasure:
    digest = concept.name.encode().hex().ljust(64, "0")
    return Erasure(
        digest=digest[:64], name=concept.name.replace(" ", "-"), concept=concept, preserve=preserve
    )


def document(
    *adds: Erasure,
    holds: tuple[Erasure, ...] = (),
    method: str = "closed-form",
    parameters: dict[str, int | str] | None = None,
    probe: dict[str, Any] | None = None,
    **more: Any,
) -> JobInput:
    parent = ParentRelease(key="a" * 64, manifest_sha256="b" * 64) if holds else None
    return JobInput(
        model="tiny",
        key=release_key(parent=parent.key if parent else None, adds=[add.digest for add in adds]),
        base=BaseModels(surrogate="file:///t2i", pipeline="file:///t2v"),
        parent=parent,
        adds=adds,
        holds=holds,
        judge=Judge(type=JudgeType.CLIP, source="file:///judge"),
        method=MethodSpec(name=method, parameters=parameters or {}),
        probe=Probe(**{**AMOUNT, **(probe or {})}),
        storage=Storage(uri="file:///releases"),
        **more,
    )


class Eyes:
    """A judge whose answers a test sets: it sees a concept in pictures brighter than a threshold."""

    def __init__(self, *, threshold: float = 0.0) -> None:
        self.threshold = threshold

    def check(self, concept: KeptConcept) -> None:
        del concept

    def look(self, images: Pixels) -> torch.Tensor:
        return torch.from_numpy(images.reshape(len(images), -1).mean(axis=1, keepdims=True))

    def decide(self, looks: torch.Tensor, concept: KeptConcept, among: Any) -> torch.Tensor:
        del concept, among
        return looks[:, 0] > self.threshold

    def sees(self, images: Pixels, concept: KeptConcept, among: Any) -> torch.Tensor:
        return self.decide(self.look(images), concept, among)


def weights(of: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in of.named_parameters()}
