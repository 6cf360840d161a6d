from __future__ import annotations

from decimal import Decimal

from unlearn_job.methods.few_shot.config import Config


def test_the_defaults_are_the_papers() -> None:
    config = Config()
    assert (config.shots, config.epochs, config.batch) == (4, 4, 2)
    assert config.learning_rate == Decimal("1e-5")
    assert config.weight_decay == Decimal("1e-8")


def test_it_needs_the_text_to_image_model() -> None:
    assert Config.needs_surrogate
