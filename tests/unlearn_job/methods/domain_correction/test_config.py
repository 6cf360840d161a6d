from __future__ import annotations

import pytest
from pydantic import ValidationError

from unlearn_job.methods.domain_correction.config import Config


def test_it_needs_the_text_to_image_model() -> None:
    assert Config.needs_surrogate


@pytest.mark.parametrize("wrong", [{"shots": 0}, {"discriminatorSteps": -1}, {"discriminatorRate": "0"}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate(wrong)
