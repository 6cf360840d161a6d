import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from lab.testbed.text_to_image import new_unet  # noqa: E402
from lab.testbed.text_to_video import new_unet_3d  # noqa: E402


@torch.no_grad()
def test_a_3d_u_net_begins_as_the_2d_one_frame_by_frame() -> None:
    torch.manual_seed(0)
    flat = new_unet().eval()
    unet = new_unet_3d(flat).eval()
    latents, states = torch.randn(1, 4, 3, 8, 8), torch.randn(1, 24, 128)
    at = torch.tensor([500])
    together = unet(latents, at, encoder_hidden_states=states).sample
    for frame in range(3):
        alone = flat(latents[:, :, frame], at, encoder_hidden_states=states).sample
        assert torch.allclose(together[:, :, frame], alone, atol=1e-4)


def test_without_a_2d_one_it_is_new() -> None:
    assert sum(weight.numel() for weight in new_unet_3d().parameters()) == pytest.approx(5e6, rel=0.1)
