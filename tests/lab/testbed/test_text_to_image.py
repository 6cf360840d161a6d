from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from transformers import CLIPTokenizer  # noqa: E402

from lab.testbed import text_to_image as t2i  # noqa: E402
from lab.testbed.tokenizer import save_tokenizer  # noqa: E402


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> CLIPTokenizer:
    folder: Path = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(folder)
    return CLIPTokenizer.from_pretrained(folder)


def test_the_last_timestep_is_pure_noise() -> None:
    scheduler = t2i.new_scheduler()
    assert scheduler.alphas_cumprod[-1].item() == pytest.approx(0, abs=1e-6)
    scheduler.set_timesteps(8)
    assert scheduler.timesteps[0].item() == 999


def test_encoder_and_u_net_fit_each_other(tokenizer: CLIPTokenizer) -> None:
    encoder, unet = t2i.new_text_encoder(tokenizer), t2i.new_unet()
    states = encoder(t2i.token_ids(tokenizer, ["a cat", "captain comet on a meadow"]))[0]
    assert states.shape == (2, 24, 128)
    out = unet(torch.randn(2, 4, 8, 8), torch.tensor([10, 999]), encoder_hidden_states=states).sample
    assert out.shape == (2, 4, 8, 8)


def test_the_loss_is_zero_for_the_true_velocity() -> None:
    scheduler = t2i.new_scheduler()
    latents = torch.randn(4, 4, 8, 8)
    timesteps = torch.tensor([0, 300, 700, 999])

    class Oracle(torch.nn.Module):
        def forward(self, noisy, at, **_: object):  # noqa: ANN001, ANN202
            alpha = scheduler.alphas_cumprod[at].sqrt().view(-1, 1, 1, 1)
            sigma = (1 - alpha**2).sqrt()
            noise = (noisy - alpha * latents) / sigma.clamp(min=1e-6)
            return type("Out", (), {"sample": alpha * noise - sigma * latents})

    states = torch.zeros(4, 24, 128)
    assert t2i.velocity_loss(Oracle(), scheduler, latents, states, timesteps).item() < 1e-4
