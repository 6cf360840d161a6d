import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from lab.testbed import vae  # noqa: E402
from lab.testbed.dataset import render, scenes  # noqa: E402


def test_pixels_become_channels_first_in_minus_one_to_one() -> None:
    pixels = np.array([[[[0, 255, 127]]]], np.uint8)
    tensor = vae.to_tensor(pixels)
    assert tensor.shape == (1, 3, 1, 1)
    assert tensor.flatten().tolist() == pytest.approx([-1, 1, 0], abs=0.01)


def test_a_drawing_becomes_4_by_8_by_8_and_comes_back_in_its_size() -> None:
    model = vae.new_vae().eval()
    drawings = render(scenes(3, 0), processes=1)
    assert vae.encode(model, drawings).shape == (3, 4, 8, 8)
    assert vae.round_trip(model, drawings).shape == drawings.shape


def test_the_scaling_factor_scales_latents() -> None:
    model = vae.new_vae().eval()
    model.register_to_config(scaling_factor=3.0)
    drawings = render(scenes(2, 0), processes=1)
    scaled, plain = vae.encode(model, drawings), vae.encode(model, drawings, scaled=False)
    assert torch.allclose(scaled, 3 * plain)


def test_a_perfect_reconstruction_costs_nothing() -> None:
    image = torch.rand(2, 3, 32, 32)
    assert vae.reconstruction_loss(image, image).item() == 0
    assert vae.reconstruction_loss(image, image + 1).item() == pytest.approx(1.5)
