from __future__ import annotations

from unlearn_job.methods.redirect.config import Config


def test_trailing_zeros_do_not_change_the_hashed_text() -> None:
    one, other = (Config.model_validate({"learningRate": text}) for text in ("0.001", "0.00100"))
    assert one.canonical() == other.canonical()
    assert one.canonical()["learningRate"] == "0.001"
    assert not Config.needs_surrogate
