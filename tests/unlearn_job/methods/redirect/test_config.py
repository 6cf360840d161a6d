from __future__ import annotations

import pytest
from pydantic import ValidationError

from unlearn_job.methods.redirect.config import Config


def test_trailing_zeros_do_not_change_the_hashed_text() -> None:
    one, other = (Config.model_validate({"learningRate": text}) for text in ("0.001", "0.00100"))
    assert one.canonical() == other.canonical()
    assert one.canonical()["learningRate"] == "0.001"
    assert not Config.needs_surrogate


@pytest.mark.parametrize(
    "wrong", [{"erasedAt": "1.5"}, {"driftBelow": "0"}, {"checkEvery": 0}, {"retainMass": "0"}]
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate(wrong)
