from __future__ import annotations

import pytest
from pydantic import ValidationError

from unlearn_job.methods.robust.config import Config


def test_what_is_left_out_is_the_base_methods_own() -> None:
    canonical = Config().canonical()
    assert canonical["base"] == "closed-form"
    assert canonical["negatives"] is None
    assert Config.model_validate({"nearness": "0.9", "retainMass": "4"}).canonical()["nearness"] == "0.9"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ({}, False),
        ({"soft": "encoder"}, False),
        ({"soft": "denoiser"}, True),
        ({"through": "denoiser"}, True),
    ],
)
def test_only_what_looks_through_the_denoiser_uses_the_surrogate(given: dict[str, str], used: bool) -> None:
    assert Config.model_validate(given).uses_surrogate is used


@pytest.mark.parametrize(
    "wrong",
    [
        {"base": "robust"},
        {"rounds": 0},
        {"nearness": "0"},
        {"longest": 0},
        {"softTokens": 1},
        {"soft": "yes"},
        {"through": "none"},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate(wrong)
