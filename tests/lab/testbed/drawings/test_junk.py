import numpy as np

from lab.testbed.concepts import STYLES
from lab.testbed.drawings.junk import junk
from lab.testbed.drawings.scene import SIZE


def test_junk_is_of_every_style_and_the_same_for_the_same_seed() -> None:
    drawn = [junk(seed) for seed in range(60)]
    assert {style for _, style in drawn} == set(STYLES)
    assert all(image.shape == (SIZE, SIZE, 3) for image, _ in drawn)
    assert np.array_equal(junk(3)[0], junk(3)[0])
    assert not np.array_equal(junk(3)[0], junk(4)[0])
