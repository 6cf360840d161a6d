from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unlearn_job import tiny
from unlearn_job.contract.document import Probe
from unlearn_job.generate import Sample, encoder_in, images
from unlearn_job.models import Models
from unlearn_job.pictures_cache import PicturesCache, caching, current, drawing_with

pytestmark = pytest.mark.torch
SAMPLES = [Sample("a cat", 1), Sample("a fish", 2), Sample("a cat", 1)]
LITTLE = Probe(image_steps=1, guidance="2")


def drawn(models: Models, cache: PicturesCache, samples: list[Sample], *, base: bool = True) -> np.ndarray:
    assert models.surrogate is not None
    encoder = models.base_encoder if base else models.start_encoder
    with caching(cache), encoder_in(models, models.surrogate, encoder):
        return images(models.surrogate, samples, LITTLE)


def test_what_was_drawn_once_is_read_the_next_time(tmp_path: Path) -> None:
    models, cache = tiny.models(), PicturesCache(tmp_path, "models")
    first = drawn(models, cache, SAMPLES)
    assert (cache.found, cache.drawn) == (0, 2)
    again = drawn(models, cache, [*SAMPLES, Sample("a boat", 3)])
    assert (cache.found, cache.drawn) == (2, 3)
    assert (again[:3] == first).all()
    assert (first[0] == first[2]).all()


def test_edited_encoders_other_models_and_other_settings_draw_anew(tmp_path: Path) -> None:
    models, cache = tiny.models(), PicturesCache(tmp_path, "models")
    drawn(models, cache, SAMPLES)
    drawn(models, cache, SAMPLES, base=False)
    assert cache.found == 0
    other = PicturesCache(tmp_path, "other models")
    drawn(models, other, SAMPLES)
    assert other.found == 0
    assert cache.read("other settings", "a cat", 1) is None


def test_a_damaged_file_is_drawn_anew(tmp_path: Path) -> None:
    models, cache = tiny.models(), PicturesCache(tmp_path, "models")
    first = drawn(models, cache, SAMPLES[:1])
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    file.write_bytes(file.read_bytes()[:40])
    assert (drawn(models, cache, SAMPLES[:1]) == first).all()
    assert cache.found == 0


def test_without_the_base_there_is_no_cache(tmp_path: Path) -> None:
    cache = PicturesCache(tmp_path, "models")
    with caching(cache):
        assert current() is None
        with drawing_with(base=True):
            assert current() is cache
    assert current() is None
