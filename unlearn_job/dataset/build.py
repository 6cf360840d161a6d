"""Make a data set: draw, judge, write, round by round, and go on where an earlier run stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import structlog
import torch
from diffusers import DiffusionPipeline
from PIL import Image

from unlearn_job.contract.document import Device
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.sources import Storage
from unlearn_job.dataset.card import card
from unlearn_job.dataset.folder import DatasetFolder, Tried, file_name
from unlearn_job.dataset.recipe import ROUND, Anchor, Recipe
from unlearn_job.generate import Pixels, Sample, images
from unlearn_job.judges.judge import Judge
from unlearn_job.judges.loading import open_judge
from unlearn_job.judges.validity import invalid
from unlearn_job.models import choose_device, silence
from unlearn_job.pipelines import PipelineIndex, frame_pixels
from unlearn_job.placing import DTYPES, precision_for
from unlearn_job.progress import progress
from unlearn_job.settings import JobSettings
from unlearn_job.shots import read_shots
from unlearn_job.sources import choose_images, resolve

log = structlog.get_logger()


class NoVariationsError(PermanentFailure):
    """The pipeline cannot start from a picture."""

    reason = "NoVariations"


@dataclass(frozen=True)
class Made:
    """What a data set holds.

    Attributes
    ----------
    folder: where it is.
    kept, tried: pictures in it, and pictures that the judge looked at.
    short: anchors of which fewer pictures were kept than wanted, with their number.

    """

    folder: Path
    kept: int
    tried: int
    short: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"folder": str(self.folder), "kept": self.kept, "tried": self.tried, "short": self.short}

    def sentence(self) -> str:
        """Return the answer for a person."""
        lines = [f"{self.kept} pictures in {self.folder}, of {self.tried} that the judge looked at"]
        lines += [f"  {name}: only {count} were kept" for name, count in self.short.items()]
        return "\n".join(lines)


@dataclass(frozen=True)
class Studio:
    """What draws and judges.

    Attributes
    ----------
    pipeline: text-to-image.
    judge: decides what is kept.
    given: pictures of anchors by name, shape (N, H, W, 3).

    """

    pipeline: DiffusionPipeline
    judge: Judge
    given: dict[str, Pixels]

    @classmethod
    def open(cls, recipe: Recipe, settings: JobSettings, device: Device, storage: Storage) -> Studio:
        """Fetch and load the pipeline, the judge and the given pictures."""
        silence()
        where = choose_device(device)
        dtype = DTYPES[precision_for(where, torch.float16)]
        fetched = partial(resolve, cache=settings.cache_dir, storage=storage)
        pipeline = PipelineIndex(fetched(recipe.surrogate)).load(dtype).to(where)
        judge = open_judge(recipe.judge.type, fetched(recipe.judge.source), where)
        size = round(frame_pixels(pipeline) ** 0.5)
        given = {
            anchor.name: read_shots(fetched(anchor.images, choose=choose_images), size)
            for anchor in recipe.anchors
            if anchor.images is not None
        }
        return cls(pipeline, judge, given)

    def keeps(self, pixels: Pixels, anchor: Anchor, among: Sequence[Anchor]) -> list[bool]:
        """Say which pictures are valid and show an anchor's concept."""
        seen = self.judge.sees(pixels, anchor, among) & ~invalid(pixels)
        flags: list[bool] = seen.tolist()
        return flags


