from __future__ import annotations

import pytest
from pydantic import ValidationError

from unlearn_job.methods.closed_form.config import Config


def test_documents_use_camel_case_and_decimals_as_strings() -> None:
    config = Config.model_validate({"retainMass": "2.50", "negatives": 10})
    assert config.canonical() == {"layers": 2, "negatives": 10, "retainMass": "2.5", "ridge": "0.0001"}


@pytest.mark.parametrize("wrong", [{"layers": 0}, {"ridge": "0"}, {"negatives": -1}, {"steps": 3}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate(wrong)
