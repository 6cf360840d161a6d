from __future__ import annotations

import pytest
import torch

from unlearn_job.methods.domain_correction.discriminator import Discriminator, domain_loss

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("size", "patches", "blocks"), [(4, 2, 1), (8, 2, 2), (32, 2, 4), (64, 4, 4), (128, 8, 4)]
)
def test_it_has_as_many_blocks_as_the_latents_have_room_for(size: int, patches: int, blocks: int) -> None:
    net = Discriminator(4, size)
    assert net(torch.zeros(2, 4, size, size)).shape == (2, 1, patches, patches)
    assert sum(isinstance(layer, torch.nn.Conv2d) for layer in net.layers) == blocks + 1


def test_a_latent_is_judged_alone_whatever_its_batch() -> None:
    torch.manual_seed(0)
    net, latents = Discriminator(4, 8), torch.randn(5, 4, 8, 8)
    assert torch.allclose(net(latents)[:2], net(latents[:2]), atol=1e-6)


def test_nothing_but_parameters_changes_in_training() -> None:
    assert not list(Discriminator(4, 64).buffers())


def test_it_learns_to_tell_two_domains_apart() -> None:
    torch.manual_seed(0)
    net = Discriminator(4, 8)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    for _ in range(30):
        one, other = torch.randn(8, 4, 8, 8) + 1.0, torch.randn(8, 4, 8, 8) - 1.0
        loss = domain_loss(net(one), anchor=True) + domain_loss(net(other), anchor=False)
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert float(loss.detach()) < 0.2


def test_the_loss_is_that_of_the_domain_asked_for() -> None:
    sure = torch.full((2, 1, 2, 2), 5.0)
    assert domain_loss(sure, anchor=True).item() < 0.01
    assert domain_loss(sure, anchor=False).item() > 4.0
