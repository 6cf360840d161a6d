from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from bench.testbed import MODELS
from unlearn_job.judges.judge import BATCH
from unlearn_job.judges.pixels import batches, image_processor

pytestmark = pytest.mark.torch

IMAGES = np.random.default_rng(0).integers(0, 256, (BATCH + 3, 8, 8, 3), dtype=np.uint8)


def test_pictures_come_in_batches_and_in_order() -> None:
    processor = image_processor(MODELS / "judge-classifier")
    first, rest = batches(processor, IMAGES, "cpu")
    assert first.shape == (BATCH, 3, 64, 64)
    assert rest.shape == (3, 3, 64, 64)
    (alone,) = batches(processor, IMAGES[BATCH:], "cpu")
    assert torch.equal(rest, alone)
    assert not [*batches(processor, IMAGES[:0], "cpu")]


def test_a_folder_without_a_processor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="preprocessor_config"):
        image_processor(tmp_path)
