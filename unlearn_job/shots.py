"""Few images for methods that learn from them: given, or drawn and kept where the judge sees the concept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from unlearn_job.contract.concept import Erasure
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.generate import Pixels, Sample, encoder_in, images
from unlearn_job.judges.judge import Judge
from unlearn_job.models import Models
from unlearn_job.pipelines import frame_pixels
from unlearn_job.prompts import Templates, fill
from unlearn_job.seeds import seed_for
from unlearn_job.sources import IMAGE_SUFFIXES, choose_images, resolve

ROUND: Final = 8
"""Images drawn at once."""
ROUNDS: Final = 8
"""Rounds before giving up: a concept drawn in less than one image of sixteen is not there to unlearn."""


class NoShotsError(PermanentFailure):
    """Not enough images of the concept could be made."""

    reason = "NoShots"


@dataclass(frozen=True)
class Shots:
    """Images of one concept.

    Attributes
    ----------
    images: shape (N, H, W, 3).
    prompts: what drew them; none for given images.

    """

    images: Pixels
    prompts: tuple[str, ...]


def read_shots(folder: Path, size: int) -> Pixels:
    """Read the images of a folder in the order of their names.

    Parameters
    ----------
    folder
        PNG, JPEG, WebP or BMP files.
    size
        Pixels of the shorter side that the surrogate draws: images are cut to a square in the middle, then
        resized.

    Returns
    -------
    Pixels
        Shape (N, size, size, 3).

    Raises
    ------
    NoShotsError
        There is no image, or one cannot be read.

    """
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    if not files:
        raise NoShotsError(f"{folder.name} holds no images ({', '.join(IMAGE_SUFFIXES)})")
    found = []
    for path in files:
        try:
            with Image.open(path) as image:
                square = ImageOps.fit(image.convert("RGB"), (size, size), Image.Resampling.BICUBIC)
        except (OSError, UnidentifiedImageError, ValueError) as exc:
            raise NoShotsError(f"{path.name} is no image that can be read") from exc
        found.append(np.asarray(square, dtype=np.uint8))
    return np.stack(found)


def given_shots(doc: JobInput, models: Models, cache: Path) -> dict[str, Pixels]:
    """Fetch the images that a document names for its concepts, by the concepts' names.

    Parameters
    ----------
    doc
        Some of its added concepts may name a source of images.
    models
        The surrogate's size is theirs.
    cache
        Folder for downloads.

    Raises
    ------
    SourceMissingError
        A source has no images.
    NoShotsError
        One of them cannot be read, or there is no text-to-image model that would learn from them.

    """
    found = {}
    for erasure in doc.adds:
        source = erasure.concept.images
        if source is None:
            continue
        if models.surrogate is None:
            raise NoShotsError("images of a concept are given, and no text-to-image model learns from them")
        folder = resolve(source, cache, doc.storage, choose_images)
        found[erasure.concept.name] = read_shots(folder, round(frame_pixels(models.surrogate) ** 0.5))
    return found


def make_shots(
    models: Models,
    doc: JobInput,
    judge: Judge | None,
    erasure: Erasure,
    count: int,
    *,
    given: Mapping[str, Pixels] | None = None,
) -> Shots:
    """Return the given images of a concept, at most `count`; without any, draw them.

    They are drawn with the surrogate and the parent's encoders, and kept where the judge sees the concept.

    Parameters
    ----------
    models, doc
        The Job's models and document.
    judge
        Decides what stays; without one every image does.
    erasure, count
        Whose concept, and how many images.
    given
        Images by the concept's name, shape (N, H, W, 3). No judge looks at them: who gives an image says
        that it shows the concept.

    Raises
    ------
    NoShotsError
        There is no surrogate, or the judge saw the concept too rarely.

    """
    own = (given or {}).get(erasure.concept.name)
    if own is not None and len(own):
        return Shots(own[:count], ())
    if models.surrogate is None:
        raise NoShotsError("this method learns from images of the text-to-image model; give base.surrogate")
    concept, templates = erasure.concept, Templates.of(doc).training(erasure.concept.kind)
    kept: list[Pixels] = []
    prompts: list[str] = []
    with encoder_in(models, models.surrogate, models.start):
        for turn in range(ROUNDS):
            samples = [
                Sample(
                    fill(templates[i % len(templates)], concept.name, concept.kind).text,
                    seed_for(doc.seed, "shots", concept.name, i),
                )
                for i in range(turn * ROUND, (turn + 1) * ROUND)
            ]
            drawn = images(models.surrogate, samples, doc.probe)
            seen = judge.sees(drawn, concept, (concept, *erasure.kept)).tolist() if judge else [True] * ROUND
            for picture, sample, hit in zip(drawn, samples, seen, strict=True):
                if hit and len(kept) < count:
                    kept.append(picture)
                    prompts.append(sample.prompt)
            if len(kept) == count:
                return Shots(np.stack(kept), tuple(prompts))
    raise NoShotsError(
        f"the judge saw {concept.name!r} in {len(kept)} of {ROUND * ROUNDS} images, and {count} are needed"
    )
