from __future__ import annotations

import pytest
from pydantic import ValidationError

from unlearn_job.contract.budget import Budget


@pytest.mark.parametrize("field", sorted(Budget.model_fields))
def test_every_figure_has_a_bound(field: str) -> None:
    with pytest.raises(ValidationError):
        Budget(**{field: -1})


def test_a_standard_attack_ends_with_enough_images_to_tell_a_rate() -> None:
    assert Budget().fresh >= 64