def build(recipe: Recipe, folder: DatasetFolder, studio: Studio) -> Made:
    """Fill the folder and write its card.

    Parameters
    ----------
    recipe
        What to make.
    folder
        Where; what an earlier run of the same recipe left there is not drawn again.
    studio
        What draws and judges.

    Raises
    ------
    UnknownConceptError
        The judge cannot judge an anchor.
    NoVariationsError
        Pictures are given and the pipeline cannot start from one.

    """
    short = {}
    with progress("pictures kept", recipe.count * len(recipe.anchors)) as advance:
        for anchor in recipe.anchors:
            before = [
                one for one in folder.tried() if (one.concept, one.kind) == (anchor.name, anchor.kind.value)
            ]
            _add_given(recipe, folder, studio, anchor, before)
            drawn = [one for one in before if one.source != "given"]
            kept, index = sum(one.kept for one in drawn), len(drawn)
            advance(kept)
            while kept < recipe.count and index < recipe.count * recipe.attempts:
                more = _round(recipe, folder, studio, anchor, index, most=recipe.count - kept)
                kept, index = kept + more, index + ROUND
                advance(more)
            if kept < recipe.count:
                log.warning("too few pictures show a concept", concept=anchor.name, kept=kept, drawn=index)
                short[anchor.name] = kept
    tried = folder.tried()
    folder.finish(card(recipe, tried))
    return Made(folder.path, sum(one.kept for one in tried), len(tried), short)


def _round(
    recipe: Recipe, folder: DatasetFolder, studio: Studio, anchor: Anchor, start: int, *, most: int
) -> int:
    """Draw, judge and write the next pictures of an anchor; return how many were kept."""
    samples = [Sample(*recipe.drawing(anchor, index)) for index in range(start, start + ROUND)]
    given = studio.given.get(anchor.name)
    pixels = (
        images(studio.pipeline, samples, recipe.amount)
        if given is None
        else _variations(recipe, studio, samples, given, start)
    )
    flags = studio.keeps(pixels, anchor, recipe.anchors)
    kept = [flag and sum(flags[: at + 1]) <= most for at, flag in enumerate(flags)]
    tried = [
        Tried(
            file_name=file_name(anchor, start + at),
            text=sample.prompt,
            concept=anchor.name,
            kind=anchor.kind.value,
            seed=sample.seed,
            source="generated" if given is None else "variation",
            kept=kept[at],
            seen=flags[at],
        )
        for at, sample in enumerate(samples)
    ]
    folder.add(tried, pixels)
    return sum(kept)


def _add_given(
    recipe: Recipe, folder: DatasetFolder, studio: Studio, anchor: Anchor, before: Sequence[Tried]
) -> None:
    given = studio.given.get(anchor.name)
    if given is None or any(one.source == "given" for one in before):
        return
    flags = studio.keeps(given, anchor, recipe.anchors)
    tried = [
        Tried(
            file_name(anchor, at, given=True),
            anchor.name,
            anchor.name,
            anchor.kind.value,
            None,
            "given",
            kept=seen,
            seen=seen,
        )
        for at, seen in enumerate(flags)
    ]
    folder.add(tried, given)


def _variations(
    recipe: Recipe, studio: Studio, samples: Sequence[Sample], given: Pixels, start: int
) -> Pixels:
    """Draw from given pictures in turn, shape (N, H, W, 3)."""
    # Not diffusers' AutoPipeline: it imports the pipelines of all families to find one.
    name = type(studio.pipeline).__name__.replace("Pipeline", "Img2ImgPipeline")
    kind: Any = getattr(diffusers, name, None)
    if kind is None:
        raise NoVariationsError(
            f"diffusers has no {name} to start from a picture; give anchors by name alone"
        )
    run = kind.from_pipe(studio.pipeline)
    run.set_progress_bar_config(disable=True)
    parts = []
    with torch.inference_mode():
        # One by one: a pipeline takes one picture for many prompts, or as many as prompts, by its class.
        for at, sample in enumerate(samples):
            output = run(
                prompt=sample.prompt,
                image=Image.fromarray(given[(start + at) % len(given)]),
                strength=recipe.strength / 100,
                generator=torch.Generator("cpu").manual_seed(sample.seed),
                num_inference_steps=recipe.steps,
                guidance_scale=float(recipe.guidance),
                output_type="np",
            )
            parts.append(np.asarray(output.images))
    drawn = np.nan_to_num(np.concatenate(parts), nan=0.0)
    pixels: Pixels = (drawn.clip(0.0, 1.0) * 255.0).round().astype(np.uint8)
    return pixels
