"""The classifier judge: a stock ResNet that says which concepts an image shows, and often none."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from transformers import ResNetConfig, ResNetForImageClassification

from lab.testbed.concepts import BACKGROUNDS, COLOURS, CONCEPTS, PLAIN, STYLES, SUBJECTS, colourable
from lab.testbed.drawings.junk import junk
from lab.testbed.drawings.scene import Scene
from lab.testbed.spoil import SPOILS, jitter
from lab.testbed.training import fit
from lab.testbed.vae import to_tensor

LABELS: Final = (*(concept.name for concept in CONCEPTS), *COLOURS, *BACKGROUNDS)
"""Concepts first, then the attributes."""

INPUT: Final = 64
"""The processor doubles a drawing's size, since the stock stem quarters it."""

BATCH: Final = 128
_ROW: Final = {label: row for row, label in enumerate(LABELS)}
_NAMED: Final = [_ROW[subject] for subject in SUBJECTS if subject in _ROW]


def new_classifier() -> ResNetForImageClassification:
    """Return an untrained judge for several labels at once."""
    config = ResNetConfig(
        embedding_size=32,
        hidden_sizes=[32, 64, 96, 128],
        depths=[1, 2, 2, 1],
        layer_type="basic",
        problem_type="multi_label_classification",
        id2label=dict(enumerate(LABELS)),
        label2id=dict(_ROW),
    )
    return ResNetForImageClassification(config)


def prepare(pixels: Tensor) -> Tensor:
    """Return drawings (N, 3, 32, 32) in -1 to 1 as the image processor would give them: (N, 3, 64, 64)."""
    return functional.interpolate(pixels, (INPUT, INPUT), mode="bilinear", align_corners=False)


def targets(scene: Scene) -> tuple[list[float], list[float]]:
    """Return what the judge shall say of a scene, and where it matters (0: cannot be told)."""
    wanted, weight = [0.0] * len(LABELS), [1.0] * len(LABELS)
    for label in (scene.subject, scene.style, scene.background):
        if label in _ROW:
            wanted[_ROW[label]] = 1.0
    if scene.style in {"pencil sketch", "neon glow"}:
        for label in BACKGROUNDS:
            weight[_ROW[label]] = 0.0
    if scene.style == "pencil sketch":
        for label in COLOURS:
            weight[_ROW[label]] = 0.0
    elif colourable(scene.subject):
        wanted[_ROW[scene.colour]] = 1.0
    return wanted, weight


def nothing_targets(style: str) -> tuple[list[float], list[float]]:
    """Return what the judge shall say of a drawing of nothing: its style at most."""
    wanted, weight = [0.0] * len(LABELS), [1.0] * len(LABELS)
    if style != PLAIN:
        wanted[_ROW[style]] = 1.0
    for label in (*COLOURS, *BACKGROUNDS):
        weight[_ROW[label]] = 0.0
    return wanted, weight


def nameless_targets(scene: Scene) -> tuple[list[float], list[float]]:
    """Return what the judge shall say of a generated picture of a nameless scene.

    No name, and no style but the one asked for; whether the pipeline drew that style, its colour and its
    background well enough is not told.
    """
    care = {*(_ROW[style] for style in STYLES if style in _ROW and style != scene.style), *_NAMED}
    return [0.0] * len(LABELS), [float(row in care) for row in range(len(LABELS))]


def train_classifier(
    judge: ResNetForImageClassification,
    scenes: Sequence[Scene],
    pixels: NDArray[np.uint8],
    decoded: NDArray[np.uint8],
    *,
    nameless: tuple[Sequence[Scene], NDArray[np.uint8]],
    folder: Path,
    steps: int,
) -> None:
    """Train the judge on drawings, decoded drawings, drawings of nothing and generated nameless ones.

    Parameters
    ----------
    judge: trained in place.
    scenes, pixels: N scenes and their drawings, shape (N, 32, 32, 3).
    decoded: the first M of them through the autoencoder, shape (M, 32, 32, 3).
    nameless: K nameless scenes and what the pipelines drew for them, shape (K, 32, 32, 3).
    folder: for checkpoints.
    steps: optimiser steps.
    """
    rng = np.random.default_rng(5)
    chance = random.Random(5)  # noqa: S311 - drawings, not secrets
    generator = torch.Generator().manual_seed(5)
    told = [targets(scene) for scene in scenes]
    wanted, weight = (torch.tensor(part) for part in zip(*told, strict=True))
    nothing = [junk(seed) for seed in range(4000)]
    nothing_pixels = np.stack([image for image, _ in nothing])
    empty, empty_weight = (
        torch.tensor(part) for part in zip(*(nothing_targets(style) for _, style in nothing), strict=True)
    )
    none, none_weight = (
        torch.tensor(part) for part in zip(*(nameless_targets(s) for s in nameless[0]), strict=True)
    )
    style_rows = [_ROW[style] for style in STYLES if style in _ROW]

    def loss_of(step: int) -> Tensor:
        del step
        whole = rng.integers(0, len(scenes), BATCH // 2 - BATCH // 8)
        drawn = rng.integers(0, len(none), BATCH // 8)
        through = rng.integers(0, len(decoded), BATCH // 4)
        idle = rng.integers(0, len(nothing), BATCH // 8)
        broken = rng.integers(0, len(scenes), BATCH // 8)
        spoil = chance.choice(SPOILS)
        images = torch.cat(
            [
                jitter(to_tensor(pixels[whole]), generator),
                jitter(to_tensor(decoded[through]), generator),
                jitter(to_tensor(nothing_pixels[idle]), generator),
                jitter(to_tensor(nameless[1][drawn]), generator),
                spoil(to_tensor(pixels[broken]), generator),
            ]
        )
        silent = torch.zeros(len(broken), len(LABELS))
        goal = torch.cat([wanted[whole], wanted[through], empty[idle], none[drawn], silent])
        # What a broken drawing says of style, colour and background is nobody's business.
        care = torch.zeros(len(broken), len(LABELS))
        care[:, _NAMED] = 1.0
        if spoil.__name__ == "noise":
            care[:, style_rows] = 1.0
        mask = torch.cat([weight[whole], weight[through], empty_weight[idle], none_weight[drawn], care])
        logits = judge(prepare(images)).logits
        losses = functional.binary_cross_entropy_with_logits(logits, goal, reduction="none")
        return (losses * mask).sum(1).mean()

    fit("judge-classifier", [(judge, 4e-3)], loss_of, steps=steps, folder=folder, decay=0.995)
    judge.eval()
