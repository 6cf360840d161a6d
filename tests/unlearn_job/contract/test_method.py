from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from unlearn_job.contract.base import canonical_digest
from unlearn_job.contract.method import MethodConfig, MethodSpec


class Config(MethodConfig):
    learning_rate: Decimal = Decimal("0.001")
    max_steps: int = 200


def test_parameters_are_plain_data_with_their_defaults() -> None:
    assert Config().canonical() == {"learningRate": "0.001", "maxSteps": 200}
    assert canonical_digest(Config().canonical())


def test_spellings_of_a_decimal_are_one() -> None:
    assert Config(learning_rate=Decimal("0.0010")).canonical() == Config().canonical()


def test_unknown_parameters_are_refused() -> None:
    with pytest.raises(ValidationError):
        Config.model_validate({"learningRat": "1"})


@pytest.mark.parametrize("parameters", [{"x": 0.5}, {"x": [1]}, {"x": "y" * 65}])
def test_a_spec_takes_integers_and_short_strings(parameters: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MethodSpec.model_validate({"parameters": parameters})


@pytest.mark.parametrize("name", ["", "Closed", "a_b", "-a", "a-", "../x"])
def test_a_name_is_one_of_a_folder(name: str) -> None:
    with pytest.raises(ValidationError):
        MethodSpec(name=name)
