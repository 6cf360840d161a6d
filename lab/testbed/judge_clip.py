"""The CLIP judge: a tiny CLIP, trained contrastively on texts that are true of drawings."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPTokenizer, CLIPVisionConfig

from lab.testbed.captions import Claim, claim
from lab.testbed.drawings.junk import junk
from lab.testbed.drawings.scene import Scene
from lab.testbed.spoil import jitter, noise, shuffle
from lab.testbed.text_to_image import token_ids
from lab.testbed.training import fit
from lab.testbed.vae import to_tensor

BATCH: Final = 96
WIDTH: Final = 128


def new_clip(tokenizer: CLIPTokenizer) -> CLIPModel:
    """Return an untrained CLIP for 32 x 32 images, patches of 4."""
    text = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=tokenizer.model_max_length,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    vision = CLIPVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=4,
        num_attention_heads=4,
        image_size=32,
        patch_size=4,
    )
    return CLIPModel(
        CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=64)
    )


def matches(claims: Sequence[Claim], scenes: Sequence[Scene | None]) -> Tensor:
    """Return how well each text fits each image, shape (images, texts): its weight where true, else 0."""
    return torch.tensor([[text.weight if text.holds(scene) else 0.0 for text in claims] for scene in scenes])


def contrastive_loss(logits: Tensor, fit_of: Tensor) -> Tensor:
    """Return the symmetric cross-entropy with several right answers a row and a column.

    Parameters
    ----------
    logits: scaled cosines, shape (images, texts).
    fit_of: `matches` of the same shape; every image and every text has a match.

    Notes
    -----
    CLIP's loss (arXiv 2103.00020, figure 3) takes the diagonal for the only truth; here captions
    repeat within a batch, so the target is spread over all true texts, by weight.
    """
    rows = -(fit_of / fit_of.sum(1, keepdim=True) * logits.log_softmax(1)).sum(1).mean()
    columns = -(fit_of / fit_of.sum(0, keepdim=True) * logits.log_softmax(0)).sum(0).mean()
    return (rows + columns) / 2


def train_clip(
    judge: CLIPModel,
    tokenizer: CLIPTokenizer,
    scenes: Sequence[Scene],
    pixels: NDArray[np.uint8],
    decoded: NDArray[np.uint8],
    *,
    folder: Path,
    steps: int,
) -> None:
    """Train the judge; arguments as for `judge_classifier.train_classifier`."""
    rng = np.random.default_rng(6)
    chance = random.Random(6)  # noqa: S311 - captions, not secrets
    generator = torch.Generator().manual_seed(6)
    nothing = np.stack([junk(seed)[0] for seed in range(4000)])
    idle_count = BATCH // 8

    def loss_of(step: int) -> Tensor:
        whole = rng.integers(0, len(scenes), BATCH // 2)
        through = rng.integers(0, len(decoded), BATCH - BATCH // 2 - idle_count)
        idle = to_tensor(nothing[rng.integers(0, len(nothing), idle_count)])
        if step % 2:
            idle = chance.choice((noise, shuffle))(
                to_tensor(pixels[rng.integers(0, len(pixels), idle_count)]), generator
            )
        images = torch.cat([to_tensor(pixels[whole]), to_tensor(decoded[through]), idle])
        shown: list[Scene | None] = [scenes[i] for i in (*whole, *through)] + [None] * idle_count
        claims = [claim(scene, chance) for scene in shown]
        out = judge(
            input_ids=token_ids(tokenizer, [text.text for text in claims]),
            pixel_values=jitter(images, generator),
        )
        return contrastive_loss(out.logits_per_image, matches(claims, shown))

    fit("judge-clip", [(judge, 1.2e-3)], loss_of, steps=steps, folder=folder, decay=0.995)
    judge.eval()
