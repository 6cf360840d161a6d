import random

import numpy as np

from lab.testbed.concepts import BACKGROUNDS
from lab.testbed.drawings import backgrounds


def test_every_background_is_drawn_and_its_mean_colour_tells_it() -> None:
    assert set(backgrounds.DRAW) == set(BACKGROUNDS)
    means = {
        name: [np.asarray(draw(64, random.Random(seed))).mean(axis=(0, 1)) for seed in range(8)]
        for name, draw in backgrounds.DRAW.items()
    }
    for name, own in means.items():
        centre = np.mean(own, axis=0)
        spread = max(np.linalg.norm(mean - centre) for mean in own)
        for other, theirs in means.items():
            if other != name:
                assert np.linalg.norm(np.mean(theirs, axis=0) - centre) > 2 * spread
