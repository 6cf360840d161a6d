from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from unlearn_job.methods.descent_config import DescentConfig


def test_a_document_gives_decimals_as_strings() -> None:
    config = DescentConfig.model_validate({"learningRate": "0.0010", "driftBelow": "0.3"})
    assert (config.learning_rate, config.drift_below) == (Decimal("0.001"), Decimal("0.3"))
    assert config.canonical()["learningRate"] == "0.001"


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"erasedAt": "2"}, {"abortAbove": "0"}, {"checkEvery": 0}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DescentConfig.model_validate(wrong)
