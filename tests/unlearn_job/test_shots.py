from __future__ import annotations

import pytest

from tests.unlearn_job import tiny
from unlearn_job.shots import NoShotsError, make_shots

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
