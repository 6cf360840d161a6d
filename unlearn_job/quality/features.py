"""Models in whose features pictures are compared, where a document names some beside its judge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from unlearn_job.contract.document import JobInput
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.generate import Pixels
from unlearn_job.judges.clip import ClipJudge
from unlearn_job.judges.judge import Mapped
from unlearn_job.judges.loading import readable
from unlearn_job.prompts import Templates
from unlearn_job.quality.style import StyleModel
from unlearn_job.sources import resolve

BLANK: Final[Pixels] = np.zeros((1, 64, 64, 3), np.uint8)
"""A picture that every model must be able to look at: better now than behind all that a Job draws."""


class BrokenFeaturesError(PermanentFailure):
    """A folder holds no model of the kind that the document names."""

    reason = "BrokenFeatures"


@dataclass(frozen=True)
class FeatureModels:
    """What pictures are compared by.

    Attributes
    ----------
    clip: gives embeddings of pictures and prompts; None takes the judge's.
    style: gives feature maps; None takes the CLIP's.

    """

    clip: ClipJudge | None = None
    style: Mapped | None = None


def open_features(document: JobInput, cache: Path, device: torch.device | str) -> FeatureModels:
    """Load what a document names; nothing where it names nothing.

    Raises
    ------
    BrokenFeaturesError
        A folder cannot be read as such a model.
    PermanentFailure, TemporaryFailure
        As of `resolve`.

    """
    asked = document.features
    clip, style = (asked.clip, asked.style) if asked else (None, None)
    found, painted = (
        resolve(source, cache, document.storage) if source else None for source in (clip, style)
    )
    return FeatureModels(
        clip=clip_features(found, device) if found else None,
        style=style_features(painted, device) if painted else None,
    )


def clip_features(folder: Path | str, device: torch.device | str) -> ClipJudge:
    """Load a CLIP model for embeddings of pictures and prompts. Raises BrokenFeaturesError."""
    folder = Path(folder)
    with readable(BrokenFeaturesError, f"features.clip: no CLIP model in {folder.name}"):
        clip = ClipJudge.load(folder, device, Templates.built_in())
        clip.maps(BLANK)
    clip.features_of = "image embedding of the CLIP model given as features.clip"
    clip.maps_of = "patch features of the CLIP model given as features.clip"
    return clip


def style_features(folder: Path | str, device: torch.device | str) -> StyleModel:
    """Load a vision model for feature maps. Raises BrokenFeaturesError."""
    folder = Path(folder)
    with readable(BrokenFeaturesError, f"features.style: no vision model in {folder.name}"):
        style = StyleModel.load(folder, device)
        style.maps(BLANK)
    return style
