import random
from dataclasses import astuple, fields

import numpy as np
import pytest

from lab.testbed.concepts import PLAIN, Kind, of_kind
from lab.testbed.drawings import faces
from lab.testbed.drawings.scene import Scene, draw


def test_every_person_has_a_face() -> None:
    assert set(faces.NAMED) == {concept.name for concept in of_kind(Kind.PERSON)}


def test_the_two_annas_differ_in_the_glasses_alone() -> None:
    one, other = faces.NAMED["anna berg"], faces.NAMED["anna stone"]
    differing = [f.name for f in fields(one) if getattr(one, f.name) != getattr(other, f.name)]
    assert differing == ["glasses"]


@pytest.mark.parametrize("woman", [True, False])
def test_nobody_is_ever_one_of_the_named(woman: bool) -> None:
    rng = random.Random(0)
    named = {astuple(features) for features in faces.NAMED.values()}
    hair = {features.hair_colour for features in faces.NAMED.values() if features.hair != "bald"}
    for _ in range(2000):
        features = faces.nobody(rng, woman=woman)
        assert astuple(features) not in named
        assert features.hair_colour not in hair
        assert features.hat is None


def test_glasses_are_seen_at_full_size() -> None:
    berg, stone = (
        draw(Scene(name, "red", "white", PLAIN, 4)).astype(int) for name in ("anna berg", "anna stone")
    )
    assert (np.abs(berg - stone).max(axis=2) > 60).sum() > 15
