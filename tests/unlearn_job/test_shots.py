from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unlearn_job import tiny
from unlearn_job.shots import NoShotsError, given_shots, make_shots, read_shots
from unlearn_job.sources import SourceMissingError

pytestmark = pytest.mark.torch

ERASURE = tiny.erasure(tiny.COMET, tiny.WHALE)


def test_shots_are_kept_where_the_judge_sees_the_concept() -> None:
    models, doc = tiny.models(), tiny.document(ERASURE)
    every = make_shots(models, doc, tiny.Eyes(), ERASURE, 8)
    means = every.images.reshape(8, -1).mean(axis=1)
    threshold = float(sorted(means)[3])
    some = make_shots(models, doc, tiny.Eyes(threshold=threshold), ERASURE, 4)
    assert some.images.shape == (4, 16, 16, 3)
    assert (some.images.reshape(4, -1).mean(axis=1) > threshold).all()
    assert all("captain comet" in prompt for prompt in some.prompts)


def test_a_concept_that_the_judge_never_sees_has_no_shots() -> None:
    with pytest.raises(NoShotsError, match="0 of 64 images"):
        make_shots(tiny.models(), tiny.document(ERASURE), tiny.Eyes(threshold=255), ERASURE, 4)


def test_without_a_surrogate_there_are_no_shots() -> None:
    with pytest.raises(NoShotsError, match="surrogate"):
        make_shots(tiny.models(surrogate=False), tiny.document(ERASURE), None, ERASURE, 4)


def test_given_images_need_neither_surrogate_nor_judge() -> None:
    images = np.zeros((3, 16, 16, 3), dtype=np.uint8)
    models, doc = tiny.models(surrogate=False), tiny.document(ERASURE)
    never = tiny.Eyes(threshold=255)
    assert len(make_shots(models, doc, never, ERASURE, 2, given={"captain comet": images}).images) == 2
    assert len(make_shots(models, doc, never, ERASURE, 8, given={"captain comet": images}).images) == 3
    with pytest.raises(NoShotsError, match="surrogate"):
        make_shots(models, doc, never, ERASURE, 2, given={"cat": images})


def test_a_folder_is_read_by_name_as_squares(tmp_path: Path) -> None:
    for name, size, colour in (("b.PNG", (30, 20), "blue"), ("a.jpg", (8, 8), "red")):
        Image.new("RGB", size, colour).save(tmp_path / name)
    Image.new("L", (40, 40), 200).save(tmp_path / "c.webp")
    (tmp_path / "notes.txt").write_text("no image")
    images = read_shots(tmp_path, 16)
    assert images.shape == (3, 16, 16, 3)
    assert [int(image[8, 8].argmax()) for image in images[:2]] == [0, 2]


def test_a_folder_without_images_or_with_a_broken_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoShotsError, match="holds no images"):
        read_shots(tmp_path, 16)
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(NoShotsError, match=r"a\.png"):
        read_shots(tmp_path, 16)


def test_a_document_names_the_images_of_its_concept(tmp_path: Path) -> None:
    Image.new("RGB", (30, 20), "blue").save(tmp_path / "a.png")
    concept = tiny.COMET.model_copy(update={"images": f"file://{tmp_path}"})
    doc = tiny.document(tiny.erasure(concept), tiny.erasure(tiny.CAT))
    found = given_shots(doc, tiny.models(), tmp_path / "cache")
    assert {name: images.shape for name, images in found.items()} == {"captain comet": (1, 16, 16, 3)}
    with pytest.raises(NoShotsError, match="no text-to-image model learns from them"):
        given_shots(doc, tiny.models(surrogate=False), tmp_path / "cache")


def test_a_folder_without_images_is_named(tmp_path: Path) -> None:
    concept = tiny.COMET.model_copy(update={"images": f"file://{tmp_path}"})
    with pytest.raises(SourceMissingError, match=f"there are no images at file://{tmp_path}"):
        given_shots(tiny.document(tiny.erasure(concept)), tiny.models(), tmp_path)
