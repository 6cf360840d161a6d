"""Pipelines of every family draw with another encoder in place, as probes and services do."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.unlearn_job import tiny
from tests.unlearn_job.families import pipelines
from tests.unlearn_job.families.family import FAMILIES, Family
from unlearn_job.generate import Sample, _batch, clips, images
from unlearn_job.pipelines import PipelineIndex, frame_pixels

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]

# What diffusers' own calls draw where nobody names a size; the tiny U-Nets are 8 x 8 latents of two pixels.
PIXELS = {"ltx": 512 * 704, "mochi": 480 * 848, "wan": 480 * 832, "cogvideox": 16 * 16}
SMALL = {"height": 32, "width": 32, "num_frames": 9}


# Mochi asks torch for an autocast in float32, which a CPU does not have.
@pytest.mark.filterwarnings("ignore:In CPU autocast:UserWarning")
@pytest.mark.parametrize("family", FAMILIES[:-1], ids=attrgetter("name"))
def test_a_family_draws_and_its_encoder_decides_what(family: Family, tmp_path: Path) -> None:
    index = PipelineIndex(pipelines.save(family.build, tmp_path))
    pipeline: Any = index.load(torch.float32)
    pixels = PIXELS.get(family.name, 16 * 16)
    assert frame_pixels(pipeline) == pixels
    assert _batch(pipeline, 16) == max(1, min(2**21 // (16 * pixels), 4))
    probe = tiny.document(tiny.erasure(tiny.CAT), probe={"frames": 9}).probe
    samples = [Sample("a cat", 1), Sample("a fish", 2)]

    def draw() -> np.ndarray[Any, Any]:
        if family.name in {"sd-1", "sd-2", "sdxl-1"}:
            return images(pipeline, samples, probe)
        if pixels == 16 * 16:
            return clips(pipeline, samples, probe)
        drawn = pipeline(
            [sample.prompt for sample in samples],
            num_inference_steps=2,
            output_type="np",
            generator=torch.Generator().manual_seed(0),
            **SMALL,
        )
        return np.asarray(drawn.frames)

    before = draw()
    assert len(before) == 2
    assert np.isfinite(before).all()
    with torch.no_grad():
        for parameter in pipeline.text_encoder.parameters():
            parameter.neg_()
    assert not np.array_equal(draw(), before)
