import random

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lab.testbed.concepts import COLOURS, Kind, of_kind
from lab.testbed.drawings import objects
from lab.testbed.drawings.pen import Pen


def canvas() -> tuple[Image.Image, Pen]:
    image = Image.new("RGB", (128, 128), "white")
    return image, Pen(ImageDraw.Draw(image), (64, 64), 48)


def test_every_object_has_a_drawing() -> None:
    assert set(objects.OBJECTS) == {concept.name for concept in of_kind(Kind.OBJECT)}


@pytest.mark.parametrize("name", objects.OBJECTS)
def test_an_object_shows_its_colour_and_stays_in_the_picture(name: str) -> None:
    image, pen = canvas()
    objects.OBJECTS[name](pen, COLOURS["purple"])
    pixels = np.asarray(image)
    assert (pixels == COLOURS["purple"]).all(axis=2).mean() > 0.05
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert (border == 255).all()


def test_things_are_of_many_shapes() -> None:
    drawn = set()
    for seed in range(20):
        image, pen = canvas()
        objects.thing(pen, COLOURS["red"], random.Random(seed))
        drawn.add(image.tobytes())
    assert len(drawn) >= 10
