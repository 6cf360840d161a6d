import numpy as np
from PIL import Image, ImageDraw

from lab.testbed.drawings.pen import INK, Pen


def test_coordinates_run_across_the_subject() -> None:
    pen = Pen(ImageDraw.Draw(Image.new("RGB", (8, 8))), (10, 20), 4)
    assert pen.at((0, 0)) == (10, 20)
    assert pen.at((-1, 0.5)) == (6, 22)


def test_shapes_have_an_outline_unless_it_is_refused() -> None:
    for line, wanted in ((0.2, True), (0.0, False)):
        image = Image.new("RGB", (64, 64), "white")
        pen = Pen(ImageDraw.Draw(image), (32, 32), 24)
        pen.ellipse((-0.4, 0), 0.3, 0.3, (255, 0, 0), line)
        pen.box((0, 0), (0.5, 0.5), (255, 0, 0), line)
        pen.polygon([(0, -0.9), (0.5, -0.2), (0, -0.2)], (255, 0, 0), line)
        assert bool((np.asarray(image) == INK).all(axis=2).any()) is wanted
